import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHeader } from '../../src/transfer/header.ts';

describe('parseHeader', () => {
  it('reads both kinds', () => {
    expect(parseHeader('{"role":"data","token":"t"}')).toEqual({ role: 'data', token: 't' });
    const control = { role: 'control', token: 't', argv: ['old', 'rsync'] };
    expect(parseHeader(JSON.stringify(control))).toEqual(control);
  });

  it.each(['', 'x', 'null', '[]', '{"role":"data"}', '{"role":"control","token":"t"}', '{"role":"data","token":1}'])(
    'takes %j for nothing',
    (line) => {
      expect(parseHeader(line)).toBeNull();
    },
  );

  it('takes an argv of anything but texts for nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (argv) => {
        const texts = Array.isArray(argv) && argv.every((arg) => typeof arg === 'string');
        expect(parseHeader(JSON.stringify({ role: 'control', token: 't', argv })) !== null).toBe(texts);
      }),
    );
  });
});
