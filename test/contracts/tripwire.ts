import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { EventBody } from '../../src/core/event.ts';
import type { Host, Process, SpawnOptions } from '../../src/core/host.ts';
import { fail } from '../../src/core/problem.ts';
import type { World } from '../../src/core/step.ts';

/** Where the line is cut: at the `at`-th operation (from 1), before it took place or after it did and its answer was lost. */
export interface Cut {
  readonly at: number;
  readonly when: 'before' | 'after';
}

const MUTATORS = [
  ...(['rename', 'link', 'unlink', 'rm', 'rmdir', 'mkdir', 'mkdtemp', 'symlink', 'writeFile', 'appendFile'] as const),
  ...(['copyFile', 'cp', 'truncate', 'chmod', 'chown', 'lchown', 'utimes', 'lutimes'] as const),
];
type AnyCall = (...args: unknown[]) => Promise<unknown>;

/**
 * Counts what a step does to the world outside (Processes started, events told, changes to the file system of this machine by
 * `node:fs/promises`) and breaks it off at one of them: from there on nothing gets through any more, as after a crash.
 * What is written through an open file handle counts as one with the opening.
 */
export class Tripwire {
  readonly #cut: Cut | null;
  readonly #abort = new AbortController();
  readonly told: EventBody[] = [];
  count = 0;

  constructor(cut: Cut | null) {
    this.#cut = cut;
  }

  /** Runs `act` in a world with this wire in it; the file system is as ever afterwards. */
  async around(world: World, act: (world: World) => Promise<void>): Promise<void> {
    const restore = this.#wireFiles();
    try {
      await act(this.#wired(world));
    } finally {
      restore();
    }
  }

  #wired(world: World): World {
    return {
      ...world,
      old: this.#wiredHost(world.old),
      new: this.#wiredHost(world.new),
      clock: {
        now: () => world.clock.now(),
        sleep: (waitMs, signal) => (this.#isCut() ? Promise.reject(lost()) : world.clock.sleep(waitMs, signal)),
      },
      emit: (event) => {
        this.told.push(event);
        return this.#pass(() => world.emit(event), lost);
      },
      signal: AbortSignal.any([world.signal, this.#abort.signal]),
    };
  }

  #wiredHost(host: Host): Host {
    return {
      label: host.label,
      spawn: (argv, options) => this.#spawn(host, argv, options),
      close: () => host.close(),
    };
  }

  async #spawn(host: Host, argv: readonly string[], options?: SpawnOptions): Promise<Process> {
    const cutAfter = this.#enter(lost);
    const process = await host.spawn(argv, options);
    if (!cutAfter) return process;
    // The command does all of its work; only how it ended is never heard.
    const exit = process.exit.then(() => {
      throw this.#trip(lost);
    });
    exit.catch(() => undefined);
    const { stdin, stdout, stderr } = process;
    return { stdin, stdout, stderr, exit, kill: (signal) => process.kill(signal) };
  }

  async #pass<T>(act: () => Promise<T>, error: () => Error): Promise<T> {
    const cutAfter = this.#enter(error);
    const result = await act();
    if (!cutAfter) return result;
    // Nobody gets to know of the file that was opened, and a process that crashed has none open.
    if (isFile(result)) await result.close();
    throw this.#trip(error);
  }

  /** Counts one operation; true when the cut comes after it. */
  #enter(error: () => Error): boolean {
    if (this.#isCut()) throw error();
    this.count += 1;
    if (this.#cut?.at !== this.count) return false;
    if (this.#cut.when === 'before') throw this.#trip(error);
    return true;
  }

  #trip(error: () => Error): Error {
    this.#abort.abort(lost());
    return error();
  }

  #isCut(): boolean {
    return this.#abort.signal.aborted;
  }

  #wireFiles(): () => void {
    const calls = fsPromises as unknown as Record<string, AnyCall>;
    const originals = new Map<string, AnyCall>();
    const wire = (name: string, counts: (args: unknown[]) => boolean): void => {
      const original = calls[name];
      if (!original) throw new Error(`node:fs/promises has no ${name}`);
      originals.set(name, original);
      calls[name] = (...args) => (counts(args) ? this.#pass(() => original(...args), ioError) : original(...args));
    };
    for (const name of MUTATORS) wire(name, () => true);
    wire(
      'open',
      ([, flags]) => flags !== undefined && flags !== 'r' && (typeof flags !== 'number' || (flags & 3) !== 0),
    );
    syncBuiltinESMExports();
    return () => {
      for (const [name, original] of originals) calls[name] = original;
      syncBuiltinESMExports();
    };
  }
}

function isFile(result: unknown): result is fsPromises.FileHandle {
  return typeof result === 'object' && result !== null && 'fd' in result && 'close' in result;
}

function lost(): Error {
  return fail('connection-lost', { message: 'The tripwire cut the line.', hint: 'This is a test.' });
}

function ioError(): Error {
  return Object.assign(new Error('EIO: i/o error, by the tripwire'), { code: 'EIO', errno: -5 });
}
