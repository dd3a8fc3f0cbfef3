import type { Options } from 'yargs';
import type { Command } from './command.ts';

/**
 * The same command line with the name of its command in front, so that `--json status` is `status --json`: flags belong to commands, and
 * before the command is known nobody can tell whether `status` is the value of `--json`. What follows `--` is left alone. Pure.
 */
export function commandFirst(argv: readonly string[], commands: readonly Command[]): readonly string[] {
  const taking = new Set(commands.flatMap(({ flags }) => Object.entries(flags).flatMap(spellingsWithValue)));
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (word === '--') return argv;
    if (taking.has(word)) at += 1;
    else if (!word.startsWith('-')) {
      const isCommand = commands.some(({ name }) => name === word);
      return isCommand ? [word, ...argv.slice(0, at), ...argv.slice(at + 1)] : argv;
    }
  }
  return argv;
}

function spellingsWithValue([name, { type, alias }]: [string, Options]): string[] {
  return type === 'string' ? [`--${name}`, ...(typeof alias === 'string' ? [`-${alias}`] : [])] : [];
}
