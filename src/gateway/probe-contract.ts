/** Written last, by a rename: a folder of `keep` that has it is whole. */
export const KEPT_MARKER = 'kept.json';

/** A process named for good: pids repeat, and after a reboot start times do too. */
export interface Identity {
  readonly pid: number;
  /** Field 22 of `/proc/<pid>/stat`. */
  readonly startTime: string;
  readonly bootId: string;
}

/** All that the probe has to know of a gateway to tell its processes from everything else on the machine. */
export interface Subject {
  readonly uid: number;
  readonly home: string;
  readonly profile: string;
  readonly stateDir: string;
  readonly configPath: string;
  readonly port: number;
  /** Ports that it takes for itself beside that. */
  readonly morePorts: readonly number[];
  readonly lockFile: string;
  /** Titles that the product's processes give themselves: of the one that was started, and of the one that serves. */
  readonly titles: readonly [parent: string, serving: string];
  /** `SMART_AGENT_NEO`. */
  readonly envPrefix: string;
  /** Name of the default profile's state dir in a home, and the names that earlier releases used. */
  readonly stateDirName: string;
  readonly legacyStateDirNames: readonly string[];
  /** The program file as it stands in an argv. */
  readonly entry: string;
  /** The argv that starts this gateway in the foreground: stands in for one that a process title has overwritten. */
  readonly foregroundArgv: readonly string[];
  /** Main process of the gateway's service, as the service manager says. */
  readonly servicePid: number | null;
}

/** What the probe program can be asked. It travels as base64 JSON in the argv: no secret in it. */
export type ProbeRequest =
  | { readonly verb: 'life'; readonly subject: Subject }
  | {
      readonly verb: 'signal';
      readonly process: Identity;
      readonly signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT' | 'SIGHUP';
    }
  | { readonly verb: 'keep'; readonly subject: Subject; readonly process: Identity; readonly folder: string }
  | {
      readonly verb: 'environ';
      readonly subject: Subject;
      readonly process: Identity;
      readonly names: readonly string[];
    }
  | {
      readonly verb: 'launch';
      /** Where `keep` put what the gateway was started with; null to start it as `fresh` says. */
      readonly folder: string | null;
      readonly fresh: {
        readonly argv: readonly string[];
        readonly cwd: string;
        readonly env: Readonly<Record<string, string>>;
      };
      /** Variables that begin with this are not handed on from the environment that the probe itself runs in. */
      readonly envPrefix: string;
      readonly extraEnv: Readonly<Record<string, string>>;
      readonly logFile: string;
    };

/** A sign of life. */
export interface Evidence {
  readonly kind: 'port' | 'process' | 'lock' | 'unit' | 'open-file';
  /** Null where the process cannot be seen. */
  readonly pid: number | null;
  readonly detail: string;
}

/** One thing in which a running process differs from the gateway that it should be. */
export interface Stray {
  readonly what: 'state dir' | 'config' | 'profile' | 'home';
  readonly is: string;
}

/** Answer to `life`. */
export interface LifeAnswer {
  /** False where there is no /proc to look at: then nothing at all is known. */
  readonly supported: boolean;
  readonly bootId: string;
  readonly alive: boolean;
  readonly listening: boolean;
  readonly evidence: readonly Evidence[];
  readonly portTakenBy: { readonly pid: number | null; readonly what: string } | null;
  /** The same of the ports that it takes beside it. */
  readonly morePortsTaken: readonly { readonly port: number; readonly pid: number | null; readonly what: string }[];
  readonly process: {
    readonly pid: number;
    readonly startTime: string;
    readonly cwd: string;
    readonly argv: readonly string[];
    /** In what the process, as it was started, is about something else than the gateway that was asked for. */
    readonly strays: readonly Stray[];
  } | null;
  /** Pids of calls of the product's CLI about this gateway that are under way: no sign of life, but they may yet do something. */
  readonly calls: readonly number[];
}

/** Answer to `signal`: false when that process is gone already. */
export interface SignalAnswer {
  readonly sent: boolean;
}

/** Answer to `keep`. */
export interface KeepAnswer {
  readonly pid: number;
  /** False when a process title had overwritten the argv and it was put together anew. */
  readonly argvKnown: boolean;
  readonly environSha256: string;
}

/** Answer to `environ`: holds secrets. A name is in neither where the process does not have it, or is gone. */
export interface EnvironAnswer {
  readonly values: Readonly<Record<string, string>>;
  /** Names whose bytes are no UTF-8. */
  readonly leftOut: readonly string[];
}

/** Answer to `launch`. */
export interface LaunchAnswer extends Identity {
  /** Names of kept variables whose bytes are no UTF-8: Node cannot hand them on. */
  readonly leftOut: readonly string[];
}

/** What the program prints: one line of JSON. */
export type ProbeReply =
  { readonly ok: true; readonly answer: unknown } | { readonly ok: false; readonly message: string };
