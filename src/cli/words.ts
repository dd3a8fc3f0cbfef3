import { fail } from '../core/problem.ts';
import { shown } from '../core/shown.ts';
import { closest } from './closest.ts';

/** The target that was typed. Throws `usage` where there is none. */
export function targetOf(word: string | null): string {
  if (word !== null) return word;
  throw fail('usage', {
    message: 'No old machine was named.',
    hint: 'Name it: neo-pull user@oldhost. To see first what it would do: neo-pull plan user@oldhost',
  });
}

/**
 * A lone word may be a host, or a command misspelt: `neo-pull statsu` must not connect anywhere. Throws `usage` when it is all but the
 * name of a command.
 */
export function refuseMisspeltCommand(word: string | null, commands: readonly string[]): void {
  const meant = word === null || /[@.:[]/.test(word) ? null : closest(word, commands);
  if (meant === null || word === null) return;
  throw fail('usage', {
    message: `There is no command ${shown(word)}.`,
    hint: `Did you mean neo-pull ${meant}? For a machine of that name: neo-pull pull ${word}`,
  });
}
