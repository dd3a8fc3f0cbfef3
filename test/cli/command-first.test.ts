import { describe, expect, it } from 'vitest';
import { commandFirst } from '../../src/cli/command-first.ts';
import { COMMANDS } from '../../src/cli/program.ts';

describe('a command line', () => {
  it.each([
    ['--json status', 'status --json'],
    ['-v -q --json resume 2026', 'resume -v -q --json 2026'],
    ['-p 2222 plan al@old', 'plan -p 2222 al@old'],
    ['--profile plan sync al@old', 'sync --profile plan al@old'],
    ['--profile=x sync al@old', 'sync --profile=x al@old'],
  ])('may have its flags before the command: %s', (typed, meant) => {
    expect(commandFirst(typed.split(' '), COMMANDS).join(' ')).toBe(meant);
  });

  it.each(['al@old --json', 'status --json', '--json al@old plan', '-- status', '--json -- plan', '--port plan', ''])(
    'is left as it is otherwise: %s',
    (typed) => {
      expect(commandFirst(typed.split(' '), COMMANDS).join(' ')).toBe(typed);
    },
  );
});
