/** How one unit stands, as the supervisor tells it. */
export interface Standing {
  readonly active: 'active' | 'activating' | 'deactivating' | 'inactive' | 'failed';
  readonly sub: 'running' | 'auto-restart' | 'stop-sigterm' | 'dead' | 'failed';
  readonly mainPid: number;
  readonly restarts: number;
  readonly exitStatus: number;
  readonly exitCode: number;
  readonly conditionMet: boolean;
}

export const DEAD: Standing = {
  active: 'inactive',
  sub: 'dead',
  mainPid: 0,
  restarts: 0,
  exitStatus: 0,
  exitCode: 0,
  conditionMet: true,
};

/** What a `systemctl` asks of the supervisor, one JSON line. */
export interface Order {
  /** `hold` keeps the supervisor up when nothing runs, as a login does. */
  readonly verb: 'start' | 'stop' | 'restart' | 'show' | 'kill' | 'hold' | 'exit';
  readonly unit: string;
  readonly signal?: NodeJS.Signals;
}

/** The socket's name, relative to the manager's folder: an absolute path may be too long for one. */
export const SOCKET = 'bus';
