import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEnvFile } from '../../src/checks/env-file.ts';

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
