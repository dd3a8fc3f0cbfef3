import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { programInput, readProgramInput, readScriptInput, scriptInput } from '../../src/host/input.ts';

const SHELLS = [['dash'], ['bash', '--posix'], ['busybox', 'sh']];
const ECHO = `printf '%s\\0' "$@"\nexit 0\n`;
const nasty = fc.string({
  unit: fc.constantFrom("'", '"', '\\', '\n', '$', '`', '!', ' ', '-', 'a', 'ä', '*', '\x01'),
});

function heard([shell = '', ...flags]: readonly string[], args: readonly string[]): string[] {
  const input = scriptInput({ script: ECHO, args });
  const { stdout, stderr } = spawnSync(shell, [...flags, '-s'], { input, maxBuffer: 64 * 1024 * 1024 });
  expect(stderr.toString()).toBe('');
  return args.length === 0 ? [] : stdout.toString().split('\0').slice(0, -1);
}

describe.each(SHELLS)('a script on the stdin of %s %s', (...shell) => {
  it('has its arguments, whatever is in them', () => {
    const args = ["it's", '', '-n', '--', '$(id)', 'x\ny\n', "''", "\\'", 'ä日😀'];
    expect(heard(shell, args)).toEqual(args);
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 5 }), (words) => {
        expect(heard(shell, words)).toEqual(words);
      }),
      { numRuns: 20 },
    );
  });

  it('has more of them, and longer ones, than an argv may have', () => {
    const args = [...Array.from({ length: 40_000 }, (_, at) => `/home/al/${'x'.repeat(60)}${at}`), 'y'.repeat(200_000)];
    expect(heard(shell, args)).toEqual(args);
  });
});

it('what was made is read back, and nothing else is', () => {
  fc.assert(
    fc.property(fc.array(nasty), nasty, (args, script) => {
      expect(readScriptInput(scriptInput({ script, args }))).toEqual({ script, args });
    }),
  );
  for (const text of [
    '',
    'set --',
    "set -- 'a' b\nx",
    "set -- 'a\n",
    "set -- 'a';id\n",
    "set --  'a'\n",
    "set -- 'a\0'\n",
  ])
    expect(readScriptInput(text)).toBeNull();
  for (const arg of ['a\0b', '\ud800']) expect(() => scriptInput({ script: '', args: [arg] })).toThrow(TypeError);
});

it('a program finds its request where its first argument would be', () => {
  const request = Buffer.from('{"root":"/home/al"}').toString('base64');
  const input = programInput({ program: 'process.stdout.write(process.argv[2]);', request });
  const { stdout } = spawnSync(process.execPath, ['--input-type=commonjs', '-'], { input });
  expect(stdout.toString()).toBe(request);
  expect(readProgramInput(input)).toEqual({ program: 'process.stdout.write(process.argv[2]);', request });
  for (const text of ['', input.slice(1), input.replace(request, 'a"b'), input.replace(';\n', ';evil();\n')])
    expect(readProgramInput(text)).toBeNull();
});
