import type { Problem } from './problem.ts';

/** What the neo-pull that follows a run (the daemon) can be told to do. */
export type Order =
  | { readonly order: 'status' }
  | { readonly order: 'pause' }
  | { readonly order: 'continue' }
  | { readonly order: 'stop' }
  | CutoverOrder;

/** Takes the gateway over: at once, not before a moment, when its sessions have been still for so long, or both. */
export interface CutoverOrder {
  readonly order: 'cutover';
  /** ISO 8601, UTC. */
  readonly at: string | null;
  readonly whenIdleMs: number | null;
  /** Also while an agent is in the middle of something. */
  readonly force: boolean;
  /** The last pass looks at everything, whatever the watcher has seen. */
  readonly paranoid: boolean;
  /**
   * Was `--yes` given? The one question of a move was asked by whoever gives the order; without `--yes` the order is refused where the machines are
   * not as they were when the plan was made.
   */
  readonly yes: boolean;
}

/** Where the daemon stands. */
export const PHASES = [
  'seeding',
  'following',
  'paused',
  'polling',
  'waiting-for-line',
  'cutover-waiting',
  'cutting-over',
  'halted',
] as const;

/** What the daemon says of itself. `status --json` prints it, so it is API. Moments are ISO 8601, UTC. */
export interface FollowStatus {
  readonly v: 1;
  readonly pid: number;
  readonly since: string;
  readonly phase: (typeof PHASES)[number];
  /** How changes are noticed. */
  readonly engine: string;
  readonly rounds: number;
  readonly lastRoundAt: string | null;
  readonly lastFullAt: string | null;
  /** Paths that are known to have changed and are not staged yet. */
  readonly pending: number;
  readonly dirtyBytesPerSecond: number | null;
  readonly bytesPerSecond: number | null;
  /** What a cutover would cost now. */
  readonly forecast: {
    readonly totalMs: number;
    readonly parts: readonly { readonly part: string; readonly ms: number }[];
  } | null;
  readonly converged: boolean;
  /** What else a person should know, such as why it halted. */
  readonly note: string | null;
}

/** What comes back for an order: where the daemon stands after it, or why it did not follow it. */
export type Answer =
  { readonly ok: true; readonly status: FollowStatus } | { readonly ok: false; readonly problem: Problem };
