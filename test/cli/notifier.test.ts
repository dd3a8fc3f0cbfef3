import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Notifier, statusText } from '../../src/cli/notifier.ts';
import type { FollowStatus } from '../../src/core/order.ts';
import { LocalHost } from '../../src/host/local.ts';
import { waitFor } from '../kit/wait.ts';

const STATUS: FollowStatus = {
  ...{ v: 1, pid: 1, since: '2026-11-22T14:00:00.000Z', phase: 'following', engine: 'directories', rounds: 3 },
  ...{ lastRoundAt: null, lastFullAt: null, pending: 0, dirtyBytesPerSecond: null, bytesPerSecond: null },
  ...{ forecast: { totalMs: 1200, parts: [] }, converged: true, note: null },
};

let folder = '';
let notifier: Notifier | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'np-notify-'));
  // What it would send, as lines: Node cannot listen to the socket itself.
  const program = join(folder, 'systemd-notify');
  writeFileSync(program, `#!/bin/sh\nfor word; do echo "$NOTIFY_SOCKET $word" >>${folder}/told; done\n`);
  chmodSync(program, 0o755);
});
afterEach(() => {
  notifier?.stop();
  notifier = null;
  rmSync(folder, { recursive: true });
});

function told(): string[] {
  const path = join(folder, 'told');
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
}

function make(env: Record<string, string>, silentMs?: number): Notifier | null {
  const here = new LocalHost({ label: 'this machine', env: { PATH: `${folder}:/usr/bin:/bin` }, cwd: folder });
  const fault = (error: unknown) => {
    throw error;
  };
  notifier = Notifier.from({ here, env, pid: 7, reconnectMs: 0, fault, ...(silentMs !== undefined && { silentMs }) });
  return notifier;
}

describe('what is told to the systemd that keeps a neo-pull that follows', () => {
  it('is nothing where none waits for it', () => {
    expect(make({})).toBeNull();
  });

  it('is that it is ready, once, and where it stands', async () => {
    const made = make({ NOTIFY_SOCKET: '/run/x' });
    for (let count = 0; count < 5; count += 1) made?.hear({ ...STATUS, pending: count });
    await waitFor('both are told', () => told().length === 2);
    expect(told()).toEqual([
      '/run/x --ready',
      expect.stringMatching(/^\/run\/x --status=follows the old machine; nothing is known to be missing; a cutover/),
    ]);
  });

  it('is that it lives, while its loop turns, and no longer (a loop that hangs is ended by systemd)', async () => {
    const made = make({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '200000', WATCHDOG_PID: '7' }, 300);
    const beats = () => told().filter((line) => line.endsWith('WATCHDOG=1')).length;
    made?.hear(STATUS);
    await waitFor('it beats', () => beats() >= 2);
    await sleep(1000);
    const silent = beats();
    await sleep(500);
    expect(beats()).toBe(silent);
    made?.hear(STATUS);
    await waitFor('it beats again', () => beats() > silent);
    made?.hear({ ...STATUS, phase: 'cutting-over' });
    await sleep(1000);
    const cutting = beats();
    await waitFor('a cutover has ends of its own', () => beats() > cutting);
  });

  it('is no sign of life where the watchdog waits for another process', async () => {
    const made = make({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '100000', WATCHDOG_PID: '8' });
    made?.hear(STATUS);
    await waitFor('it is ready', () => told().length === 2);
    await sleep(400);
    expect(told()).toHaveLength(2);
  });

  it('names what is missing and why, in one line', () => {
    const text = statusText({
      ...STATUS,
      phase: 'waiting-for-line',
      pending: 2,
      forecast: null,
      note: 'It\nwas lost.',
    });
    expect(text).toBe('waits for the line to the old machine; 2 paths to come; It\\nwas lost.');
  });
});
