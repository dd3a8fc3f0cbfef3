/** Runs inside a small file system of its own: fills it, and tells what a Journal there still does. */
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventBody } from '../../src/core/event.ts';
import { ProblemError } from '../../src/core/problem.ts';
import { systemClock } from '../../src/host/clock.ts';
import { Journal, readJournal } from '../../src/run/journal.ts';

const disk = process.argv[2] ?? '';
const [run, other] = [join(disk, 'run'), join(disk, 'other')];
const LONG = 'x'.repeat(4096);

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no problem',
    (error: unknown) => (error instanceof ProblemError ? error.problem.code : String(error)),
  );
}

async function fill(): Promise<void> {
  const ballast = await open(join(disk, 'ballast'), 'w');
  try {
    for (;;) await ballast.write(Buffer.alloc(4096, 'b'));
  } catch {
    await ballast.close();
  }
}

await mkdir(run);
await mkdir(other);
const journal = await Journal.create(run, systemClock, 'r');
await journal.append({ type: 'step.before', step: 'a', title: 'A', before: null });
await fill();
const create = await codeOf(Journal.create(other, systemClock, 'r'));
const forward = await codeOf(journal.append({ type: 'run.doctor', exitCode: 0, output: LONG }));
const afterForward = (await readJournal(run)).map(({ type }) => type);
const problem = { code: 'disk-full', stops: true, message: LONG, hint: 'Make room.' } as const;
const back: EventBody[] = [
  { type: 'run.unwinding', problem },
  { type: 'step.undoing', step: 'a' },
  { type: 'step.undone', step: 'a' },
  { type: 'run.finished', outcome: 'rolled-back', running: 'old', exitCode: 9, downtimeMs: 1, problem },
];
const told: string[] = [];
for (const body of back) told.push((await journal.append(body)).type);
const afterBack = (await readJournal(run)).map(({ type }) => type);
process.stdout.write(JSON.stringify({ create, forward, afterForward, back: told, afterBack }));
