import type { ByHandList } from './by-hand.ts';
import type { Counts } from './census.ts';
import type { Rewrite } from './event.ts';
import type { Fate } from './fate.ts';
import type { ChannelState, Saying } from './inventory.ts';
import type { OutsideVariable } from './outside.ts';
import type { Problem } from './problem.ts';
import type { AnyProduct } from './product.ts';

/** All that the commands of the product, its supervisor and its probes need to know of one gateway on one machine. */
export interface Gateway {
  readonly product: AnyProduct;
  readonly profile: string;
  /** Starts the CLI, absolute. */
  readonly argv: readonly string[];
  readonly binDir: string;
  readonly node: string;
  readonly home: string;
  readonly uid: number;
  readonly stateDir: string;
  readonly configPath: string;
  readonly port: number;
  /** The service's unit name when there is a service or one could be made; null without a user service manager. */
  readonly unit: string | null;
  /** What keeps it running when that is not the user unit `unit`, nor nothing; absent or null otherwise. */
  readonly supervisor?: Supervisor | null;
}

/** What keeps a gateway running, by the name that it has there. `sudo`: changes are asked for by `sudo -n`. */
export type Supervisor =
  | { readonly kind: 'systemd-system'; readonly unit: string; readonly sudo: boolean }
  | {
      readonly kind: 'launchd';
      readonly label: string;
      /** `gui/501` or `system`. */
      readonly domain: string;
      readonly plist: string;
      readonly sudo: boolean;
    }
  /** `home` is its PM2_HOME. */
  | { readonly kind: 'pm2'; readonly name: string; readonly bin: string; readonly home: string }
  | { readonly kind: 'container'; readonly engine: 'docker' | 'podman'; readonly name: string }
  /** The person's own, for /bin/sh in the gateway's home. */
  | { readonly kind: 'commands'; readonly stop: string; readonly start: string };

/** One directory tree that moves, or single files of one directory. All paths absolute; old ones on the old machine, the others on the new. */
export interface Root {
  /** `state`, `workspace`, `workspace-2`, `agent-dir-1`. Safe in file names. */
  readonly id: string;
  /** Decides modes and exclusions. */
  readonly room: 'state' | 'workspace';
  readonly oldPath: string;
  readonly livePath: string;
  readonly stagingPath: string;
  readonly parkedPath: string;
  /** Workspaces inside this root, relative, no leading slash: they keep workspace modes and are copied whole. */
  readonly workspaces: readonly string[];
  readonly entries: number;
  readonly bytes: number;
  /** Is there something at `livePath` that will be parked? Of a root of single files: at one of their names. */
  readonly liveExists: boolean;
  /** Null where the whole tree moves. Else the names at the top of `oldPath` that do: what else is there and at `livePath` is not ours. */
  readonly files: readonly string[] | null;
  /** Those of `files` that are at `livePath` already and will be parked. */
  readonly filesInPlace: readonly string[];
  /** Is another file system mounted at `oldPath`? Absent otherwise. */
  readonly isMount?: boolean;
}

/** Old path → new path, by whole segments; lists are sorted longest `from` first. */
export interface Mapping {
  readonly from: string;
  readonly to: string;
}

/** One line of the exclude table. Patterns: `*` and `?` within a segment, leading `/` = at the root, trailing `/` = directories only. */
export interface ExcludeRule {
  readonly pattern: string;
  readonly reason: string;
  readonly room: 'state' | 'workspace' | 'any';
}

/** How one machine is named and known again. */
export interface Side {
  readonly machineId: string;
  readonly hostname: string;
  readonly user: string;
  readonly uid: number;
  readonly home: string;
  readonly platform: string;
  readonly arch: string;
  readonly rsync: {
    readonly path: string;
    readonly version: string | null;
    readonly flavour?: 'gnu' | 'openrsync';
    readonly capabilities: readonly string[];
  };
  readonly productVersion: string | null;
  /** Does SELinux enforce its policy there? */
  readonly selinux?: boolean;
  readonly gateway: Gateway;
}

/** Which program speaks SSH: ssh2 within this one, the system's OpenSSH, or ssh2 as long as that will do. */
export type Transport = 'auto' | 'ssh2' | 'openssh';

/**
 * How to reach the old machine again, as it was typed; the account's SSH configuration says the rest each time. No secret: files are
 * named, never held.
 */
export interface Connect {
  /** A name, an alias of ssh_config, or an address. */
  readonly host: string;
  readonly user: string | null;
  readonly port: number | null;
  readonly identities: readonly string[];
  /** ssh_config in place of the account's and the system's. */
  readonly configFile: string | null;
  /** Jump hosts, as `ssh -J` takes them. */
  readonly jump: string | null;
  /** Lines of ssh_config that beat the files: `key=value`. */
  readonly options: readonly string[];
  /** Addresses of this family only. */
  readonly family: 4 | 6 | null;
  readonly transport: Transport;
  readonly knownHosts: string | null;
  readonly hostKeyPin: string | null;
  readonly passwordFile: string | null;
  readonly passphraseFile: string | null;
}

/** What the person asked for in words, kept so that a later visit looks with the same eyes. */
export type Asked = {
  readonly product: AnyProduct;
  readonly profiles: readonly string[] | null;
  readonly stateDir: string | null;
  readonly toStateDir: string | null;
  /** Extra workspaces on the old machine, and where each goes (null: by the rule for homes). */
  readonly workspaces: readonly { readonly from: string; readonly to: string | null }[];
  readonly gatewayBin: string | null;
  readonly remoteGatewayBin: string | null;
  readonly excludes: readonly string[];
  readonly replace: boolean;
  /** What decides where sources on the old machine disagree; absent and null alike: nothing. */
  readonly configPath?: string | null;
  readonly gatewayPort?: number | null;
  /** May allow patterns of the exec approvals be put to new places? What an agent may run can grow by it. */
  readonly rewriteApprovals: boolean;
  /** What an audit of the copy may let through, by path or by the id of a finding; absent in a plan of an earlier release. */
  readonly allow?: readonly string[];
  /** Said by `--owner root`: the gateway here is root's, whomever the place belongs to. */
  readonly rootIsMeant?: boolean;
  /** Are variables from outside of the old state to be brought into `.env` of the new one? */
  readonly carryEnv?: boolean;
  /** The person's own commands that stop and start the gateway. */
  readonly commands?: { readonly old: OwnCommands | null; readonly new: OwnCommands | null };
};

export type OwnCommands = { readonly stop: string; readonly start: string };

/** Waits and bounds, in milliseconds unless named otherwise. */
export interface Limits {
  readonly stopMs: number;
  readonly startMs: number;
  readonly doctorMs: number;
  readonly soakMs: number;
  /** How long channels that were connected may take to connect again. */
  readonly channelsMs: number;
  readonly stallMs: number;
  readonly reconnectMs: number;
  readonly bwlimitKiBps: number | null;
  /** So many entries of a root may be gone before a pass halts; 0 where nothing was said, and it is half of what was in the root. */
  readonly maxDelete: number;
  /** So many entries, and bytes of content, one pass over a root may bring; null or absent: a multiple of what was measured. */
  readonly maxEntries?: number | null;
  readonly maxBytes?: number | null;
  /** The cutover may begin once so much downtime is forecast. */
  readonly downtimeMs?: number | null;
  /** No gateway may be down for longer before the commit: then everything is put back. */
  readonly hardDowntimeMs?: number | null;
  /** The old machine starts its gateway again by itself when it has not heard from us for so long before the commit; null or absent: it does not. */
  readonly deadManMs?: number | null;
}

/** How the old gateway ran when it was looked at. */
export type RanAs = 'service' | 'foreground' | 'stopped';

/** A value of a config file in which old paths stay, by its JSON pointer. What it is may be a secret. */
export interface ConfigLeft {
  readonly root: string;
  readonly file: string;
  readonly at: string;
  readonly count: number;
}

/** The decisions of one Run: immutable JSON without secrets, the first fact in the Journal. */
export interface Plan {
  readonly schema: 1;
  /** Names this move: same machines, same state dirs → same key. Finds the run again. */
  readonly key: string;
  /** The run that made this Plan; the claim on the old machine bears it. */
  readonly run: string;
  readonly target: string;
  /** The one folder of ours (0700) on the old machine: claim, undo originals. */
  readonly oldFolder: string;
  readonly connect: Connect;
  readonly asked: Asked;
  readonly old: Side;
  readonly new: Side;
  readonly ranAs: RanAs;
  readonly roots: readonly Root[];
  /** What becomes of every path that the config names, that symlinks lead to, and that the product itself uses. */
  readonly fates: readonly Fate[];
  readonly mapping: readonly Mapping[];
  readonly excludeVersion: number;
  readonly excludes: readonly ExcludeRule[];
  /** Config files that reconcile rewrites: root id and path relative to it. */
  readonly configFiles: readonly { readonly root: string; readonly file: string }[];
  /** Files with an index of sessions where only the config puts them: root id and path relative to it; absent in a plan of an earlier release. */
  readonly sessionStores?: readonly { readonly root: string; readonly file: string }[];
  /** What will be rewritten in the config files as they were when looked at: all counted, so many listed. */
  readonly configRewrites: {
    readonly count: number;
    readonly listed: readonly Rewrite[];
    /** Where old paths stay in them; absent in a plan of an earlier release. */
    readonly left?: readonly ConfigLeft[];
  };
  readonly channels: readonly ChannelState[] | null;
  /** What the old gateway owned when it was looked at. */
  readonly counts: Counts | null;
  /** Databases that were not counted then; absent where there were none. */
  readonly uncounted?: readonly string[];
  readonly limits: Limits;
  /** What was found out about the old gateway, and who says so; absent in a plan of an earlier release. */
  readonly provenance?: readonly Saying[];
  /** What a person has to do after the move; absent in a plan of an earlier release, null where it was not looked for. */
  readonly byHand?: ByHandList | null;
  /** Variables that the old gateway has from outside of its state; absent in a plan of an earlier release. */
  readonly outside?: readonly OutsideVariable[];
  /** The profiles that move in one cutover because they share something, and what of this one moves with another of them. */
  readonly group?: { readonly profiles: readonly string[]; readonly carried: readonly string[] };
  /** What was found that does not stop the move. */
  readonly warnings: readonly Problem[];
  /** What is other where the move is only rehearsed; absent for a move. */
  readonly rehearsal?: Rehearsal;
}

/** A rehearsal: the places of a move are those of the Plan, and these are where it is made instead. */
export interface Rehearsal {
  /** Of the Plan of the move. */
  readonly key: string;
  /** The scratch folder (0700): all that a rehearsal makes beside staging lies in it, and goes with it. */
  readonly folder: string;
  readonly home: string;
  readonly gateway: Gateway;
  readonly roots: readonly Root[];
  readonly mapping: readonly Mapping[];
}
