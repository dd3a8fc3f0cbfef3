import type { Ask } from '../core/ask.ts';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { AlgorithmLists } from './ssh-algorithm-lists.ts';
import type { Place } from './ssh-problem.ts';

/** A jump host. */
export interface Hop {
  readonly place: Place;
  readonly user: string;
}

/** How the old machine is reached by the `ssh` program of this one. */
export interface OpenSshOptions {
  /** The words behind `ssh` that reach the machine as the user's own ssh would: -F, -J, -o, -p, -i, -l, ... in order, without the host. */
  readonly args: readonly string[];
  /** The jump hosts, nearest first, and the ProxyCommand through them, in which each ssh leaves its words in a file (-E) of its own. */
  readonly via?: { readonly hops: readonly Hop[]; readonly proxyCommand: (logOf: (hop: number) => string) => string };
  /** As typed; an alias of the user's config is allowed. Never begins with a dash (checked before). */
  readonly destination: string;
  /** Where that leads, for the words of a Problem and to know the questions of the machine itself. */
  readonly place: Place;
  readonly user: string;
  /** Absolute path of ssh; `ssh` on the PATH of `env` without it. */
  readonly ssh?: string;
  /** The whole environment of every ssh (SSH_AUTH_SOCK, HOME, PATH, XDG_RUNTIME_DIR, ...). */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path of a Node on this machine, which carries ssh's questions. */
  readonly node: string;
  readonly password: string | null;
  /** For every identity that is encrypted. */
  readonly passphrase: string | null;
  /** `SHA256:...`: when given, it alone decides. */
  readonly hostKeyPin: string | null;
  /** An unknown host key is refused even where a person could be asked. */
  readonly refusesUnknownKeys?: boolean;
  /** HostKeyAlias, by which ssh then calls the machine in its questions. */
  readonly hostKeyName?: string | null;
  /** What the configuration says of algorithms, which is not left to ssh: all but the weak ones without it. */
  readonly algorithms?: AlgorithmLists;
  /** Who answers questions; null when nobody can. */
  readonly ask: Ask | null;
  readonly clock: Clock;
  /** How long, from the moment it is missed, a broken line is tried again. */
  readonly reconnectMs: number;
  /** `old machine (al@old.example)` without it. */
  readonly label?: string;
  /** Ends the connecting when it aborts. */
  readonly signal?: AbortSignal;
  /** Called on every new line but the first, before anything else is started on it; when it rejects, so does `spawn`. */
  readonly onReconnect?: (fresh: Host) => Promise<void>;
  /** To reach the machine; three times that to be logged in, people's time not counted. 10 s without it. */
  readonly connectTimeoutMs?: number;
  /** 15 s without it; ssh counts whole seconds. */
  readonly keepaliveMs?: number;
  /** Silent intervals after which the line counts as broken; 3 without it. */
  readonly keepaliveCount?: number;
  /** How long the login shell may take until it starts the command; 30 s without it. */
  readonly loginTimeoutMs?: number;
}
