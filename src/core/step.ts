import type { Clock } from './clock.ts';
import type { EventBody } from './event.ts';
import type { Host } from './host.ts';
import type { Json } from './json.ts';
import type { Problem } from './problem.ts';

/** What every Check and Step may use of the world outside. */
export interface World {
  readonly old: Host;
  readonly new: Host;
  readonly clock: Clock;
  /** Resolves when the event has been told, and for `run.*` and `step.*` when it is durable in the Journal. */
  readonly emit: (event: EventBody) => Promise<void>;
  readonly signal: AbortSignal;
  readonly run: RunFolder;
}

/** The folder of one Run on the new machine (0700). Large facts live here as files, named by the Plan or by events. */
export interface RunFolder {
  readonly id: string;
  readonly path: string;
}

/** Looks, and says what is wrong. Changes nothing; may run any time, any number of times. */
export interface Check {
  readonly id: string;
  readonly title: string;
  run(world: World): Promise<readonly Problem[]>;
}

/** Changes one thing and can put it back. `before` is all that `undo` needs; it is durable before `apply` begins. */
export interface Step<B extends Json = Json> {
  readonly id: string;
  readonly title: string;
  readonly touches: 'staging' | 'old' | 'new';
  /** True where a failed `undo` may leave a gateway able to run: then nothing below it in the pile may be undone. */
  readonly guards?: boolean;
  /** Read-only: how it was. Taken once per attempt and never again, not even after a crash. */
  before(world: World): Promise<B>;
  /** Safe to run again after a crash anywhere inside. */
  apply(world: World, before: B): Promise<void>;
  /** Safe after a full, partial, absent or already undone `apply`. */
  undo(world: World, before: B): Promise<void>;
}

/** A Step of any `before`, as lists hold them. `before` comes back as what `before()` gave, through JSON. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a list of steps is heterogeneous in B; the runner only ever passes a step its own `before`
export type AnyStep = Step<any>;

/** The `undo` of a step with nothing to put back, saying why that is right. */
export function keep(reason: string): () => Promise<void> {
  if (reason === '') throw new TypeError('keep() needs its reason');
  return () => Promise.resolve();
}
