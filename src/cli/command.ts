import type { Options } from 'yargs';
import type { Surroundings } from './surroundings.ts';

/** What a command was called with: its flags by their long names, and its positional word. */
export type Called<Flags> = Flags & { readonly word: string | null };

/**
 * One command of the command line: how it is written, and what it does. `run` translates flags, calls the visit or reads a journal,
 * prints, and resolves with the exit code; it throws Problems.
 */
export interface Command<Flags = Readonly<Record<string, unknown>>> {
  readonly name: string;
  /** The one positional word it takes: `target`, `run`, or none. */
  readonly word: 'target' | 'run' | null;
  /** Of which it takes one before that word, as `verb`. */
  readonly verbs?: readonly string[];
  readonly describe: string;
  readonly flags: Readonly<Record<string, Options>>;
  run(called: Called<Flags>, around: Surroundings): Promise<number>;
}
