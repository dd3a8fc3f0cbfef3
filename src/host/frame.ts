import { Readable } from 'node:stream';
import { fail } from '../core/problem.ts';
import { Deferred } from './deferred.ts';
import { printable } from './printable.ts';
import type { Trailer } from './trailer.ts';

/** More than this before the nonce is no login shell's greeting. */
export const MAX_NOISE_BYTES = 1024 * 1024;
const KEPT_NOISE_BYTES = 2048;
/** Of the nonce and the process id. */
const LONGEST_LINE = 64;

/** What a FramedOutput of a line has that does not say by itself how a command ended. */
export interface Ending {
  /** Taken out of what passes. */
  readonly trailer?: Trailer;
  /** The output does not end before this: where the end of the source may be the end of the line, it is no end to be believed. */
  readonly sound: Promise<void>;
}

/**
 * The output of a Process behind its nonce: everything up to the line with the nonce (greetings, whatever rc files print) is
 * dropped, what follows is passed on as it came, uncopied and with back-pressure, but for the trailer where there is one. When
 * whoever reads it stops (`destroy`), the rest of the source is drained, so that the Process can end.
 */
export class FramedOutput extends Readable {
  readonly #source: Readable;
  readonly #nonce: Buffer;
  readonly #begun = new Deferred<number | null>();
  #held: Buffer = Buffer.alloc(0);
  #noise: Buffer = Buffer.alloc(0);
  #noiseBytes = 0;
  readonly #trailer: Trailer | null;

  constructor(source: Readable, nonce: string, ending: Ending | null = null) {
    super({ highWaterMark: 1024 * 1024 });
    this.#source = source;
    this.#trailer = ending?.trailer ?? null;
    this.#nonce = Buffer.from(`${nonce} `);
    source.on('data', this.#search).once('end', () => {
      this.#drop(this.#held);
      this.#begun.resolve(null);
      if (ending) void ending.sound.then(() => this.#end());
      else this.#end();
    });
  }

  /**
   * The process id behind the nonce, once that was seen; null when the source ended without it. Rejects with `output-too-large`
   * after 1 MiB of noise.
   */
  get begun(): Promise<number | null> {
    return this.#begun.promise;
  }

  /** The end of what was dropped, printable, for a message to a person. */
  get noise(): string {
    return printable(this.#noise);
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#source.off('data', this.#search).off('data', this.#pass);
    this.#source.on('data', (chunk: Buffer) => this.#trailer?.strip(chunk)).resume();
    done(error);
  }

  #end(): void {
    const rest = this.#trailer?.rest() ?? Buffer.alloc(0);
    if (rest.length > 0) this.push(rest);
    this.push(null);
  }

  readonly #search = (chunk: Buffer): void => {
    const seen = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const at = seen.indexOf(this.#nonce);
    const end = at < 0 ? -1 : seen.indexOf('\n', at);
    if (end >= 0) {
      this.#begin(seen, at, end);
      return;
    }
    // The line may lie across two chunks.
    const kept = at < 0 ? Math.min(seen.length, this.#nonce.length - 1) : Math.min(seen.length - at, LONGEST_LINE);
    this.#held = seen.subarray(seen.length - kept);
    this.#drop(seen.subarray(0, seen.length - kept));
  };

  #begin(seen: Buffer, at: number, end: number): void {
    this.#drop(seen.subarray(0, at));
    if (this.destroyed) return;
    this.#source.off('data', this.#search).on('data', this.#pass);
    this.#held = Buffer.alloc(0);
    this.#begun.resolve(Number(seen.toString('latin1', at + this.#nonce.length, end)));
    const rest = seen.subarray(end + 1);
    if (rest.length > 0) this.#pass(rest);
  }

  readonly #pass = (chunk: Buffer): void => {
    const passed = this.#trailer ? this.#trailer.strip(chunk) : chunk;
    if (passed.length > 0 && !this.push(passed)) this.#source.pause();
  };

  #drop(bytes: Buffer): void {
    this.#noiseBytes += bytes.length;
    this.#noise = Buffer.concat([this.#noise, bytes.subarray(-KEPT_NOISE_BYTES)]).subarray(-KEPT_NOISE_BYTES);
    if (this.#noiseBytes <= MAX_NOISE_BYTES) return;
    this.#begun.reject(
      fail('output-too-large', {
        message: `The login shell printed more than ${MAX_NOISE_BYTES} bytes before the command began.`,
        hint: 'Look at what the start-up files of that account print (.bashrc, .zshrc, config.fish, .tcshrc, /etc/profile).',
      }),
    );
    this.destroy();
  }
}
