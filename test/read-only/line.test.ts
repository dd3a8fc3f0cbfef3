import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loginCommand, signalCommand } from '../../src/host/quote.ts';
import { readLine } from '../../src/read-only/line.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }).map((any) => any.toWellFormed().replaceAll('\0', '')),
  fc.constantFrom("it's", "'\\''", 'a;b', '$(id)', '\n', '', ' ', "';exec 'x", 'export A=', 'cd -P -- ', '\\0047'),
);
const program = text.filter((word) => word !== '' && !word.startsWith('-'));
const nonce = fc.stringMatching(/^[0-9a-f]{32}$/);
const launch = fc.record({
  argv: fc.tuple(program, fc.array(text, { maxLength: 5 })).map(([first, rest]) => [first, ...rest]),
  cwd: fc.option(
    text.map((word) => `/${word}`),
    { nil: undefined },
  ),
  env: fc.dictionary(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,9}$/), text, { maxKeys: 3 }),
  nonce,
});

function lineOf({ argv, cwd, env, nonce: of }: typeof launch extends fc.Arbitrary<infer T> ? T : never): string {
  return loginCommand(argv, { nonce: of, env, ...(cwd !== undefined && { cwd }) });
}

describe('a line for the old machine', () => {
  it('is read as exactly what it was made of', () => {
    fc.assert(
      fc.property(launch, (asked) => {
        const { argv, cwd, env, nonce: of } = asked;
        const read = { kind: 'launch', argv, env: { ...env }, nonce: of, ...(cwd !== undefined && { cwd }) };
        expect(readLine(lineOf(asked))).toEqual(read);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused, or means what it says, when one byte of it is another', () => {
    fc.assert(
      fc.property(launch, fc.nat(), fc.constantFrom(...Array.from(`'"\\;$\` \n0|&a`)), (asked, at, byte) => {
        const line = lineOf(asked);
        const place = at % line.length;
        const changed = line.slice(0, place) + byte + line.slice(place + 1);
        const read = readLine(changed);
        if (read?.kind === 'launch') expect(lineOf({ cwd: undefined, env: {}, ...read } as never)).toBe(changed);
        else expect(read).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it('is refused with anything before, after or in it', () => {
    fc.assert(
      fc.property(launch, fc.nat(), fc.constantFrom(';id', ' ', '\n', "'", '\\0073id', '$(id)'), (asked, at, more) => {
        const line = lineOf(asked);
        expect(readLine(line + more)).toBeNull();
        expect(readLine(more + line)).toBeNull();
        const place = at % 40;
        expect(readLine(line.slice(0, place) + more + line.slice(place))).toBeNull();
      }),
    );
  });

  it('is refused whatever else it is', () => {
    fc.assert(fc.property(fc.string(), (any) => readLine(any) === null));
    const bare = loginCommand(['id'], { nonce: '0'.repeat(32) });
    // Another spelling of the same letters is none of ours.
    for (const other of [bare.replace('exec ', 'exec  '), bare.replace('id', '\\0151d'), bare.replace('eval', 'echo')])
      expect(readLine(other)).toBeNull();
    expect(readLine(loginCommand(['id'], { nonce: 'x'.repeat(32) }))).toBeNull();
  });

  it('is read as a signal, to one process and its group, and never to everybody', () => {
    expect(readLine(signalCommand(4711, 'TERM'))).toEqual({ kind: 'signal', signal: 'TERM', pid: 4711 });
    for (const pid of [0, 1, -1]) expect(readLine(signalCommand(pid, 'KILL'))).toBeNull();
    expect(readLine(signalCommand(4711, 'STOP' as 'KILL'))).toBeNull();
    expect(readLine(`${signalCommand(4711, 'KILL')};id`)).toBeNull();
  });
});
