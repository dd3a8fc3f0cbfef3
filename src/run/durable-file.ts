import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** What a DurableFile needs of an open file. */
export type AppendHandle = Pick<FileHandle, 'write' | 'datasync' | 'truncate' | 'close'>;

/**
 * A file that grows by whole pieces: a piece is on the disk when `append` resolves, and leaves nothing behind when it rejects.
 * Knows no format. One writer only, one `append` at a time.
 */
export class DurableFile {
  readonly #handle: AppendHandle;
  #size: number;
  /** Why the file can no longer be trusted to end where `#size` says. */
  #broken: { readonly cause: unknown } | null = null;

  /** Takes over an open handle; `size` is where the next piece goes. */
  constructor(handle: AppendHandle, size: number) {
    this.#handle = handle;
    this.#size = size;
  }

  /** Makes a new, empty file, 0600. Rejects with the system's error, `EEXIST` where something is there already. */
  static async create(path: string): Promise<DurableFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return new DurableFile(await open(path, flags, 0o600), 0);
  }

  /** Opens a file to go on after its first `size` bytes; what lies beyond is cut off, durably. Never follows a link. */
  static async open(path: string, size: number): Promise<DurableFile> {
    const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      await handle.truncate(size);
      await handle.datasync();
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new DurableFile(handle, size);
  }

  /** Writes one piece at the end and waits for the disk. Rejects with the system's error, and then the file is as it was. */
  async append(bytes: Buffer): Promise<void> {
    if (this.#broken) throw this.#broken.cause;
    try {
      await this.#write(bytes);
      await this.#handle.datasync();
    } catch (error) {
      await this.#cutBack();
      throw error;
    }
    this.#size += bytes.length;
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.#size + done);
      done += bytesWritten;
    }
  }

  async #cutBack(): Promise<void> {
    try {
      await this.#handle.truncate(this.#size);
      await this.#handle.datasync();
    } catch (cause) {
      // Nobody knows what the disk holds now: a later piece that "succeeds" would promise more than it can keep.
      this.#broken = { cause };
    }
  }
}
