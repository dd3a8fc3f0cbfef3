import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import type { Gateway } from '../../src/core/plan.ts';
import { readLife } from '../../src/gateway/life.ts';
import { disableService, enableService, readService, startService, stopService } from '../../src/gateway/supervise.ts';
import { parseProperties } from '../../src/gateway/driver-systemd.ts';
import { systemClock } from '../../src/host/clock.ts';
import { Bench } from './bench.ts';

let bench: Bench;
let gateway: Gateway;
beforeEach(async () => {
  bench = await Bench.make();
  gateway = { ...bench.gateway, unit: 'smart-agent-neo-gateway.service' };
  await mkdir(join(bench.home, 'bin/unit'));
  await copyFile(new URL('little-systemctl.sh', import.meta.url), join(bench.home, 'bin/systemctl'));
  await chmod(join(bench.home, 'bin/systemctl'), 0o755);
  await set({ installed: '', enabled: '', active: 'active' });
});
afterEach(() => bench.end());

async function set(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(bench.home, 'bin/unit', name), text);
}

function calls(): Promise<string> {
  return readFile(join(bench.home, 'bin/unit/calls'), 'utf8');
}

const look = () => readService(bench.host, gateway);

/** Polls cost no time; the time limit of a running command stays real. */
function hurried(): Clock {
  let skippedMs = 0;
  return {
    now: () => systemClock.now() + skippedMs,
    sleep(waitMs, signal) {
      if (waitMs > 1000) return systemClock.sleep(waitMs, signal);
      skippedMs += waitMs;
      return Promise.resolve();
    },
  };
}

describe('looking at a service', () => {
  it('tells what the manager says', async () => {
    await set({ pid: '4711' });
    expect(await look()).toEqual({
      unit: 'smart-agent-neo-gateway.service',
      installed: true,
      enabled: true,
      enabledAs: 'enabled',
      active: true,
      activeState: 'active',
      mainPid: 4711,
    });
  });

  it('tells a unit that is not there from one that is', async () => {
    await rm(join(bench.home, 'bin/unit/installed'));
    await rm(join(bench.home, 'bin/unit/enabled'));
    await set({ active: 'inactive' });
    expect(await look()).toMatchObject({ installed: false, enabled: false, active: false, mainPid: null });
  });

  // F93
  it('counts a service that waits for its restart as active', async () => {
    await set({ active: 'activating' });
    expect(await look()).toMatchObject({ active: true, activeState: 'activating' });
  });

  it("finds the user's bus where the login gives none", async () => {
    await set({ 'no-bus': '' });
    expect(await look()).toMatchObject({ active: true });
  });

  it('is null without a systemctl, and for a gateway that can have no service', async () => {
    expect(await readService(bench.host, { ...gateway, unit: null })).toBeNull();
    await rm(join(bench.home, 'bin/systemctl'));
    await writeFile(join(bench.home, 'bin/systemctl'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
    expect(await look()).toBeNull();
  });

  it('makes an active service a sign of life, also when no process shows', async () => {
    const life = await readLife(bench.host, gateway);
    expect(life).toMatchObject({ alive: true, listening: false, process: null, service: { active: true } });
    expect(life.evidence).toEqual([{ kind: 'unit', pid: null, detail: 'smart-agent-neo-gateway.service is active' }]);
  });

  it('takes its main process for the gateway, whatever its title', async () => {
    const { pid } = await bench.start({ role: 'other', port: gateway.port });
    await set({ pid: String(pid) });
    const life = await readLife(bench.host, gateway);
    expect(life).toMatchObject({ alive: true, listening: true, portTakenBy: null });
  });
});

describe('changing a service', () => {
  // F107
  it('stops without disabling, and disables without stopping', async () => {
    expect(await stopService(bench.host, gateway)).toBe(true);
    expect(await look()).toMatchObject({ active: false, enabled: true });
    await startService(bench.host, gateway);
    await disableService(bench.host, gateway);
    expect(await look()).toMatchObject({ active: true, enabled: false });
    await enableService(bench.host, gateway);
    expect(await look()).toMatchObject({ active: true, enabled: true });
  });

  it('asks for nothing that is so already', async () => {
    await enableService(bench.host, gateway);
    expect(await startService(bench.host, gateway)).toBe(true);
    expect(await calls()).not.toMatch(/--user (enable|start) /);
  });

  it("works over the user's bus where the login gives none", async () => {
    await set({ 'no-bus': '' });
    expect(await stopService(bench.host, gateway)).toBe(true);
    expect(await look()).toMatchObject({ active: false });
  });

  // F91
  it('does not believe a verb that says it is done', async () => {
    await set({ lies: '' });
    const waiting = { clock: hurried(), waitMs: 2000 };
    expect(await stopService(bench.host, gateway, waiting)).toBe(false);
    await expect(disableService(bench.host, gateway, waiting)).rejects.toMatchObject({
      problem: { code: 'command-failed', message: expect.stringContaining('is enabled after') as string },
    });
  });

  it('does not believe a verb that says it failed, either', async () => {
    await set({ fails: '' });
    expect(await stopService(bench.host, gateway)).toBe(true);
    await disableService(bench.host, gateway);
    expect(await look()).toMatchObject({ active: false, enabled: false });
  });

  it('refuses where no manager answers', async () => {
    await writeFile(join(bench.home, 'bin/systemctl'), '#!/bin/sh\necho "Failed to connect to bus" >&2; exit 1\n');
    await expect(stopService(bench.host, gateway)).rejects.toMatchObject({ problem: { code: 'command-failed' } });
  });

  it('ends its wait when it is told to', async () => {
    await set({ lies: '' });
    const cut = new AbortController();
    const clock: Clock = {
      now: () => 0,
      sleep(waitMs, signal) {
        if (waitMs < 1000) cut.abort(new Error('cut'));
        signal?.throwIfAborted();
        return waitMs < 1000 ? Promise.resolve() : systemClock.sleep(waitMs, signal);
      },
    };
    await expect(stopService(bench.host, gateway, { clock, signal: cut.signal })).rejects.toThrow('cut');
  });
});

describe('what systemctl shows', () => {
  it('is read as lines of names and values, which may hold equals signs', () => {
    expect([...parseProperties('A=1\nExecStart={ path=/x ; argv[]=/x --y=z }\nnonsense\nB=\n')]).toEqual([
      ['A', '1'],
      ['ExecStart', '{ path=/x ; argv[]=/x --y=z }'],
      ['B', ''],
    ]);
  });
});
