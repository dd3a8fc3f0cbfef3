import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEnvFile } from '../../src/checks/env-file.ts';
import { MACHINE_SCRIPT } from '../../src/checks/survey-script.ts';

function parsed(text: string): Record<string, string> {
  return Object.fromEntries(parseEnvFile(text));
}

test('a file of variables is read by the rules of systemd.exec(5)', () => {
  const text = [
    '# A=comment',
    '; B=comment',
    '  C = plain words  ',
    "D='single $X \\n # kept'",
    'E="double \\"q\\" \\$ \\\\ \\n"',
    'F=over\\',
    'two lines',
    'G="over',
    'two"',
    'H=',
    'I=it\'s "here"',
    'J="a"\'b\'c',
    'K=a\\ b\\ ',
    'no assignment',
    'L M=spaces in a name',
    'C=the last one counts',
  ].join('\n');
  expect(parsed(text)).toEqual({
    C: 'the last one counts',
    D: 'single $X \\n # kept',
    E: 'double "q" $ \\ \\n',
    F: 'overtwo lines',
    G: 'over\ntwo',
    H: '',
    I: 'it\'s "here"',
    J: 'abc',
    K: 'a b ',
  });
});

test('whatever is in such a file, it is read to its end and nothing is thrown (F52)', () => {
  const noise = fc.string({
    unit: fc.constantFrom('A', '=', "'", '"', '\\', '#', ';', ' ', '\t', '\n', '$'),
    maxLength: 60,
  });
  fc.assert(
    fc.property(noise, (text) => parseEnvFile(`${text}\n\n"'\nZ=end\n`) instanceof Map),
    { numRuns: 2000 },
  );
  expect(parsed('X=1\r\nY="2"\r\n')).toEqual({ X: '1', Y: '2' });
});

/** What a person may write, and what systemd makes of it. */
const KEY = '-----BEGIN KEY-----\nAPI_TOKEN=MIIE#;\n; c=d\n-----END KEY-----\n';
const SYSTEMD: readonly (readonly [text: string, variables: Record<string, string>])[] = [
  [`K="${KEY}"\nL='${KEY}'\nM=m\n`, { K: KEY, L: KEY, M: 'm' }],
  ['A=one\\\nB=two\nC=three\n', { A: 'oneB=two', C: 'three' }],
  ['A=one # kept ; too\n#A=no\n ;A=no\nB=#x\n', { A: 'one # kept ; too', B: '#x' }],
  ['# over \\\nA=a\n', { A: 'a' }],
  ['A="x\r\ny"\rB=b\\\r\nC=c', { A: 'x\r\ny', B: 'b', C: 'c' }],
  ['export A=a\n1B=b\nC-D=c\nE =e\n=f\nG', { E: 'e' }],
  ['A=\u00a0x\u00a0\vB=b\n', { A: '\u00a0x\u00a0\vB=b' }],
  ['A="never closed\nB=b\n', { A: 'never closed\nB=b\n' }],
  ["A='a' 'b'  c 'd'  \n", { A: "abc 'd'" }],
];

test('a value may be long and look like more of them, and only what systemd takes for a name is one', () => {
  for (const [text, variables] of SYSTEMD) expect(parsed(text)).toEqual(variables);
});

test('a value that is written in quotes is read back, whatever it is, and nothing behind it is lost (F55)', () => {
  const value = fc.string({
    unit: fc.constantFrom('A', '=', "'", '"', '\\', '#', ';', ' ', '\n', '\r', '$', '`', 'ä'),
  });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), (values) => {
      const quoted = values.map((one, at) => `V${String(at)}="${one.replaceAll(/["\\`$]/g, '\\$&')}"`);
      const expected = Object.fromEntries(values.map((one, at) => [`V${String(at)}`, one]));
      expect(parsed([...quoted, 'END=1'].join('\n'))).toEqual({ ...expected, END: '1' });
    }),
  );
});

const AWKS = ['mawk', 'gawk', 'original-awk', 'busybox'].filter((name) => existsSync(`/usr/bin/${name}`));
const KEPT = ['HOME', 'NEO_PROFILE'];

/** What the survey tells of files, by an awk of this kind. */
function surveyed(awk: string, texts: readonly string[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'np-env-file-'));
  try {
    mkdirSync(join(folder, 'bin'));
    symlinkSync(`/usr/bin/${awk}`, join(folder, 'bin/awk'));
    texts.forEach((text, at) => {
      writeFileSync(join(folder, String(at)), text);
    });
    const functions = MACHINE_SCRIPT.slice(0, MACHINE_SCRIPT.lastIndexOf('np_main "$@"'));
    const ask = `np_env=NEO\nfor n in "$@"; do np_variables "$n"; printf '\\0'; done\n`;
    const env = { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: folder };
    const files = texts.map((_, at) => String(at));
    const said = spawnSync('/bin/sh', ['-s', ...files], { cwd: folder, env, input: functions + ask });
    expect(said.stderr.toString()).toBe('');
    const answers = said.stdout.toString().split('\0').slice(0, -1);
    return answers.map((answer) => answer.split('\n').filter((line) => line !== ''));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Of a name that occurs twice the last one counts. */
function lastOf(lines: readonly string[]): Record<string, string | null> {
  const words = lines.map((line) => /^(\w+)(?:=([^]*))?$/.exec(line.replaceAll('\u0001', '\n')) ?? []);
  return Object.fromEntries(words.map(([, name = '', value]): [string, string | null] => [name, value ?? null]));
}

test.each(AWKS)('the survey reads it alike with %s, and tells names only, but for those of places', (awk) => {
  const unit = fc.constantFrom(
    'HOME',
    'NEO_PROFILE',
    'A',
    '=',
    '=',
    "'",
    '"',
    '\\',
    '#',
    ';',
    ' ',
    '\t',
    '\n',
    '\n',
    '\r',
    '$',
    'ä',
  );
  const texts = [...SYSTEMD.map(([text]) => text), ...fc.sample(fc.string({ unit, maxLength: 30 }), 600)];
  const said = surveyed(awk, texts);
  expect(said).toHaveLength(texts.length);
  texts.forEach((text, at) => {
    // That a file ended before a quote was closed is not told apart from a line that did.
    const expected = Object.entries(parsed(text)).map(([name, value]) => [name, KEPT.includes(name) ? value : null]);
    const found = lastOf(said[at] ?? []);
    const trimmed = (facts: object) => Object.entries(facts).map(([name, value]) => [name, String(value).trimEnd()]);
    expect(trimmed(found).sort(), JSON.stringify(text)).toEqual(
      trimmed(Object.fromEntries(expected) as Record<string, string | null>).sort(),
    );
  });
});
