import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeadManAnswer, DeadManRequest, Watcher } from '../../src/steps/dead-man-contract.ts';
import { disarmDeadMan } from '../../src/steps/dead-man.ts';
import { PROGRAM_TEXT } from '../../src/steps/dead-man-program.generated.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { waitFor } from '../kit/wait.ts';
import { samplePlan } from '../cli/sample.ts';

const SLOW = process.env['SLOW'] === '1';
/** How often each race is run. */
const TIMES = SLOW ? 60 : 2;
const TIMEOUT_MS = 700;

let path: string;
let count = 0;
beforeAll(() => (path = mkdtempSync(join(tmpdir(), 'np-dead-man-'))));
afterAll(() => rmSync(path, { recursive: true, force: true }));

/** A switch of a gateway that did not run: what firing does is told by its marks alone. */
class Switch {
  readonly folder = join(path, `.neo-pull-old-${(count += 1)}`, 'default', 'dead-man');
  readonly program = join(this.folder, 'dead-man.cjs');

  static async armed(timeoutMs = TIMEOUT_MS): Promise<Switch> {
    const made = new Switch();
    mkdirSync(made.folder, { recursive: true, mode: 0o700 });
    writeFileSync(made.program, PROGRAM_TEXT);
    const request: DeadManRequest = {
      gateway: { ...samplePlan().old.gateway, home: path },
      ran: { ran: 'stopped', enabled: false, process: null },
      folder: join(made.folder, 'undo'),
      limits: { stopMs: 1000, startMs: 1000 },
      timeoutMs,
      settleMs: 50,
    };
    expect(await made.tell('arm', JSON.stringify(request))).toMatchObject({ decision: null, isWatched: true });
    return made;
  }

  async tell(verb: string, stdin = ''): Promise<DeadManAnswer> {
    const child = spawn(process.execPath, [this.program, verb], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.stdin.end(stdin);
    await once(child, 'close');
    return JSON.parse(said) as DeadManAnswer;
  }

  has(name: string): boolean {
    return existsSync(join(this.folder, name));
  }

  get pid(): number {
    return (JSON.parse(readFileSync(join(this.folder, 'watcher.json'), 'utf8')) as Watcher).pid;
  }

  async expired(): Promise<void> {
    await waitFor('the switch has fired by itself', () => this.has('done.json'));
  }
}

/** Whatever was decided was decided once, and only a decision to fire has been acted on. */
async function expectOne(it: Switch, answers: readonly DeadManAnswer[]): Promise<void> {
  const last = await it.tell('beat');
  expect(new Set(answers.map(({ decision }) => decision))).toEqual(new Set([last.decision]));
  expect(it.has('actor')).toBe(last.decision === 'fired');
  expect(last).toMatchObject({ isWatched: false, done: last.decision === 'fired' ? { ok: true } : null });
  expect(readdirSync(it.folder).filter((name) => name.startsWith('decision.'))).toEqual([]);
}

describe('of firing and cancelling, exactly one happens (F104)', () => {
  const races = Array.from({ length: TIMES }, (_, at) => at);

  it.each(races)('when we cancel and have it fired at the same moment (%i)', async () => {
    const one = await Switch.armed();
    await expectOne(one, await Promise.all([one.tell('cancel'), one.tell('fire')]));
  });

  it.each(races)('when it fires by itself just as we cancel (%i)', async (at) => {
    const one = await Switch.armed();
    // Around the moment at which it fires; where exactly each lands is the machine's doing.
    await sleep(TIMEOUT_MS - 250 + (300 * at) / TIMES);
    await expectOne(one, [await one.tell('cancel')]);
  });

  it('when it has fired by itself, and cancelling comes too late', async () => {
    const one = await Switch.armed();
    await one.expired();
    const answers = [await one.tell('cancel'), await one.tell('fire')];
    expect(answers[0]?.decision).toBe('fired');
    await expectOne(one, answers);
  });

  it('when it was cancelled, and its time comes and somebody has it fired afterwards', async () => {
    const one = await Switch.armed();
    const answers = [await one.tell('cancel')];
    expect(answers[0]).toEqual({ decision: 'cancelled', isWatched: false, done: null });
    await sleep(TIMEOUT_MS);
    await expectOne(one, [...answers, await one.tell('fire')]);
  });

  it('when it is held up, its time comes, it is cancelled, and it goes on', async () => {
    const one = await Switch.armed();
    process.kill(one.pid, 'SIGSTOP');
    const plan = { ...samplePlan(), oldFolder: join(one.folder, '../..'), limits: samplePlan().limits };
    const old = new LocalHost({ label: 'old', env: { PATH: process.env['PATH'] ?? '' }, cwd: path });
    const node = {
      ...plan,
      old: { ...plan.old, gateway: { ...plan.old.gateway, profile: 'default', node: process.execPath } },
    };
    const { signal } = new AbortController();
    const world = { old, new: old, clock: systemClock, signal, emit: () => Promise.resolve(), run: { id: '', path } };
    // Decided it is; that nobody may act any more cannot be told before it is seen gone, and so there is no commit.
    const problem = await problemFrom(disarmDeadMan(node).apply(world, null));
    expect(problem.code).toBe('dead-man-not-cancelled');
    process.kill(one.pid, 'SIGCONT');
    await expectOne(one, [await one.tell('cancel')]);
  }, 60_000);

  it('when it was killed: nobody acts for it, and cancelling is acknowledged at once', async () => {
    const one = await Switch.armed();
    process.kill(one.pid, 'SIGKILL');
    await expectOne(one, [await one.tell('cancel')]);
  });
});

describe("the dead-man's switch", () => {
  it('does not fire while it hears from us, and does when it does not', async () => {
    const one = await Switch.armed(4000);
    for (const end = performance.now() + 5000; performance.now() < end;) {
      expect(await one.tell('beat')).toMatchObject({ decision: null, isWatched: true });
      await sleep(500);
    }
    await one.expired();
  }, 30_000);

  it('ends without a trace of doing when its folder is taken away', async () => {
    const one = await Switch.armed();
    const { pid } = one;
    rmSync(one.folder, { recursive: true });
    await waitFor('it has ended', () => !existsSync(`/proc/${String(pid)}`));
    expect(existsSync(one.folder)).toBe(false);
  });

  it('is armed once: armed again it is the same process, and after a decision there is none', async () => {
    const one = await Switch.armed(60_000);
    const { pid } = one;
    expect(await one.tell('arm', '{}')).toMatchObject({ isWatched: true });
    expect(one.pid).toBe(pid);
    await one.tell('cancel');
    expect(await one.tell('arm', '{}')).toMatchObject({ decision: 'cancelled', isWatched: false });
  });
});
