import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deferred } from '../../src/host/deferred.ts';
import { FramedOutput } from '../../src/host/frame.ts';
import { Trailer } from '../../src/host/trailer.ts';

const NONCE = 'abababababababababababababababab';
const SOUND = { sound: Promise.resolve() };

describe('the trailer that tells how a command ended', () => {
  it('is taken out, whatever stands before and behind it, and wherever the chunks are cut', async () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    // Beginnings of the trailer are the hard case.
    const text = fc.oneof(bytes, fc.constantFrom(...['ab', NONCE, `${NONCE}\n`].map((each) => Buffer.from(each))));
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        fc.nat(255),
        fc.array(fc.nat(90), { maxLength: 12 }),
        async (before, after, code, cuts) => {
          const whole = Buffer.concat([Buffer.from(`${NONCE} 1\n`), before, Buffer.from(`${NONCE}=${code}\n`), after]);
          const trailer = new Trailer(NONCE);
          const framed = new FramedOutput(Readable.from(cut(whole, cuts)), NONCE, { ...SOUND, trailer });
          expect((await buffer(framed)).equals(Buffer.concat([before, after]))).toBe(true);
          expect(trailer.status).toBe(code);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([`${NONCE}=`, `${NONCE}=12`, `${NONCE}=1234\n`, `${NONCE}=x\n`, NONCE.slice(0, 9), ''])(
    'is not %j, which passes',
    async (said) => {
      const trailer = new Trailer(NONCE);
      const source = Readable.from([Buffer.from(`${NONCE} 1\nsaid `), Buffer.from(said)]);
      expect((await buffer(new FramedOutput(source, NONCE, { ...SOUND, trailer }))).toString()).toBe(`said ${said}`);
      expect(trailer.status).toBeNull();
    },
  );

  it('holds back nothing that cannot be its beginning', () => {
    const trailer = new Trailer(NONCE);
    expect(trailer.strip(Buffer.from('Password: ')).toString()).toBe('Password: ');
    expect(trailer.strip(Buffer.from('xaba')).toString()).toBe('x');
    expect(trailer.strip(Buffer.from('!')).toString()).toBe('aba!');
  });

  it('is heard although the reader has gone away', async () => {
    const trailer = new Trailer(NONCE);
    const source = new PassThrough();
    const framed = new FramedOutput(source, NONCE, { ...SOUND, trailer });
    source.write(`${NONCE} 1\n`);
    await framed.begun;
    framed.destroy();
    source.end(`${NONCE}=3\n`);
    await once(source, 'end');
    expect(trailer.status).toBe(3);
  });

  it('ends no output before that is known to be its end', async () => {
    const sound = new Deferred<undefined>();
    const source = Readable.from([Buffer.from(`${NONCE} 1\nsaid`)]);
    const framed = new FramedOutput(source, NONCE, { sound: sound.promise });
    let ended = false;
    framed.on('end', () => (ended = true)).resume();
    await once(source, 'close');
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    sound.resolve(undefined);
    await once(framed, 'end');
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
