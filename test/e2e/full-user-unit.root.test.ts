import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../src/core/exit.ts';
import { makeFullLab, type FullLab } from '../kit/full-lab/full-lab.ts';
import { atLogin, UNIT, UNIT_FILE } from '../kit/full-lab/service.ts';
import { acknowledged } from '../kit/hub.ts';
import { IMPATIENT, type Ended } from '../kit/neo-pull.ts';
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
    await Promise.all([lab.reboot('old'), lab.reboot('new')]);
    await waitFor('it comes up with the old machine', () => lab.running('old').length === 1);
    expect(lab.exec('old', ['loginctl', 'list-sessions', '--no-legend']).stdout).toBe('');
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

  function journal(): string {
    const runs = join(lab.homes.new, '.local/state/neo-pull/runs');
    if (!existsSync(runs)) return '';
    return readdirSync(runs)
      .map((run) => readFileSync(join(runs, run, 'journal.ndjson'), 'utf8'))
      .join('');
  }

  /** Cuts the power of a machine once this step of a move is done. The move is not over then. */
  async function moveUntil(step: string, side: 'old' | 'new'): Promise<{ move: Promise<Ended> }> {
    const done = (): number => journal().split(`"type":"step.applied","step":"${step}"`).length;
    const was = done();
    const pulse = ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=2'];
    const move = lab.neoPull(lab.target, '--yes', '--json', ...pulse, ...IMPATIENT);
    await waitFor(`${step} is done`, () => done() > was, 60_000);
    // Nothing tells the other machine.
    lab.cut();
    await lab.powerCut(side);
    return { move };
  }

  async function isTakenBackBy(command: 'resume' | 'rollback'): Promise<void> {
    const back = await lab.neoPull(command, '--yes', '--json');
    expect(finishedOf(back), back.stderr).toMatchObject({ outcome: 'rolled-back', running: 'old' });
    expect(await atLogin(lab, 'old')).toEqual({ active: 'active', enabled: 'enabled' });
    expect(lab.running('old')).toHaveLength(1);
    expect(lab.running('new')).toEqual([]);
    expect(existsSync(join(lab.homes.old, '.neo-pull-old'))).toBe(false);
    expect(lab.hub.violations()).toEqual([]);
  }

  it('is enabled again where it was enabled, and comes back with the next boot (F107)', async () => {
    await failAtTheLast();
    expect(await atLogin(lab, 'old')).toEqual({ active: 'active', enabled: 'enabled' });
    expect(existsSync(join(lab.homes.new, UNIT_FILE))).toBe(false);
    await lab.reboot('old');
    expect(await atLogin(lab, 'old')).toEqual({ active: 'active', enabled: 'enabled' });
  });

  it('is put back by rollback when the power of the new machine is cut between swap and start (F11)', async () => {
    const { move } = await moveUntil('swap', 'new');
    lab.heal();
    await lab.boot('new');
    await move;
    expect(await atLogin(lab, 'old')).toEqual({ active: 'inactive', enabled: 'disabled' });
    expect(await atLogin(lab, 'new')).toEqual({ active: 'inactive', enabled: 'not-found' });
    await isTakenBackBy('rollback');
  });

  it('stays down when the power of the old machine is cut behind the fence, until resume has put it back (F12)', async () => {
    const { move } = await moveUntil('fence-old', 'old');
    expect(finishedOf(await move)).toMatchObject({ outcome: 'failed', exitCode: EXIT.unknown });
    lab.heal();
    await lab.boot('old');
    expect(await atLogin(lab, 'old')).toEqual({ active: 'inactive', enabled: 'disabled' });
    expect(lab.running('old')).toEqual([]);
    await isTakenBackBy('resume');
  });

  it('stays disabled where it was disabled, and runs on (F107)', async () => {
    await lab.ssh('old', `systemctl --user disable ${UNIT}`);
    await failAtTheLast();
    expect(await atLogin(lab, 'old')).toEqual({ active: 'active', enabled: 'disabled' });
  });
});
