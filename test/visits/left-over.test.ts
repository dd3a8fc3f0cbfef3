import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import type { World } from '../../src/core/step.ts';
import { systemClock } from '../../src/host/clock.ts';
import { waitForLeftOver } from '../../src/visits/left-over.ts';
import { Bench } from '../gateway/bench.ts';

let bench: Bench;
let told: string[];
beforeEach(async () => {
  bench = await Bench.make();
  told = [];
});
afterEach(() => bench.end());

function world(clock: World['clock'] = systemClock): World {
  const emit = (event: EventBody): Promise<void> => {
    if (event.type === 'notice') told.push(event.message);
    return Promise.resolve();
  };
  return {
    old: bench.host,
    new: bench.host,
    clock,
    emit,
    signal: new AbortController().signal,
    run: { id: 'r', path: '/nonexistent' },
  };
}

function call(): Promise<{ pid: number }> {
  const env = { SMART_AGENT_NEO_STATE_DIR: bench.gateway.stateDir };
  return bench.start({ role: 'cli', title: false }, { args: ['gateway', 'stop'], env });
}

describe('what a killed run has left at work', () => {
  it('is nothing, mostly, and nothing is waited for', async () => {
    await waitForLeftOver(world(), bench);
    expect(told).toEqual([]);
  });

  it('is waited for until it has ended', async () => {
    const { pid } = await call();
    await waitForLeftOver({ ...world(), emit: (event) => ended(event, pid) }, bench);
    expect(told).toEqual([
      expect.stringContaining(`Waiting for a command of the gateway on this machine to end (pid ${String(pid)})`),
    ]);
  });

  it('is let be after a minute, and told', async () => {
    const { pid } = await call();
    let aheadMs = 0;
    const now = (): number => systemClock.now() + aheadMs;
    // Only the waiting between two looks is cut short; the looks themselves take real time.
    const sleep: World['clock']['sleep'] = (waitMs, signal) =>
      waitMs > 1000 ? systemClock.sleep(waitMs, signal) : Promise.resolve(void (aheadMs += 20_000));
    await waitForLeftOver(world({ now, sleep }), bench);
    expect(told.at(-1)).toContain(`still runs on this machine (pid ${String(pid)})`);
    expect(aheadMs).toBe(60_000);
  });

  it('is not asked for where one cannot look', async () => {
    await waitForLeftOver(world(), { host: bench.host, gateway: { ...bench.gateway, node: '/nonexistent/node' } });
    expect(told).toEqual([]);
  });
});

/** The command comes to its end as soon as it is waited for. */
function ended(event: EventBody, pid: number): Promise<void> {
  if (event.type === 'notice') told.push(event.message);
  process.kill(pid, 'SIGKILL');
  return Promise.resolve();
}
