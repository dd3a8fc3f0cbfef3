import type { ByHandList } from './by-hand.ts';
import type { Counts } from './census.ts';
import type { Fate } from './fate.ts';
import type { NamesFacts } from './names-facts.ts';
import type { OutsideVariable } from './outside.ts';
import type { Neighbour } from './neighbour.ts';
import type { Supervisor } from './plan.ts';

/** A program found on a machine, and by which way of looking. */
export interface Found {
  readonly path: string;
  readonly foundBy: string;
}

/** How the product is started, whoever asks: absolute, with its own bin directory first on PATH. */
export interface ProductFacts extends Found {
  /** Starts the CLI: `[node, entry.js]` or `[bin]`, absolute. */
  readonly argv: readonly string[];
  /** Directory to put first on PATH. */
  readonly binDir: string;
  /** `2026.2.26`, or null when it did not tell. */
  readonly version: string | null;
  /** The Node that runs it, absolute; null when none could be found. */
  readonly node: string | null;
}

export interface RsyncFacts extends Found {
  /** `3.2.7`, or null when it did not tell. */
  readonly version: string | null;
  readonly flavour?: 'gnu' | 'openrsync';
  readonly protocol?: number | null;
  /** The distribution's package version where a package manager owns it, such as `3.2.7-1+deb12u4`. */
  readonly packageVersion: string | null;
  /** What `rsync --version` lists, lower case: `acls`, `xattrs`, `zstd`, ... */
  readonly capabilities: readonly string[];
}

/** One fact about the old gateway, and everything there that says it. */
export interface Saying {
  readonly what: 'state dir' | 'config' | 'profile' | 'port' | 'product' | 'Node';
  readonly value: string;
  /** `unit smart-agent-neo-gateway.service (drop-in a.conf)`, `running process 123`, `flag`, `default`; most believed first. */
  readonly sources: readonly string[];
}

/** A service definition of a gateway, as found. */
export interface ServiceFacts {
  readonly manager: 'systemd-user';
  /** `smart-agent-neo-gateway.service`. */
  readonly unit: string;
  readonly unitPath: string;
  readonly execStart: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Every variable that it sets, secret or not, and where: `unit`, `drop-in a.conf`, `file /etc/neo.env`. Names only. */
  readonly setBy?: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  readonly active: boolean;
  readonly mainPid: number | null;
}

/** A gateway's own process, as found by lock file, port or title. */
export interface ProcessFacts {
  readonly pid: number;
  /** Field 22 of `/proc/<pid>/stat`: with the pid and the boot id it names the process for good. */
  readonly startTime: string;
  readonly foundBy: string;
  /** TCP ports it listens on, lowest first; where it listens on none yet, the one that its environment names. */
  readonly ports?: readonly number[];
  /** The unit of the whole machine that runs it; left out where none does. */
  readonly systemUnit?: string;
  /** The program that it runs: its Node. */
  readonly exe?: string | null;
  /** Names of all variables that it was started with; left out where they could not be seen. */
  readonly variables?: readonly string[];
}

/** One Profile on one machine. */
export interface GatewayFacts {
  readonly profile: string;
  readonly stateDir: string;
  /** `stateDir` with every symlink resolved. */
  readonly realStateDir: string;
  readonly configPath: string;
  /** The config's bytes as UTF-8; null when there is none. Holds secrets: never leaves memory. */
  readonly configText: string | null;
  /** Each source that named this state dir: `default`, `unit smart-agent-neo-gateway.service`, `flag`, `running process 123`. */
  readonly sources: readonly string[];
  /** What each source says of state dir, config, profile and port, the most believed one of each first. */
  readonly sayings: readonly Saying[];
  readonly service: ServiceFacts | null;
  /** Other user units for the same state dir that run, or would come up by themselves. */
  readonly otherUnits?: readonly string[];
  readonly process: ProcessFacts | null;
  readonly entries: number;
  readonly bytes: number;
  /** Entries in the state dir that this account cannot read. */
  readonly unreadable: readonly string[];
  /** Names in `delivery-queue/`: messages that wait to be sent. */
  readonly queued: number;
  /** Names of the variables in its `.env`, which moves with it. */
  readonly dotEnv?: readonly string[];
}

/** A directory on a machine, measured. */
export interface DirFacts {
  readonly path: string;
  /** With every symlink resolved; equal to `path` when it does not exist. */
  readonly realPath: string;
  readonly exists: boolean;
  readonly entries: number;
  readonly bytes: number;
  readonly unreadable: readonly string[];
  /** Number of the owner; null when it does not exist. */
  readonly ownerUid: number | null;
  readonly isMount: boolean;
  /** Of the nearest existing directory at or above the parent: where staging would lie. */
  readonly parent: {
    readonly path: string;
    readonly writable: boolean;
    readonly ownerUid?: number | null;
    readonly device: string;
    readonly freeBytes: number;
    /** Null where the file system does not count inodes. */
    readonly freeInodes: number | null;
  };
}

/** All that the survey reads of one machine. */
export interface MachineFacts {
  readonly platform: string;
  readonly arch: string;
  readonly hostname: string;
  readonly user: string;
  readonly uid: number;
  readonly home: string;
  readonly realHome: string;
  readonly shell: string;
  readonly machineId: string;
  readonly bootId: string;
  /** The machine's clock minus ours, in milliseconds, taken halfway through the question. */
  readonly clockSkewMs: number;
  readonly rsync: RsyncFacts | null;
  readonly product: ProductFacts | null;
  /** Is there a user service manager that answers? */
  readonly userServices: boolean;
  readonly linger: boolean | null;
  readonly selinux?: boolean;
  readonly gateways: readonly GatewayFacts[];
  /** Names of variables that files of the account export to its logins and services. Never a value. */
  readonly exports?: readonly { readonly name: string; readonly file: string }[];
  /** What keeps gateways running there, apart from user units. */
  readonly keepers?: readonly KeeperFacts[];
}

/** Something that keeps a gateway running, or would start one. */
export interface KeeperFacts {
  /** Null for one that neo-pull cannot handle. */
  readonly supervisor: Supervisor | null;
  /** For people: `the system unit neo.service`. */
  readonly what: string;
  readonly active: boolean;
  readonly enabled: boolean;
  /** May this account change it? Null where that was not to be found out. */
  readonly mayChange: boolean | null;
  /** Processes of the product that it keeps. */
  readonly pids: readonly number[];
  /** Directories of which it says that they are the gateway's, or lie around its state. */
  readonly places: readonly string[];
  /** Of a container that its engine has shown. */
  readonly inside?: ContainerFacts;
}

/** In what a container differs from the machine it is on. */
export interface ContainerFacts {
  /** The engine's word: `host` is the network of the machine. */
  readonly network: string;
  /** Directories of the machine, and where the container has them. */
  readonly mounts: readonly { readonly source: string; readonly destination: string }[];
}

/** Databases of the state with columns that hold paths, relative to the state dir. */
export interface DatabaseFacts {
  readonly files: readonly string[];
  /** Why this machine cannot rewrite them; null where it can, or where there are none. */
  readonly failure: string | null;
}

/** A product that was seen on the old machine beside the one that moves. */
export interface OtherProduct {
  readonly name: string;
  readonly title: string;
  /** For people: `running process 12`, `state dir /home/al/.openclaw`. */
  readonly seen: readonly string[];
  readonly isRunning: boolean;
}

/** What a channel said of itself. */
export interface ChannelState {
  readonly channel: string;
  readonly account: string;
  readonly running: boolean;
  /** Null where the product does not tell. */
  readonly connected: boolean | null;
}

/** The facts that a Plan is decided from. */
export interface Inventory {
  readonly old: MachineFacts;
  readonly new: MachineFacts;
  /** The gateway that is to move. */
  readonly gateway: GatewayFacts;
  /** What else was found there where no product was named. */
  readonly otherProducts?: readonly OtherProduct[];
  /** Every root that will be copied, on the old machine, and the place on the new machine where it will live. */
  readonly dirs: readonly { readonly old: DirFacts; readonly new: DirFacts }[];
  /** As in the Plan. */
  readonly fates: readonly Fate[];
  /** What belongs to the other gateways of the old account, as far as it exists. */
  readonly neighbours?: readonly Neighbour[];
  /** Files named by `$include` in the config, absolute on the old machine, with their text. */
  readonly includes: readonly { readonly path: string; readonly text: string }[];
  /** What was found out about the old gateway, and who says so; see `provenanceOf`. */
  readonly provenance?: readonly Saying[];
  /** As in the Plan. */
  readonly outside?: readonly OutsideVariable[];
  /** Is the port free on the new machine, or held by the gateway that would be parked? */
  readonly newPort: {
    readonly port: number;
    readonly takenBy: string | null;
    /** Ports that it takes beside that one, and somebody else holds. */
    readonly beside?: readonly { readonly port: number; readonly takenBy: string }[];
  };
  /** How the channels were before the stop; null when it was not asked (a plan asks nothing that writes). */
  readonly channels: readonly ChannelState[] | null;
  /** What the gateway owns while it still runs; null where no Node was found to count it. */
  readonly counts: Counts | null;
  /** Databases that were not counted, by name; absent where there were none. */
  readonly uncounted?: readonly string[];
  /** Where the config puts indexes of sessions. */
  readonly sessionStores?: readonly string[];
  /** What is bound to the old machine, as in the Plan. */
  readonly byHand?: ByHandList | null;
  readonly names?: readonly NamesFacts[];
  /** Databases in which paths have to be rewritten, and whether something on the new machine can. */
  readonly databases?: DatabaseFacts;
}
