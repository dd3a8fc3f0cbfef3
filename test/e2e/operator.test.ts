import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Fault } from '../kit/faults.ts';
import { expectAsBefore, expectMoved, makeMoverLab, orderFor, type Mode, type MoverLab } from '../kit/mover-lab.ts';
import type { MoverOrder } from '../kit/mover-order.ts';
import { finished, makeMoverProgram, type MoverEnd } from '../kit/mover-run.ts';

/** A thousand sequences, and not one. */
const SLOW = process.env['SLOW'] === '1';
const SEQUENCES = SLOW ? Number(process.env['SEQUENCES'] ?? 1000) : 1;
const SEED = 20261125;

const mover = await makeMoverProgram();
const counts = { sequences: 0, commands: 0, mishaps: 0 };

afterAll(() => {
  mover.remove();
  process.stdout.write(
    `An operator of any kind: ${String(counts.sequences)} sequences (seed ${String(SEED)}), ${String(counts.commands)} commands, of them ${String(counts.mishaps)} with a mishap.\n`,
  );
});

/** What must be true of both machines: as they were found, moved, or on the way, where `resume` and `rollback` know more. */
interface Book {
  at: 'found' | 'moved' | 'midway';
}

interface Real {
  readonly made: MoverLab;
}

type Deed = fc.AsyncCommand<Book, Real>;

/** What each command may come to, and where that leaves the gateway. */
const AFTER: Readonly<
  Record<'pull' | 'resume' | 'rollback', Readonly<Record<Book['at'], Readonly<Record<string, Book['at']>>>>>
> = {
  pull: {
    found: { moved: 'moved' },
    moved: { 'already-moved': 'moved' },
    midway: { moved: 'moved', 'already-moved': 'moved', refused: 'midway' },
  },
  resume: {
    found: { refused: 'found', moved: 'moved' },
    moved: { 'already-moved': 'moved' },
    midway: { moved: 'moved', 'already-moved': 'moved', 'rolled-back': 'found', refused: 'midway' },
  },
  rollback: {
    found: { refused: 'found', 'rolled-back': 'found' },
    moved: { 'rolled-back': 'found' },
    midway: { 'rolled-back': 'found', refused: 'midway' },
  },
};

async function seen({ made }: Real, { at }: Book, story: string): Promise<void> {
  const running = { old: made.lab.running('old').length, new: made.lab.running('new').length };
  expect(made.lab.hub.violations(), story).toEqual([]);
  if (at === 'found') expect(running, story).toEqual({ old: 1, new: 0 });
  if (at === 'moved') expect(running, story).toEqual({ old: 0, new: 1 });
  expect(running.old + running.new, story).toBeLessThanOrEqual(1);
  if (at === 'moved') await expectMoved(made);
}

/** A command that is let do its work. */
class Whole implements Deed {
  readonly #command: 'pull' | 'resume' | 'rollback';
  constructor(command: 'pull' | 'resume' | 'rollback') {
    this.#command = command;
  }
  check(): boolean {
    return true;
  }
  async run(book: Book, real: Real): Promise<void> {
    counts.commands += 1;
    const { outcome, exitCode, problem } = finished(await mover.run(orderFor(real.made, this.#command)));
    const story = `${this.#command} at ${book.at}: ${outcome} ${JSON.stringify(problem)}`;
    const next = AFTER[this.#command][book.at][outcome];
    expect(next, story).toBeDefined();
    expect(exitCode === 0, story).toBe(outcome !== 'refused');
    book.at = next ?? book.at;
    await seen(real, book, story);
  }
  toString(): string {
    return this.#command;
  }
}

/** A move that is killed, or in which something goes wrong. What it leaves is for those who come after it. */
class Mishap implements Deed {
  readonly #order: Pick<MoverOrder, 'kill' | 'fault'>;
  constructor(order: Pick<MoverOrder, 'kill' | 'fault'>) {
    this.#order = order;
  }
  check(): boolean {
    return true;
  }
  async run(book: Book, real: Real): Promise<void> {
    counts.commands += 1;
    counts.mishaps += 1;
    const end: MoverEnd = await mover.run({ ...orderFor(real.made, 'pull'), ...this.#order });
    const last = end.events.at(-1);
    const outcome = last?.type === 'run.finished' ? last.outcome : 'killed';
    if (book.at !== 'moved') {
      const known: Readonly<Record<string, Book['at']>> = { moved: 'moved', 'rolled-back': 'found' };
      book.at = known[outcome] ?? (book.at === 'found' && outcome === 'refused' ? 'found' : 'midway');
    }
    await seen(real, book, `${this.toString()}: ${outcome}`);
  }
  toString(): string {
    return `pull with ${JSON.stringify(this.#order)}`;
  }
}

/** Somebody logs in on the old machine: whatever is enabled there starts. */
class Login implements Deed {
  check(): boolean {
    return true;
  }
  async run(book: Book, real: Real): Promise<void> {
    counts.commands += 1;
    const argv = ['--user', 'start', 'default.target'];
    const { lab } = real.made;
    expect(spawnSync('systemctl', argv, { env: { ...lab.old.env }, encoding: 'utf8' }).status).toBe(0);
    await seen(real, book, 'a login on the old machine');
  }
  toString(): string {
    return 'login on the old machine';
  }
}

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom('refused' as const, 'killed' as const, 'unheard' as const, 'file' as const),
  at: fc.integer({ min: 1, max: 110 }),
});
const kill = fc.record({
  line: fc.integer({ min: 1, max: 60 }),
  end: fc.constantFrom('before' as const, 'after' as const),
});
const deeds = fc.commands(
  [
    fc.constant(new Whole('pull')),
    fc.constant(new Whole('resume')),
    fc.constant(new Whole('rollback')),
    fc.constant(new Login()),
    kill.map((one) => new Mishap({ kill: one })),
    fault.map((one) => new Mishap({ kill: null, fault: one })),
  ],
  { maxCommands: 6, size: 'max' },
);

/** At the end a person takes back what is midway, and moves: that always goes. */
async function endsWell(book: Book, real: Real): Promise<void> {
  if (book.at === 'midway') await new Whole('rollback').run(book, real);
  if (book.at === 'found') await expectAsBefore(real.made);
  await new Whole('pull').run(book, real);
  expect(book.at).toBe('moved');
  counts.sequences += 1;
}

async function follows(mode: Mode, commands: Iterable<Deed>): Promise<void> {
  const made = await makeMoverLab(mode);
  const book: Book = { at: 'found' };
  try {
    await fc.asyncModelRun(() => ({ model: book, real: { made } }), commands);
    await endsWell(book, { made });
  } finally {
    await made.lab.destroy();
  }
}

describe('whatever an operator does in whatever order, and whatever goes wrong, one gateway runs (F125)', () => {
  it(
    'as a reference of three states says',
    () =>
      fc.assert(fc.asyncProperty(fc.constantFrom<Mode>('foreground', 'service'), deeds, follows), {
        numRuns: SEQUENCES,
        seed: SEED,
        endOnFailure: true,
      }),
    SLOW ? 24 * 3600_000 : 900_000,
  );
});
