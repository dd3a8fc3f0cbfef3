import { execFile } from 'node:child_process';
import { appendFile, chmod, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import { ProblemError, type ProblemCode } from '../../src/core/problem.ts';
import { Journal, readJournal } from '../../src/run/journal.ts';
import { bundle } from './bundle.ts';
import { tempFolder } from './temp-folder.ts';
import { TestClock } from './test-clock.ts';

const clock = new TestClock();
const BEGIN: EventBody = { type: 'step.before', step: 'a', title: 'A', before: { was: 1 } };
const APPLIED: EventBody = { type: 'step.applied', step: 'a' };

async function newJournal(folder: string): Promise<Journal> {
  const journal = await Journal.create(folder, clock, 'r');
  onTestFinished(() => journal.close());
  return journal;
}

async function reopen(folder: string): Promise<Journal> {
  const journal = await Journal.open(folder, clock, 'r');
  onTestFinished(() => journal.close());
  return journal;
}

async function expectProblem(promise: Promise<unknown>, code: ProblemCode): Promise<void> {
  const thrown: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ProblemError);
  expect((thrown as ProblemError).problem.code).toBe(code);
}

describe('the journal', () => {
  it('holds what was appended, one event a line, in a file that only we can read', async () => {
    const folder = await tempFolder();
    const journal = await newJournal(folder);
    const told = [await journal.append(BEGIN), await journal.append(APPLIED)];
    expect(told[0]).toEqual({ v: 1, seq: 1, ts: '2026-11-22T14:30:15.000Z', run: 'r', ...BEGIN });
    expect(await readJournal(folder)).toEqual(told);
    expect((await readFile(join(folder, 'journal.ndjson'), 'utf8')).split('\n')).toHaveLength(3);
    expect((await stat(join(folder, 'journal.ndjson'))).mode & 0o777).toBe(0o600);
    expect(journal.state.steps.get('a')).toEqual({ title: 'A', before: { was: 1 }, phase: 'applied' });
  });

  it('writes in the order of asking', async () => {
    const folder = await tempFolder();
    const journal = await newJournal(folder);
    const bodies = Array.from({ length: 50 }, (_, index): EventBody => ({ ...BEGIN, step: `s${index}` }));
    await Promise.all(bodies.map((body) => journal.append(body)));
    expect((await readJournal(folder)).map((event) => 'step' in event && event.step)).toEqual(
      bodies.map((_, index) => `s${index}`),
    );
  });

  it('goes on counting and folding when it is opened again', async () => {
    const folder = await tempFolder();
    const first = await newJournal(folder);
    await first.append(BEGIN);
    first.stamp({ type: 'notice', message: 'only told' });
    await first.append(APPLIED);
    const second = await reopen(folder);
    expect(second.events.map(({ seq }) => seq)).toEqual([1, 3]);
    expect(second.state).toEqual(first.state);
    expect((await second.append({ type: 'run.committed' })).seq).toBe(4);
  });

  it('folds what can be read again, not what it was given', async () => {
    const journal = await newJournal(await tempFolder());
    const before = { at: new Date(0), gone: undefined } as unknown as string;
    await journal.append({ type: 'step.before', step: 'a', title: 'A', before });
    expect(journal.state.steps.get('a')?.before).toStrictEqual({ at: '1970-01-01T00:00:00.000Z' });
  });

  // F13
  it('cut at any byte replays a prefix, and goes on from there', { timeout: 60_000 }, async () => {
    const whole = await tempFolder();
    const source = await newJournal(whole);
    for (const body of [BEGIN, APPLIED, { type: 'run.committed' } as const]) await source.append(body);
    const bytes = await readFile(join(whole, 'journal.ndjson'));
    const folder = await tempFolder();
    for (let length = 0; length <= bytes.length; length += 1) {
      await writeFile(join(folder, 'journal.ndjson'), bytes.subarray(0, length));
      const prefix = await readJournal(folder);
      expect(prefix).toEqual(source.events.slice(0, prefix.length));
      const journal = await Journal.open(folder, clock, 'r');
      const added = await journal.append({ ...BEGIN, step: 'later' });
      await journal.close();
      expect(await readJournal(folder)).toEqual([...prefix, added]);
    }
  });

  it('is not changed by reading, though its tail be torn', async () => {
    const folder = await tempFolder();
    await (await newJournal(folder)).append(BEGIN);
    await appendFile(join(folder, 'journal.ndjson'), '{"v":1,"se');
    const was = await readFile(join(folder, 'journal.ndjson'));
    expect(await readJournal(folder)).toHaveLength(1);
    expect(await readFile(join(folder, 'journal.ndjson'))).toEqual(was);
  });

  it('refuses an event that makes no sense, and is as it was', async () => {
    const folder = await tempFolder();
    const journal = await newJournal(folder);
    await expect(journal.append(APPLIED)).rejects.toThrow('before it began');
    await journal.append(BEGIN);
    expect(await readJournal(folder)).toHaveLength(1);
  });

  it('is made once, and is not found where there is none', async () => {
    const folder = await tempFolder();
    await newJournal(folder);
    await expectProblem(Journal.create(folder, clock, 'r'), 'run-not-ready');
    await expectProblem(readJournal(await tempFolder()), 'run-unknown');
    await expectProblem(Journal.open(await tempFolder(), clock, 'r'), 'run-unknown');
  });

  it('of another run, or damaged, or newer, or a link, is not opened', async () => {
    const folder = await tempFolder();
    await (await newJournal(folder)).append(BEGIN);
    await expectProblem(Journal.open(folder, clock, 'other'), 'journal-damaged');
    await writeFile(join(folder, 'journal.ndjson'), 'x\nx\n');
    await expectProblem(Journal.open(folder, clock, 'r'), 'journal-damaged');
    await writeFile(join(folder, 'journal.ndjson'), '{"v":2}\n');
    await expectProblem(Journal.open(folder, clock, 'r'), 'journal-newer');
    const linked = await tempFolder();
    await symlink(join(folder, 'journal.ndjson'), join(linked, 'journal.ndjson'));
    await expectProblem(readJournal(linked), 'journal-damaged');
  });

  it('that cannot be written says so', async () => {
    await expectProblem(Journal.create(join(await tempFolder(), 'missing'), clock, 'r'), 'journal-unwritable');
    const closed = await Journal.create(await tempFolder(), clock, 'r');
    await closed.close();
    await expectProblem(closed.append(BEGIN), 'journal-unwritable');
  });

  it('lets go of the space it kept when the run is finished', async () => {
    const folder = await tempFolder();
    const journal = await Journal.create(folder, clock, 'r');
    expect((await stat(join(folder, 'journal.reserve'))).blocks * 512).toBeGreaterThanOrEqual(64 * 1024);
    await journal.append({
      type: 'run.finished',
      outcome: 'moved',
      running: 'new',
      exitCode: 0,
      downtimeMs: 1,
      problem: null,
    });
    await journal.close();
    await expect(stat(join(folder, 'journal.reserve'))).rejects.toThrow('ENOENT');
  });
});

// F61
describe('on a disk that is really full', () => {
  it('going forward fails whole, and the way back still finds room', { timeout: 60_000 }, async () => {
    const folder = await tempFolder();
    await chmod(folder, 0o700);
    const script = await bundle('full-disk.ts');
    const mountAndRun = 'mount -t tmpfs -o size=512k,mode=700 none "$1" && exec "$2" "$3" "$1"';
    const argv = ['-r', '-m', '/bin/sh', '-c', mountAndRun, 'sh', folder, process.execPath, script];
    const { stdout } = await promisify(execFile)('unshare', argv);
    expect(JSON.parse(stdout)).toEqual({
      create: 'disk-full',
      forward: 'disk-full',
      afterForward: ['step.before'],
      back: ['run.unwinding', 'step.undoing', 'step.undone', 'run.finished'],
      afterBack: ['step.before', 'run.unwinding', 'step.undoing', 'step.undone', 'run.finished'],
    });
  });
});
