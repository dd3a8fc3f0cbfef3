import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { relabel } from '../../src/steps/relabel.ts';
import { samplePlan } from '../cli/sample.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'np-relabel-'));
  mkdirSync(join(folder, 'bin'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A restorecon that notes what it is asked for: this kernel has no SELinux. */
function restorecon(exitCode: number): void {
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" >>'${folder}/asked'\nexit ${String(exitCode)}\n`;
  writeFileSync(join(folder, 'bin/restorecon'), script, { mode: 0o755 });
}

async function relabelled({ selinux }: { selinux: boolean }): Promise<EventBody[]> {
  const told: EventBody[] = [];
  const here = new LocalHost({ label: 'this machine', env: { PATH: `${folder}/bin:/usr/bin:/bin` } });
  const world = { old: here, new: here, clock: systemClock, signal: new AbortController().signal };
  const sample = samplePlan();
  await relabel(
    { ...sample, new: { ...sample.new, selinux } },
    {
      ...world,
      emit: (event) => {
        told.push(event);
        return Promise.resolve();
      },
      run: { id: 'r', path: folder },
    },
  );
  return told;
}

describe('where SELinux is enforced', () => {
  it('what was swapped in gets the labels of its place', async () => {
    restorecon(0);
    expect(await relabelled({ selinux: true })).toEqual([]);
    const places = samplePlan().roots.map(({ livePath }) => livePath);
    expect(readFileSync(join(folder, 'asked'), 'utf8').trimEnd().split('\n')).toEqual(['-R', ...places]);
  });

  it.each(['fails', 'is not there'])('a restorecon that %s is told with the command, and ends nothing', async (how) => {
    if (how === 'fails') restorecon(1);
    const [told] = await relabelled({ selinux: true });
    const { livePath } = samplePlan().roots[0] ?? { livePath: '' };
    expect(told?.type === 'notice' ? told.message : '').toContain(`restorecon -R ${livePath}`);
  });
});

it('elsewhere nothing is asked for', async () => {
  restorecon(0);
  expect(await relabelled({ selinux: false })).toEqual([]);
  expect(() => readFileSync(join(folder, 'asked'))).toThrow('ENOENT');
});
