import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../src/core/exit.ts';
import { makeFullLab, type FullLab } from '../kit/full-lab/full-lab.ts';
import { atLogin, UNIT, UNIT_FILE } from '../kit/full-lab/service.ts';
import { acknowledged } from '../kit/hub.ts';
import { IMPATIENT } from '../kit/neo-pull.ts';
import { finishedOf } from '../kit/told.ts';
import { waitFor } from '../kit/wait.ts';

// Whole moves, and reboots of whole machines.
vi.setConfig({ testTimeout: 120_000 });

describe('a gateway that real systemd runs for an account with linger, on both machines', () => {
  let lab: FullLab;
  beforeAll(async () => {
    lab = await makeFullLab({ sessions: 2 });
  });
  afterAll(async () => lab.destroy());

  it('moves, and is a user unit of the new machine, made there by the product', async () => {
    const told = await lab.neoPull(lab.target, '--yes', '--json', ...IMPATIENT);
    expect(finishedOf(told), told.stderr).toMatchObject({ outcome: 'moved', running: 'new', exitCode: EXIT.done });
    expect(lab.running('old')).toEqual([]);
    expect(lab.running('new')).toHaveLength(1);
    expect(await atLogin(lab, 'new')).toEqual({ active: 'active', enabled: 'enabled' });
    expect(lab.hub.violations()).toEqual([]);
  });

  it('stays down on the old machine at a fresh login and over a reboot, with its unit file as it was (F9, F11)', async () => {
    expect(await atLogin(lab, 'old')).toEqual({ active: 'inactive', enabled: 'disabled' });
    await lab.reboot('old');
    expect(await atLogin(lab, 'old')).toEqual({ active: 'inactive', enabled: 'disabled' });
    expect(lab.running('old')).toEqual([]);
    expect(existsSync(join(lab.homes.old, UNIT_FILE))).toBe(true);
  });

  it('comes up on the new machine by itself after a reboot, before anybody has logged in', async () => {
    await lab.reboot('new');
    const written = acknowledged(join(lab.ackFile, '../new.ack')).length;
    await waitFor('it writes again', () => acknowledged(join(lab.ackFile, '../new.ack')).length > written);
    expect(lab.exec('new', ['loginctl', 'list-sessions', '--no-legend']).stdout).toBe('');
    expect(lab.hub.violations()).toEqual([]);
  });

  it('is taken back by rollback: enabled and running on the old machine, nothing left on the new one (F107)', async () => {
    const told = await lab.neoPull('rollback', '--after-commit', '--yes', '--json');
    expect(finishedOf(told), told.stderr).toMatchObject({ running: 'old' });
    expect(await atLogin(lab, 'old')).toEqual({ active: 'active', enabled: 'enabled' });
    expect(await atLogin(lab, 'new')).toEqual({ active: 'inactive', enabled: 'not-found' });
    expect(existsSync(join(lab.homes.new, UNIT_FILE))).toBe(false);
    await lab.reboot('new');
    expect(await atLogin(lab, 'new')).toEqual({ active: 'inactive', enabled: 'not-found' });
    expect(lab.running('new')).toEqual([]);
    expect(lab.hub.violations()).toEqual([]);
  });
});

describe('a gateway that real systemd runs, when the cutover fails', () => {
  let lab: FullLab;
  beforeAll(async () => {
    lab = await makeFullLab({ sessions: 2 });
  });
  afterAll(async () => lab.destroy());

  async function failAtTheLast(): Promise<void> {
    const told = await lab.neoPull(
      lab.target,
      '--yes',
      '--json',
      '--fail-step',
      'nothing-moved-meanwhile',
      ...IMPATIENT,
    );
    expect(finishedOf(told), told.stderr).toMatchObject({ outcome: 'rolled-back', running: 'old' });
    expect(lab.running('new')).toEqual([]);
    expect(lab.running('old')).toHaveLength(1);
    expect(lab.hub.violations()).toEqual([]);
  }

  it('is enabled again where it was enabled, and comes back with the next boot (F107)', async () => {
    await failAtTheLast();
    expect(await atLogin(lab, 'old')).toEqual({ active: 'active', enabled: 'enabled' });
    expect(existsSync(join(lab.homes.new, UNIT_FILE))).toBe(false);
    await lab.reboot('old');
    expect(await atLogin(lab, 'old')).toEqual({ active: 'active', enabled: 'enabled' });
  });

  it('stays disabled where it was disabled, and runs on (F107)', async () => {
    await lab.ssh('old', `systemctl --user disable ${UNIT}`);
    await failAtTheLast();
    expect(await atLogin(lab, 'old')).toEqual({ active: 'active', enabled: 'disabled' });
  });
});
