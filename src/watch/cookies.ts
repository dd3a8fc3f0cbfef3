import { closeSync, type FSWatcher, openSync, unlinkSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Outbox } from './outbox.ts';

/** A cookie is waited for no longer; whoever asked has given up before. */
const STALE_MS = 60_000;
const PREFIX = '.neo-pull-cookie-';

export interface CookieParts {
  /** Null where nothing may be written. */
  readonly folder: string | null;
  readonly outbox: Outbox;
  readonly later: (waitMs: number, act: () => void) => void;
  /** Does `act` when all that was seen so far has been told, and says whether that is all there was. */
  readonly after: (act: (isWhole: boolean) => void) => void;
}

/**
 * Proofs that everything up to now has been told. A file is made and removed in our own folder; what the system says of it stands in
 * the one queue of this process behind all that happened before.
 */
export class Cookies {
  readonly #parts: CookieParts;
  /** Those whose file was made and has not been heard of yet. */
  readonly #waiting = new Map<string, FSWatcher>();

  constructor(parts: CookieParts) {
    this.#parts = parts;
  }

  ask(id: string): void {
    try {
      if (this.#parts.folder === null) this.#deny(id);
      else this.#bake(this.#parts.folder, id);
    } catch {
      this.#deny(id);
    }
  }

  /** The system has dropped what it was to say, and maybe of a cookie too. */
  giveUp(): void {
    for (const id of [...this.#waiting.keys()]) if (this.#isOver(id)) this.#deny(id);
  }

  #bake(folder: string, id: string): void {
    const [name, path] = [`${PREFIX}${id}`, join(folder, `${PREFIX}${id}`)];
    const watcher = watch(folder, (_, seen) => {
      if (seen === name && this.#isOver(id)) this.#came(id);
    });
    this.#waiting.set(id, watcher);
    try {
      closeSync(openSync(path, 'wx', 0o600));
      unlinkSync(path);
    } catch (error) {
      this.#isOver(id);
      throw error;
    }
    this.#parts.later(STALE_MS, () => void this.#isOver(id));
  }

  #came(id: string): void {
    this.#parts.after((isWhole) => {
      if (isWhole) this.#parts.outbox.say({ type: 'cookie', id });
      else this.#deny(id);
    });
  }

  #deny(id: string): void {
    this.#parts.outbox.say({ type: 'nocookie', id });
  }

  /** Waits for it no longer. False where that was so already. */
  #isOver(id: string): boolean {
    this.#waiting.get(id)?.close();
    return this.#waiting.delete(id);
  }
}
