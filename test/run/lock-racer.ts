/**
 * One of many that want the same lock: `lock-racer.mjs HOME MODE`, told to go by a line on stdin.
 * `once` tries one time and, winning, holds until stdin ends. `die` tries until it holds, sees that it is alone, and is killed holding.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { ProblemError } from '../../src/core/problem.ts';
import { systemClock } from '../../src/host/clock.ts';
import { acquireLock, type Lock } from '../../src/run/lock.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from '../../src/run/process-identity.ts';

const [home = '', mode = ''] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const inside = join(home, 'inside');

function take(): Promise<Lock> {
  const stateHome = { path: join(home, 'neo-pull'), uid: process.getuid?.() ?? -1 };
  return acquireLock(stateHome, { key: 'k', run: 'r', command: 'pull', clock: systemClock });
}

async function takeInTheEnd(): Promise<Lock> {
  for (;;) {
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof ProblemError) || error.problem.code !== 'locked') throw error;
      await systemClock.sleep(3);
    }
  }
}

async function once(): Promise<void> {
  try {
    const lock = await take();
    process.stdout.write('won\n');
    await lines.next();
    await lock.release();
  } catch (error) {
    process.stdout.write(error instanceof ProblemError ? `${error.problem.code}\n` : `${String(error)}\n`);
  }
}

async function die(): Promise<void> {
  await takeInTheEnd();
  const before = await readFile(inside, 'utf8').catch(() => null);
  if (before !== null && (await isAlive(JSON.parse(before) as ProcessIdentity)))
    return void process.stdout.write('not alone\n');
  const me = JSON.stringify(await ownIdentity());
  await writeFile(inside, me);
  await systemClock.sleep(5);
  const still = (await readFile(inside, 'utf8')) === me;
  process.stdout.write(still ? 'alone\n' : 'not alone\n', () => process.kill(process.pid, 'SIGKILL'));
}

process.stdout.write('ready\n');
await lines.next();
await (mode === 'once' ? once() : die());
process.stdin.destroy();
