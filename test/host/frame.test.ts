import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FramedOutput, MAX_NOISE_BYTES } from '../../src/host/frame.ts';
import { problemFrom } from '../kit/problem-from.ts';

const NONCE = 'abababababababababababababababab';

describe('the output of a Process behind its nonce', () => {
  it('is what follows the nonce, wherever the chunks are cut', async () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    // Beginnings of the nonce in the noise are the hard case.
    const noise = fc.oneof(bytes, fc.constant(Buffer.from('abab')), fc.constant(Buffer.from(`${NONCE}x`)));
    await fc.assert(
      fc.asyncProperty(noise, bytes, fc.array(fc.nat(300), { maxLength: 12 }), async (before, after, cuts) => {
        const whole = Buffer.concat([before, Buffer.from(`${NONCE} 4711\n`), after]);
        const framed = new FramedOutput(Readable.from(cut(whole, cuts)), NONCE);
        expect((await buffer(framed)).equals(after)).toBe(true);
        expect(await framed.begun).toBe(4711);
      }),
      { numRuns: 300 },
    );
  });

  it('passes chunks on without copying them', async () => {
    const chunk = Buffer.from('the very same bytes');
    const framed = new FramedOutput(Readable.from([Buffer.from(`noise${NONCE} 1\n`), chunk]), NONCE);
    const got: unknown[] = [];
    for await (const each of framed) got.push(each);
    expect(got).toHaveLength(1);
    expect(got[0]).toBe(chunk);
  });

  it('says so when the nonce never came, and keeps what was said instead, printable', async () => {
    const framed = new FramedOutput(Readable.from([Buffer.from('This account is \x1b[1mclosed\x1b[0m.\n')]), NONCE);
    framed.resume();
    expect(await framed.begun).toBeNull();
    expect(framed.noise).toBe('This account is \\x1b[1mclosed\\x1b[0m.\\n');
  });

  it('does not take a nonce without a process id for the beginning', async () => {
    const framed = new FramedOutput(Readable.from([Buffer.from(`${NONCE}\nmore`)]), NONCE);
    framed.resume();
    expect(await framed.begun).toBeNull();
  });

  it('gives up after a mebibyte of noise, and drains the rest', async () => {
    let drained = 0;
    const endless = Readable.from(
      (function* () {
        for (; drained < 40; drained += 1) yield Buffer.alloc(MAX_NOISE_BYTES / 10, 'x');
      })(),
    );
    const ended = once(endless, 'end');
    const framed = new FramedOutput(endless, NONCE);
    expect(await problemFrom(framed.begun)).toMatchObject({ code: 'output-too-large' });
    await ended;
    expect(drained).toBe(40);
  });

  it('lets the source run out when its reader goes away', async () => {
    const source = Readable.from([Buffer.from(`${NONCE} 1\n`), Buffer.alloc(1000), Buffer.alloc(1000)]);
    const ended = once(source, 'end');
    const framed = new FramedOutput(source, NONCE);
    await framed.begun;
    framed.destroy();
    await ended;
    expect(source.readableEnded).toBe(true);
  });
});

function* cut(whole: Buffer, cuts: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (const length of cuts) {
    if (length > 0 && at < whole.length) yield whole.subarray(at, at + length);
    at += length;
  }
  if (at < whole.length) yield whole.subarray(at);
}
