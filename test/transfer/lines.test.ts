import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eachLine } from '../../src/transfer/lines.ts';

async function linesOf(chunks: readonly Buffer[], maxLength?: number): Promise<string[]> {
  const lines: string[] = [];
  await eachLine(Readable.from(chunks, { objectMode: false }), (line) => lines.push(line), maxLength);
  return lines;
}

describe('eachLine', () => {
  it('ends lines at \\n and \\r, and gives the last one without an end', async () => {
    expect(await linesOf([Buffer.from('a\r b\n\r\nc')])).toEqual(['a', ' b', 'c']);
  });

  it('cuts a long line and reads on', async () => {
    expect(await linesOf([Buffer.alloc(5000, 'x'), Buffer.from('y\nz')], 10)).toEqual(['xxxxxxxxxx', 'z']);
  });

  it('does not depend on where chunks are cut', async () => {
    const chunks = fc.array(
      fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      { maxLength: 10 },
    );
    await fc.assert(
      fc.asyncProperty(chunks, async (pieces) => {
        const whole = Buffer.concat(pieces).toString('latin1');
        expect(await linesOf(pieces)).toEqual(whole.split(/[\r\n]/).filter((line) => line !== ''));
      }),
    );
  });

  it('ends when the stream is destroyed', async () => {
    const stream = new Readable({ read: () => undefined });
    const lines: string[] = [];
    const over = eachLine(stream, (line) => lines.push(line));
    stream.push('half a li');
    setImmediate(() => stream.destroy());
    await over;
    expect(lines).toEqual(['half a li']);
  });
});
