import { constants } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Event, EventBody } from '../core/event.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { EMPTY_RUN, foldRun, type RunState } from '../core/run-state.ts';
import { isoTime } from '../core/timestamp.ts';
import { quoteWord } from '../host/quote.ts';
import { DurableFile } from './durable-file.ts';
import { journalLine, parseJournal, type JournalText } from './journal-text.ts';
import { syncFolder } from './private-folder.ts';
import { errorCode } from './system-error.ts';

const JOURNAL = 'journal.ndjson';
const RESERVE = 'journal.reserve';
const RESERVE_BYTES = 64 * 1024;

/** What a Journal stands on; all of it comes with the run. */
interface Ground {
  readonly folder: string;
  readonly clock: Clock;
  readonly runId: string;
}

/**
 * The durable lines of one Run: `journal.ndjson` in its folder, one Event a line. What `append` has resolved survives a crash of
 * the program and of the machine. One process at a time may hold it open for appending (`acquireLock`).
 *
 * A small file beside it keeps disk space for the way back: on a full disk going forward fails with `disk-full`, but the lines
 * of an unwinding still find room.
 */
export class Journal {
  readonly #ground: Ground;
  readonly #file: DurableFile;
  readonly #events: Event[];
  #state: RunState;
  #seq: number;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(ground: Ground, file: DurableFile, read: JournalText) {
    this.#ground = ground;
    this.#file = file;
    this.#events = [...read.events];
    this.#state = read.state;
    this.#seq = read.events.at(-1)?.seq ?? 0;
  }

  /**
   * Begins the Journal of a new run in its (private) folder; file 0600, the folder synced. Throws `run-not-ready` where there is
   * one already, `disk-full` or `journal-unwritable` where it cannot be written.
   */
  static async create(folder: string, clock: Clock, runId: string): Promise<Journal> {
    const path = join(folder, JOURNAL);
    try {
      const file = await DurableFile.create(path);
      try {
        await layReserve(folder);
        await syncFolder(folder);
      } catch (error) {
        await file.close();
        await rm(path);
        throw error;
      }
      return new Journal({ folder, clock, runId }, file, { events: [], state: EMPTY_RUN, wholeBytes: 0 });
    } catch (error) {
      if (errorCode(error) === 'EEXIST') throw begunAlready(runId, error);
      throw unwritten(folder, error);
    }
  }

  /**
   * Opens a Journal to go on with it: reads its whole history and cuts off a torn tail. Throws what `readJournal` throws,
   * `journal-damaged` where it is another run's, `disk-full` or `journal-unwritable`.
   */
  static async open(folder: string, clock: Clock, runId: string): Promise<Journal> {
    const read = await readText(folder);
    const found = read.events[0]?.run ?? runId;
    if (found !== runId) throw strangers(runId, found);
    try {
      const file = await DurableFile.open(join(folder, JOURNAL), read.wholeBytes);
      // On a disk that is full already there is nothing to reserve, and the way back is tried all the same.
      await layReserve(folder).catch(() => undefined);
      return new Journal({ folder, clock, runId }, file, read);
    } catch (error) {
      throw unwritten(folder, error);
    }
  }

  /** What the Journal holds, oldest first. */
  get events(): readonly Event[] {
    return this.#events;
  }

  /** The fold of what the Journal holds: only what is durable. */
  get state(): RunState {
    return this.#state;
  }

  /** Gives an event that is only told its place among the durable ones. Writes nothing. */
  stamp(body: EventBody): Event {
    this.#seq += 1;
    return { v: 1, seq: this.#seq, ts: isoTime(this.#ground.clock.now()), run: this.#ground.runId, ...body };
  }

  /**
   * Writes one event and waits for the disk; calls are served one after the other. Throws `disk-full` or `journal-unwritable`,
   * and then the Journal is as it was before.
   */
  append(body: EventBody): Promise<Event> {
    const written = this.#queue.then(() => this.#write(body));
    this.#queue = written.catch(() => undefined);
    return written;
  }

  /** Waits for what is being written and lets go of the file. */
  async close(): Promise<void> {
    await this.#queue;
    await this.#file.close();
    if (this.#state.finished) await rm(join(this.#ground.folder, RESERVE), { force: true });
  }

  async #write(body: EventBody): Promise<Event> {
    const line = journalLine(this.stamp(body));
    // Through JSON, so that this process sees exactly what a later one will read.
    const event = JSON.parse(line.toString()) as Event;
    const state = foldRun(this.#state, event);
    await this.#put(line, isWayBack(body) || this.#state.unwinding !== null);
    this.#events.push(event);
    this.#state = state;
    return event;
  }

  async #put(line: Buffer, wayBack: boolean): Promise<void> {
    try {
      await this.#file.append(line).catch(async (error: unknown) => {
        if (!wayBack || !isFull(error)) throw error;
        await rm(join(this.#ground.folder, RESERVE), { force: true });
        await this.#file.append(line);
      });
    } catch (error) {
      throw unwritten(this.#ground.folder, error);
    }
  }
}

/**
 * Reads a run's Journal without changing it; a torn tail is passed over. Repeatable, also while another process appends.
 * Throws `run-unknown` where there is none, `journal-newer`, `journal-damaged`.
 */
export async function readJournal(folder: string): Promise<readonly Event[]> {
  return (await readText(folder)).events;
}

async function readText(folder: string): Promise<JournalText> {
  const path = join(folder, JOURNAL);
  let bytes: Buffer;
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      bytes = await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw unread(path, cause);
  }
  return parseJournal(bytes);
}

/** Room for the lines of an unwinding; real bytes, because a hole would reserve nothing. Repeatable; all or nothing. */
async function layReserve(folder: string): Promise<void> {
  const path = join(folder, RESERVE);
  try {
    await writeFile(path, Buffer.alloc(RESERVE_BYTES, '\n'), { mode: 0o600, flush: true });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

function isWayBack({ type }: EventBody): boolean {
  return type === 'run.unwinding' || type === 'step.undoing' || type === 'step.undone' || type === 'run.finished';
}

function isFull(error: unknown): boolean {
  return errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT';
}

function unwritten(folder: string, cause: unknown): ProblemError {
  const path = join(folder, JOURNAL);
  if (isFull(cause)) {
    return fail(
      'disk-full',
      {
        message: `The journal ${path} could not be written: no space is left there.`,
        hint: `Make room (\`df -h ${quoteWord(folder)}\`), then \`neo-pull resume\` or \`neo-pull rollback\`.`,
      },
      { cause },
    );
  }
  return fail(
    'journal-unwritable',
    {
      message: `The journal ${path} could not be written (${errorCode(cause) ?? String(cause)}).`,
      hint: `Look at the disk and the rights (\`ls -ld ${quoteWord(folder)}\`), then \`neo-pull status\`.`,
    },
    { cause },
  );
}

function unread(path: string, cause: unknown): ProblemError {
  if (errorCode(cause) === 'ENOENT') {
    return fail(
      'run-unknown',
      {
        message: `This run has no journal (${path}): it ended before it began.`,
        hint: 'Start anew: `neo-pull user@old`.',
      },
      { cause },
    );
  }
  return fail(
    'journal-damaged',
    {
      message: `The journal ${path} cannot be read (${errorCode(cause) ?? String(cause)}).`,
      hint: `Look at the file and its rights: \`ls -l ${quoteWord(path)}\`.`,
    },
    { cause },
  );
}

function begunAlready(runId: string, cause: unknown): ProblemError {
  return fail(
    'run-not-ready',
    { message: `Run ${runId} has a journal already.`, hint: `Go on with it: \`neo-pull resume ${runId}\`.` },
    { cause },
  );
}

function strangers(runId: string, found: string): ProblemError {
  return fail('journal-damaged', {
    message: `The journal in the folder of run ${runId} is that of run ${found}.`,
    hint: `Name the folder as its run is called, or open that one: \`neo-pull status ${found}\`.`,
  });
}
