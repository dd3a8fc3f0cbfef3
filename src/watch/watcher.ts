import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { ExcludeRule, Root } from '../core/plan.ts';
import { RecordError } from '../core/records.ts';
import { Deferred } from '../host/deferred.ts';
import { Waiters } from '../host/waiters.ts';
import { unlessAborted, within } from '../host/within.ts';
import { type Dirty, DirtySet } from './dirty-set.ts';
import { PROGRAM_SHA256, PROGRAM_TEXT } from './program.generated.ts';
import { type Listener, Receiver } from './receiver.ts';
import type { Doing, GapWord } from './record.ts';
import { encodeRequest } from './request.ts';
import { WatchLine } from './watch-line.ts';
import { ended, failure, malformed, unavailable } from './watch-problem.ts';

export type { Dirty } from './dirty-set.ts';

export type WatcherState = Doing;

/**
 * What hears, on the old machine, of what changes in the roots. What it tells is a hint of where to look: a directory whose names
 * change is not told itself, and neither writing through a hard link elsewhere nor through mapped memory is heard at all.
 */
export interface Watcher {
  /** As it said last. */
  state(): WatcherState;
  /** All that was told since the last take, joined by path (a subtree swallows what lies below). Empty: nothing. */
  take(): readonly Dirty[];
  /** Why, since the last time, something was or may have been lost, so that only a full pass knows; null when nothing was. */
  takeGap(): string | null;
  /** Resolves when there is something to take or a gap. Rejects with the signal's reason, and as `over` does. May be asked for days. */
  changed(signal: AbortSignal): Promise<void>;
  /** Rejects as `over` does, and with the signal's reason; never resolves. May be asked for days, which `over` itself may not. */
  ended(signal: AbortSignal): Promise<void>;
  /**
   * Everything that happened on the old machine before this call has been told (or is told as a gap) when it resolves true; false where
   * that cannot be proven: no folder may be written, not all directories can be watched, the chokidar engine, `timeoutMs`, an end.
   * Rejects with the signal's reason.
   */
  settled(signal: AbortSignal, timeoutMs: number): Promise<boolean>;
  /**
   * Rejects when the watcher is over: with `connection-lost`, `watcher-ended`, `watch-limit`, `answer-malformed`, or the signal's reason.
   * Never resolves, and does nothing more once `close` was called.
   */
  readonly over: Promise<never>;
  /** Ends it on the old machine and waits until it is gone there. Repeatable; throws nothing. */
  close(): Promise<void>;
}

export interface WatchLimits {
  /** From the start until all is watched. */
  readonly readyMs: number;
  /** So often it tells that it lives. */
  readonly beatMs: number;
  /** So long it may say nothing at all. */
  readonly silenceMs: number;
  /** So long without a word from here it goes on; then it ends by itself. */
  readonly deafMs: number;
}

const LIMITS: WatchLimits = { readyMs: 120_000, beatMs: 5000, silenceMs: 30_000, deafMs: 60_000 };

export interface WatchOptions {
  readonly old: Host;
  /** The Node there, absolute; any from 18 on. */
  readonly node: string;
  readonly roots: readonly Root[];
  readonly excludes: readonly ExcludeRule[];
  /** A folder of ours on the old machine, absolute, that is there; null where nothing may be written. */
  readonly cookieDir: string | null;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly limits?: Partial<WatchLimits>;
  /** The engine; chosen there by the size of the roots and the system unless given. */
  readonly engine?: WatcherState['engine'];
}

/**
 * Starts the watcher on the old machine and resolves when it watches. Nothing is installed there and no file is left.
 *
 * Throws `watcher-unavailable` (no usable Node, or it does not begin to watch), `watch-limit`, `source-gone`, `account-read-only`,
 * `answer-malformed`, the signal's reason, and what the Host throws (`connection-lost`).
 */
export async function startWatcher(options: WatchOptions): Promise<Watcher> {
  const following = new Following(options);
  await following.start();
  return following;
}

const GAPS: Readonly<Record<GapWord | 'flooded', string>> = {
  overflow: 'more happened at once than the old machine keeps in mind',
  'too-much': 'more changed than could be told',
  flooded: 'more was told than can be looked at one by one',
  'root-gone': 'a directory that is followed is gone',
  'root-replaced': 'a directory that is followed is another one now',
  unwatched: 'a directory cannot be watched',
  linked: 'a file has got another name, and they are one file only in a pass over everything',
  'engine-changed': 'the tree is watched in another way now',
};

/** So many answers about cookies may be outstanding. */
const MOST_COOKIES = 1000;

class Following implements Watcher, Listener {
  readonly over: Promise<never>;
  readonly #over = new Deferred<never>();
  readonly #closed = new Deferred<never>();
  readonly #ready = new Deferred<void>();
  readonly #options: WatchOptions;
  readonly #limits: WatchLimits;
  readonly #receiver: Receiver;
  readonly #dirty = new DirtySet();
  readonly #cookies = new Map<string, Deferred<boolean>>();
  #state: WatcherState = { engine: 'directories', directories: 0, rssBytes: 0 };
  #gap: string | null = null;
  readonly #news = new Waiters();
  #end: unknown = null;
  #line: WatchLine | null = null;

  constructor(options: WatchOptions) {
    this.over = this.#over.promise;
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#receiver = new Receiver(options.roots, this);
  }

  async start(): Promise<void> {
    const { old, node, clock, signal } = this.#options;
    const { silenceMs, readyMs } = this.#limits;
    const take = (chunk: Buffer): void => this.#hear(chunk);
    const line = await WatchLine.open({ old, node, clock, signal, silenceMs, request: this.#request(), take });
    this.#line = line;
    line.over.catch((reason: unknown) => {
      this.#over.reject(reason);
      this.#isOver(reason);
    });
    const late = (): Error => unavailable(old.label, `it was not ready after ${readyMs / 1000} s.`);
    try {
      await within(Promise.race([this.#ready.promise, line.over]), { waitMs: readyMs, clock, late });
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  state(): WatcherState {
    return this.#state;
  }

  take(): readonly Dirty[] {
    return this.#dirty.take();
  }

  takeGap(): string | null {
    const gap = this.#gap;
    this.#gap = null;
    return gap;
  }

  async changed(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#dirty.isEmpty && this.#gap === null) {
      this.#throwIfEnded();
      await this.#news.wait(signal);
    }
  }

  async ended(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#throwIfEnded();
      await this.#news.wait(signal);
    }
  }

  async settled(signal: AbortSignal, timeoutMs: number): Promise<boolean> {
    signal.throwIfAborted();
    const { cookieDir, clock } = this.#options;
    if (cookieDir === null || this.#state.engine !== 'directories' || this.#cookies.size >= MOST_COOKIES) return false;
    const id = randomBytes(8).toString('hex');
    const answer = new Deferred<boolean>();
    this.#cookies.set(id, answer);
    this.#receiver.expect(id);
    this.#line?.say(`cookie ${id}`);
    const proven = Promise.race([answer.promise, this.over, this.#closed.promise]).catch(() => false);
    const late = (): Error => new Error('no cookie came back');
    const inTime = within(proven, { waitMs: timeoutMs, clock, late }).catch(() => false);
    return unlessAborted(inTime, signal);
  }

  async close(): Promise<void> {
    const reason = ended(this.#options.old.label, 'it was ended by neo-pull.');
    this.#closed.reject(reason);
    this.#isOver(reason);
    await this.#line?.close();
  }

  doing(doing: Doing): void {
    this.#state = doing;
  }

  ready(): void {
    if (this.#line) this.#line.isReady = true;
    this.#ready.resolve();
  }

  told({ root: id, path, subtree }: Parameters<Listener['told']>[0]): void {
    const root = this.#options.roots.find((one) => one.id === id);
    if (!root) return;
    const isHeld = this.#dirty.add({ root, path, subtree, atMs: this.#options.clock.now() });
    if (!isHeld) this.#gap = GAPS.flooded;
    this.#tellNews();
  }

  gap(word: GapWord): void {
    this.#gap = GAPS[word];
    this.#tellNews();
  }

  cookie(id: string, isThere: boolean): void {
    this.#cookies.get(id)?.resolve(isThere);
    this.#cookies.delete(id);
  }

  failed(code: string, rootId: string): void {
    const { old, roots } = this.#options;
    const path = roots.find(({ id }) => id === rootId)?.oldPath ?? '';
    throw failure({ code, path, label: old.label }, this.#line?.isReady === true);
  }

  #hear(chunk: Buffer): void {
    try {
      this.#receiver.take(chunk);
    } catch (error) {
      throw error instanceof RecordError ? malformed(this.#options.old.label, error.message) : error;
    }
  }

  #tellNews(): void {
    this.#news.wake();
  }

  #isOver(reason: unknown): void {
    this.#end ??= reason;
    this.#news.wake();
  }

  #throwIfEnded(): void {
    if (this.#end === null) return;
    throw this.#end instanceof Error ? this.#end : new Error('the watcher is over');
  }

  #request(): string {
    const { roots, excludes, cookieDir, engine = null } = this.#options;
    const { beatMs, deafMs } = this.#limits;
    return encodeRequest({
      program: { bytes: Buffer.byteLength(PROGRAM_TEXT), sha256: PROGRAM_SHA256 },
      roots: roots.map(({ id, oldPath, room, workspaces, files }) => ({ id, oldPath, room, workspaces, files })),
      excludes: excludes.map(({ pattern, room }) => ({ pattern, room, reason: '' })),
      cookieDir,
      engine,
      beatMs,
      deafMs,
    });
  }
}
