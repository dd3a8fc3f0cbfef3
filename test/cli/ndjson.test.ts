import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLine, ndjson } from '../../src/cli/ndjson.ts';
import { movedJournal, surroundings } from './sample.ts';

describe('events as NDJSON', () => {
  it('are one line each, and the same again when read', () => {
    const { around, stdout } = surroundings([]);
    movedJournal().forEach(ndjson(around.stdout));
    const read = stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(read).toEqual(movedJournal());
  });

  it('hold nothing that a terminal obeys, and lose nothing by it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = jsonLine({ text });
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(JSON.parse(line)).toEqual({ text });
      }),
    );
  });
});
