import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStatsLine, wholeStats, type RsyncStats } from '../../src/transfer/parse-stats.ts';

const SAID = `Number of files: 9 (reg: 4, dir: 3, link: 1, special: 1)
Number of created files: 7 (reg: 4, dir: 2, link: 1)
Number of deleted files: 12 (reg: 10, dir: 2)
Number of regular files transferred: 3
Total file size: 6000016 bytes
Total transferred file size: 3000005 bytes
Literal data: 3000005 bytes
Total bytes sent: 130
Total bytes received: 3001067`;

function read(text: string): RsyncStats | null {
  return wholeStats(Object.assign({}, ...text.split('\n').map((line) => parseStatsLine(line))) as Partial<RsyncStats>);
}

describe('the statistics of rsync', () => {
  it('are read whole', () => {
    expect(read(SAID)).toEqual({
      ...{ files: 3, bytes: 3000005, deleted: 12, created: 7, sentBytes: 130, receivedBytes: 3001067 },
      tree: { entries: 9, bytes: 6000016 },
    });
  });

  it('are none as long as one value is missing', () => {
    const lines = SAID.split('\n');
    for (const at of [2, 3, 5, 7, 8]) expect(read(lines.toSpliced(at, 1).join('\n'))).toBeNull();
  });

  it('are not read from a line that only begins like one', () => {
    expect(parseStatsLine('Total bytes sent: 130 and more')).toBeNull();
    expect(parseStatsLine('deleting Total bytes sent: 130')).toBeNull();
  });

  // F124
  it('survive any text', () => {
    const near = fc.tuple(fc.constantFrom(...SAID.split('\n')), fc.nat({ max: 60 }), fc.string({ maxLength: 9 }));
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      near.map(([line, at, noise]) => line.slice(0, at) + noise + line.slice(at)),
    );
    fc.assert(
      fc.property(text, (line) => {
        const values = Object.values(parseStatsLine(line) ?? {});
        expect(values.every((value) => Number.isSafeInteger(value) && value >= 0)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});
