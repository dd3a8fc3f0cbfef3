import { createHash } from 'node:crypto';
import { closeSync, read, readSync } from 'node:fs';
import { codeOf } from './directory.ts';

/** What was read of a file: the hash and the count of exactly those bytes; or why it could not be read. */
export type Digest = { readonly hash: string; readonly size: number } | { readonly code: string };

/** So many files are read at once: disks and networks answer many questions faster than one after the other. */
export const LANES = 8;

const BUFFER_BYTES = 512 * 1024;

const SMALL_BYTES = 64 * 1024;
/** What is in the memory of the machine is read faster than this, what has to come from a disk is not. */
const WARM_MS = 0.25;
/** So many files after a cold one are expected to be cold as well. */
const COLD_FILES = 256;

/** Reads files and hashes them, several at once. Holds one buffer for each lane in use, whatever the files' sizes. */
export class Hashing {
  readonly #buffers: Buffer[] = [];
  readonly #onRead: (bytes: number) => void;
  readonly #small = Buffer.allocUnsafeSlow(SMALL_BYTES);
  #running = 0;
  #coldLeft = 0;
  #stopped = false;

  /** `onRead` hears of every piece that was read, so that a long file is told from a hanging one. */
  constructor(onRead: (bytes: number) => void) {
    this.#onRead = onRead;
  }

  /** May another file be begun? */
  get full(): boolean {
    return this.#running >= LANES;
  }

  /** Ends what is being read; the digests then say `ECANCELED`. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Hashes the first `size` bytes of an open file, or fewer when it ends before, and closes it. Never throws. The end is fixed
   * beforehand because a file that is appended to faster than it is read would have none.
   */
  digest(fd: number, size: number): Digest | Promise<Digest> {
    if (size > SMALL_BYTES || this.#coldLeft > 0) {
      this.#coldLeft = Math.max(0, this.#coldLeft - 1);
      return this.#inLane(fd, (buffer) => this.#readAll(fd, size, buffer));
    }
    return this.#atOnce(fd, size);
  }

  /** Handing a read to a thread costs more than a small read itself, as long as no disk has to be waited for. */
  #atOnce(fd: number, size: number): Digest {
    const startedAt = performance.now();
    try {
      const count = readSync(fd, this.#small, 0, size, null);
      if (performance.now() - startedAt > WARM_MS) this.#coldLeft = COLD_FILES;
      this.#onRead(count);
      return { hash: createHash('sha256').update(this.#small.subarray(0, count)).digest('hex'), size: count };
    } catch (thrown) {
      return { code: codeOf(thrown) };
    } finally {
      closeSync(fd);
    }
  }

  async #inLane(fd: number, work: (buffer: Buffer) => Promise<Digest>): Promise<Digest> {
    const buffer = this.#buffers.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#running += 1;
    try {
      return await work(buffer);
    } catch (thrown) {
      return { code: codeOf(thrown) };
    } finally {
      closeSync(fd);
      this.#running -= 1;
      this.#buffers.push(buffer);
    }
  }

  async #readAll(fd: number, size: number, buffer: Buffer): Promise<Digest> {
    const hash = createHash('sha256');
    let done = 0;
    while (done < size) {
      const count = await readSome(fd, buffer, Math.min(buffer.length, size - done));
      if (this.#stopped) return { code: 'ECANCELED' };
      if (count === 0) break;
      hash.update(buffer.subarray(0, count));
      done += count;
      this.#onRead(count);
    }
    return { hash: hash.digest('hex'), size: done };
  }
}

function readSome(fd: number, buffer: Buffer, length: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, null, (error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}
