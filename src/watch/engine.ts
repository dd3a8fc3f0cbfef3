import type { Outbox } from './outbox.ts';
import type { Doing } from './record.ts';
import type { RuledRoot } from './ruled-root.ts';

/** A way to hear of changes. Everything that it tells is told after it would hear of the next change of the same place. */
export interface Engine {
  readonly kind: Doing['engine'];
  readonly directories: number;
  /** Resolves when all is watched. Fails by `failed` of its parts only. */
  start(): Promise<void>;
  /** Watches a root anew: it is another directory, or gone, or back. */
  renew(root: RuledRoot): void;
  /** Does `act` when all that was seen so far has been told. `isWhole` is false where that may not be all that happened. */
  after(act: (isWhole: boolean) => void): void;
  stop(): Promise<void>;
}

export interface EngineParts {
  readonly roots: readonly RuledRoot[];
  readonly outbox: Pick<Outbox, 'tell' | 'gap'>;
  /** It cannot go on: the system's code, and the root's id. */
  readonly failed: (code: string, root: string) => void;
  /** The system may have dropped some of what it had to say. */
  readonly overflowed: () => void;
  readonly later: (waitMs: number, act: () => void) => void;
  /** A root's own directory was moved or removed, as it seems. */
  readonly rootMoved: () => void;
}

/** The system's codes for having no room for another watch. */
export const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EMFILE', 'ENFILE', 'ENOMEM']);

/** What ends an engine. */
export class WatchFailure extends Error {
  readonly code: string;
  readonly root: string;

  constructor(code: string, root: string) {
    super(code);
    this.code = code;
    this.root = root;
  }
}
