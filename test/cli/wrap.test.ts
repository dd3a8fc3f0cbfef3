import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelled, shortened, wrap } from '../../src/cli/wrap.ts';

describe('lines that fit', () => {
  it('lose no word, and are too long only where one word is', () => {
    const words = fc.array(fc.stringMatching(/^[a-z/]{1,30}$/), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(words, fc.integer({ min: 10, max: 200 }), (given, columns) => {
        const lines = wrap(given.join(' '), columns);
        expect(lines.join(' ').split(' ')).toEqual(given);
        for (const line of lines) expect(line.length <= columns || !line.includes(' ')).toBe(true);
      }),
    );
  });

  it('keep a path whole, so that it can be copied', () => {
    expect(wrap('see /a/very/long/path/to/report.md now', 10)).toEqual([
      'see',
      '/a/very/long/path/to/report.md',
      'now',
    ]);
  });

  it('keep a number with its unit', () => {
    expect(wrap('it took 3 min 05 s in all', 14)).toEqual(['it took 3 min', '05 s in all']);
    expect(wrap('it took 12 s', 10)).toEqual(['it took', '12 s']);
  });

  it('stand behind their label', () => {
    expect(labelled('  Next  ', 'one two three', 16)).toEqual(['  Next  one two', '        three']);
  });

  it('are cut in the middle, never longer than asked', () => {
    expect(shortened('/home/al/.smart-agent-neo/agents', 20)).toBe('/home/…nt-neo/agents');
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 4, max: 80 }), (text, columns) => {
        expect(shortened(text, columns).length).toBeLessThanOrEqual(Math.max(columns, 0));
      }),
    );
  });
});
