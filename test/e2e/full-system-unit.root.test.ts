import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../src/core/exit.ts';
import { makeFullLab, type FullLab } from '../kit/full-lab/full-lab.ts';
import { SYSTEM_UNIT } from '../kit/full-lab/service-unit.ts';
import { atLogin } from '../kit/full-lab/service.ts';
import { IMPATIENT } from '../kit/neo-pull.ts';
import { finishedOf } from '../kit/told.ts';
import { waitFor } from '../kit/wait.ts';

// Whole moves, and reboots of whole machines.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

/** The unit that an administrator wrote into /etc/systemd/system, on the old machine. */
function standing(lab: FullLab): { active: string; enabled: string } {
  const say = (verb: string): string => lab.exec('old', ['systemctl', verb, SYSTEM_UNIT]).stdout.trim();
  return { active: say('is-active'), enabled: say('is-enabled') };
}

describe('a unit of the whole machine that runs the gateway as olga, who may use sudo', () => {
  let lab: FullLab;
  beforeAll(async () => {
    lab = await makeFullLab({ sessions: 2, runsAs: 'system-unit', sudo: true });
  });
  afterAll(() => lab.destroy());

  it('is put back as it was found when the cutover fails: enabled and running, over a reboot too (F107)', async () => {
    const flags = ['--fail-step', 'nothing-moved-meanwhile', ...IMPATIENT];
    const told = await lab.neoPull(lab.target, '--yes', '--json', ...flags);
    expect(finishedOf(told), told.stderr).toMatchObject({ outcome: 'rolled-back', running: 'old' });
    expect(standing(lab)).toEqual({ active: 'active', enabled: 'enabled' });
    expect(lab.running('new')).toEqual([]);
    await lab.reboot('old');
    await waitFor('it is up after the reboot', () => lab.running('old').length === 1);
    expect(lab.hub.violations()).toEqual([]);
  });

  it('moves, and is a user unit of the new machine', async () => {
    const told = await lab.neoPull(lab.target, '--yes', '--json', ...IMPATIENT);
    expect(finishedOf(told), told.stderr).toMatchObject({ outcome: 'moved', running: 'new', exitCode: EXIT.done });
    expect(standing(lab)).toEqual({ active: 'inactive', enabled: 'disabled' });
    expect(await atLogin(lab, 'new')).toEqual({ active: 'active', enabled: 'enabled' });
    expect(lab.hub.violations()).toEqual([]);
  });

  it('stays down over a reboot and a login, though it says Restart=always (F9, F93)', async () => {
    await lab.reboot('old');
    await atLogin(lab, 'old');
    expect(standing(lab)).toEqual({ active: 'inactive', enabled: 'disabled' });
    expect(lab.running('old')).toEqual([]);
  });

  it('is enabled and runs again after rollback, and comes back with the next boot (F107)', async () => {
    const told = await lab.neoPull('rollback', '--after-commit', '--yes', '--json');
    expect(finishedOf(told), told.stderr).toMatchObject({ running: 'old' });
    expect(standing(lab)).toEqual({ active: 'active', enabled: 'enabled' });
    expect(existsSync(join(lab.homes.old, '.neo-pull-old'))).toBe(false);
    expect(lab.running('new')).toEqual([]);
    await lab.reboot('old');
    await waitFor('it is up after the reboot', () => lab.running('old').length === 1);
    expect(lab.hub.violations()).toEqual([]);
  });
});
