import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oldDidNotReturn, oldDied } from '../../src/checks/old-dead.ts';
import type { EventBody } from '../../src/core/event.ts';
import type { Plan } from '../../src/core/plan.ts';
import type { World } from '../../src/core/step.ts';
import { spanMs } from '../../src/gateway/driver-systemd.ts';
import { samplePlan } from '../cli/sample.ts';
import { Bench } from '../gateway/bench.ts';
import { TestClock } from '../run/test-clock.ts';

const UNIT = 'smart-agent-neo-gateway.service';

const { signal: SIGNAL } = new AbortController();

let bench: Bench;
let clock: WaitingClock;
let told: EventBody[];

beforeEach(async () => {
  bench = await Bench.make();
  clock = new WaitingClock();
  told = [];
  await mkdir(join(bench.home, 'run'));
});

afterEach(() => bench.end());

/** What the check itself waits for moves the clock; the time limits of commands never come. */
class WaitingClock extends TestClock {
  override sleep(waitMs: number, signal?: AbortSignal): Promise<void> {
    return signal === SIGNAL ? super.sleep(waitMs) : new Promise(() => undefined);
  }
}

/** A stopped and disabled unit that would be started again after so long, or no unit at all. */
async function plan(restart: string | null): Promise<Plan> {
  const sample = samplePlan();
  if (restart !== null) {
    await copyFile(new URL('../gateway/little-systemctl.sh', import.meta.url), join(bench.home, 'bin/systemctl'));
    await mkdir(join(bench.home, 'bin/unit'));
    const facts = { installed: '', active: 'inactive', restart };
    for (const [name, text] of Object.entries(facts)) await writeFile(join(bench.home, 'bin/unit', name), text);
  }
  const gateway = { ...bench.gateway, unit: restart === null ? null : UNIT };
  return { ...sample, old: { ...sample.old, gateway } };
}

function world(): World {
  const emit = (event: EventBody): Promise<void> => Promise.resolve(void told.push(event));
  const run = { id: 'a', path: join(bench.home, 'run') };
  return { old: bench.host, new: bench.host, clock, emit, signal: SIGNAL, run };
}

describe('the last proof of death before the commit (F93)', () => {
  it.each([
    ['5s', 0, 10],
    ['5s', 7, 3],
    ['5s', 60, 0],
    ['1min 30s', 0, 60],
    ['infinity', 0, 10],
    [null, 0, 0],
  ])('comes twice %s after the first one: %d s later it waits %d s', async (restart, laterS, waitsS) => {
    const made = await plan(restart);
    expect(await oldDied(made).run(world())).toEqual([]);
    clock.nowMs += laterS * 1000;
    const fromMs = clock.nowMs;
    expect(await oldDidNotReturn(made).run(world())).toEqual([]);
    expect(clock.nowMs - fromMs).toBe(waitsS * 1000);
    expect(told).toHaveLength(waitsS > 1 ? 1 : 0);
  });

  it('waits all of it where the clock was set back, and no longer', async () => {
    const made = await plan('5s');
    await oldDied(made).run(world());
    clock.nowMs -= 3_600_000;
    const fromMs = clock.nowMs;
    await oldDidNotReturn(made).run(world());
    expect(clock.nowMs - fromMs).toBe(10_000);
  });

  it('finds what came back meanwhile', async () => {
    const made = await plan('5s');
    await oldDied(made).run(world());
    await writeFile(join(bench.home, 'bin/unit/active'), 'activating');
    const [found] = await oldDidNotReturn(made).run(world());
    expect(found).toMatchObject({ code: 'old-alive', stops: true });
    expect(found?.message).toContain(`${UNIT} is activating`);
  });
});

it.each([
  ['5s', 5000],
  ['100ms', 100],
  ['1min 30s', 90_000],
  ['1h 5min 2s 500ms', 3_902_500],
  ['0', 0],
  ['infinity', null],
  ['', null],
  ['5', null],
])('a time that systemctl shows as %s is read as %s ms', (text, ms) => {
  expect(spanMs(text)).toBe(ms);
});
