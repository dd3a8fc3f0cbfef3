import type { Limits } from '../../src/core/plan.ts';
import type { FollowLimits } from '../../src/steps/follow.ts';
import type { Fault } from './faults.ts';
import type { Homes } from './mover.ts';

/** Before the line is written, or after it is on the disk. */
export type End = 'before' | 'after';

/** What a mover process is to do. */
export interface MoverOrder {
  readonly homes: Homes;
  readonly command: 'pull' | 'rehearse' | 'resume' | 'rollback' | 'follow';
  readonly limits: Partial<Limits>;
  /** With `follow`. */
  readonly following?: Partial<FollowLimits>;
  /** May a live directory on the new side be parked? */
  readonly replace: boolean;
  /** Which line of the Journal, counted from 1 by those of this process, is its last moment. */
  readonly kill: { readonly line: number; readonly end: End } | null;
  /** Where in the Journal it holds still (SIGSTOP) until it is told otherwise: at the first line of this name, as `linesOf` names it. */
  readonly hold?: { readonly what: string; readonly end: End };
  /** The old machine behind a real sshd, in place of a home on this one. */
  readonly ssh?: {
    readonly user: string;
    readonly host: string;
    readonly identity: string;
    readonly knownHosts: string;
  };
  /** What goes wrong; null counts what could. Without it nothing is counted. */
  readonly fault?: Fault | null;
  /** With `fault`: where the moments are written as JSON at the end. */
  readonly momentsFile?: string;
}
