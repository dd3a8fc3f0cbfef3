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

/** One call of `systemctl` or `loginctl`, as `client.pl` hands it over. */
export interface Call {
  /** What the caller's environment says that the manager heeds: `STAND_IN_*` and `XDG_RUNTIME_DIR`. */
  readonly env: Readonly<Record<string, string>>;
  readonly name: string;
  readonly argv: readonly string[];
}

/** Four bytes of length, then words with a NUL between: how many of `NAME=value` come, those, the command's name, its arguments. */
export function readCall(bytes: Buffer): Call | null {
  if (bytes.length < 4 || bytes.length < 4 + bytes.readUInt32BE()) return null;
  const [count = '', ...words] = bytes.subarray(4).toString().split('\0');
  const told = words.slice(0, Number(count)).map((pair) => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)]);
  const [name = '', ...argv] = words.slice(Number(count));
  return { env: Object.fromEntries(told) as Record<string, string>, name, argv };
}

/** The exit code and the length of what goes to stdout, four bytes each; then that; the rest goes to stderr. */
export function answerBytes({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(code);
  head.writeUInt32BE(Buffer.byteLength(stdout), 4);
  return Buffer.concat([head, Buffer.from(stdout), Buffer.from(stderr)]);
}

/** The socket's name, relative to the manager's folder: an absolute path may be too long for one. */
export const SOCKET = 'bus';

/** There from a login on until the manager is told to go. */
export const HELD = 'held';
