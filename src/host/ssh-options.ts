import type { Ask } from '../core/ask.ts';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { HostKeySources } from './host-key.ts';
import type { AlgorithmLists } from './ssh-algorithm-lists.ts';
import type { Through } from './ssh-line.ts';

/** How the old machine is reached, and who vouches for whom. */
export interface SshOptions extends HostKeySources {
  readonly user: string;
  /** What lies between; nothing without it. */
  readonly through?: Through;
  /** Addresses of this family only. */
  readonly family?: 4 | 6 | null;
  /** What the configuration says of algorithms; all that is safe without it. */
  readonly algorithms?: AlgorithmLists;
  /** Private key files, in the order to be offered. A file that does not exist is passed over. */
  readonly identities: readonly string[];
  /** Of the agent's keys, offer only those that `identities` name. */
  readonly identitiesOnly?: boolean;
  /** The socket of an ssh-agent. */
  readonly agent: string | null;
  readonly password: string | null;
  /** For every identity that is encrypted. */
  readonly passphrase: string | null;
  /** Who answers questions; null when nobody can. */
  readonly ask: Ask | null;
  readonly clock: Clock;
  /** How long, from the moment it is missed, a broken line is tried again. */
  readonly reconnectMs: number;
  /** `old machine (al@old.example)` without it. */
  readonly label?: string;
  /** Ends the connecting when it aborts. */
  readonly signal?: AbortSignal;
  /** Called on every new Connection but the first, before anything else is started on it; when it rejects, so does `spawn`. */
  readonly onReconnect?: (fresh: Host) => Promise<void>;
  /** For each stage of connecting (reaching it, the handshake, each credential), people's time not counted; 10 s without it. */
  readonly connectTimeoutMs?: number;
  /** 15 s without it. */
  readonly keepaliveMs?: number;
  /** Silent intervals after which the line counts as broken, at least 2; 3 without it. */
  readonly keepaliveCount?: number;
  /** How long the login shell may take until it starts the command; 30 s without it. */
  readonly loginTimeoutMs?: number;
}
