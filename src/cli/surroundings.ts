import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import type { SignalSource } from '../run/interrupt.ts';

/** A stream that may be a terminal. */
export type Screenlike = Pick<Writable, 'write'> & { readonly isTTY?: boolean; readonly columns?: number };

/** Everything of the process that a command may touch. main.ts gives the real one; tests give their own. */
export interface Surroundings {
  /** What follows `neo-pull` on the command line. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The directory that relative paths of the command line begin at. */
  readonly cwd: string;
  readonly account: { readonly user: string; readonly uid: number; readonly home: string };
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Screenlike;
  readonly stderr: Screenlike;
  readonly signals: SignalSource;
  readonly clock: Clock;
  readonly version: string;
  /** Makes this process another user's, for good; only root can. Throws `option-invalid`. */
  readonly become: (owner: string) => Pick<Surroundings, 'account' | 'env' | 'cwd'>;
  /** Ends the process now. Only for the second Ctrl-C; everything else returns its exit code. */
  readonly exit: (code: number) => void;
}
