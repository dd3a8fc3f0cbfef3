import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../src/core/exit.ts';
import { makeFullLab, type FullLab } from '../kit/full-lab/full-lab.ts';
import { SYSTEM_UNIT } from '../kit/full-lab/service-unit.ts';
import { atLogin } from '../kit/full-lab/service.ts';
import { IMPATIENT } from '../kit/neo-pull.ts';
import { finishedOf } from '../kit/told.ts';
import { waitFor } from '../kit/wait.ts';

// Whole moves, and reboots of whole machines.
vi.setConfig({ testTimeout: 120_000 });

let lab: FullLab | undefined;
afterEach(async () => {
  await lab?.destroy();
  lab = undefined;
});

async function move(at: FullLab, ...flags: string[]) {
  const told = await at.neoPull(at.target, '--yes', '--json', ...IMPATIENT, ...flags);
  return { told, finished: finishedOf(told) };
}

describe('an account without linger', () => {
  it('on the old machine: a login revives its gateway, the one of neo-pull too; after the move none does, and after rollback each does again (F11, F107)', async () => {
    const at = (lab = await makeFullLab({ sessions: 2, linger: { old: false } }));
    await waitFor('the gateway ends with the last login', () => at.running('old').length === 0);
    expect(await atLogin(at, 'old')).toEqual({ active: 'active', enabled: 'enabled' });
    await waitFor('the gateway ends with the last login', () => at.running('old').length === 0);
    const { finished, told } = await move(at);
    expect(finished, told.stderr).toMatchObject({ outcome: 'moved', running: 'new', exitCode: EXIT.done });
    expect(await atLogin(at, 'old')).toEqual({ active: 'inactive', enabled: 'disabled' });
    await at.reboot('old');
    expect(await atLogin(at, 'old')).toEqual({ active: 'inactive', enabled: 'disabled' });
    expect(at.hub.violations()).toEqual([]);
    const back = await at.neoPull('rollback', '--after-commit', '--yes', '--json');
    expect(finishedOf(back), back.stderr).toMatchObject({ outcome: 'rolled-back', running: 'old' });
    await at.reboot('old');
    // As it was found: the boot starts nothing without linger, the first login does.
    expect(at.running('old')).toEqual([]);
    expect(await atLogin(at, 'old')).toEqual({ active: 'active', enabled: 'enabled' });
    expect(at.running('new')).toEqual([]);
    expect(at.hub.violations()).toEqual([]);
  });

  it('on the new machine: it is told with the command, for there the gateway ends with the last login and begins with the next (row 8)', async () => {
    const at = (lab = await makeFullLab({ sessions: 2, linger: { new: false } }));
    const { finished, told } = await move(at);
    expect(finished, told.stderr).toMatchObject({ outcome: 'moved', running: 'new' });
    expect(told.stdout).toContain('"no-supervisor"');
    expect(told.stdout).toContain('sudo loginctl enable-linger nick');
    await waitFor('the new gateway ends with the login of neo-pull', () => at.running('new').length === 0);
    expect(await atLogin(at, 'new')).toEqual({ active: 'active', enabled: 'enabled' });
    at.exec('new', ['loginctl', 'enable-linger', 'nick']);
    await at.reboot('new');
    await waitFor('with linger it comes up by itself', () => at.running('new').length === 1);
  });
});

describe('an old machine whose sshd does without PAM', () => {
  it('gives a login no bus: the user manager that runs there is found all the same, and the gateway moves for good', async () => {
    const at = (lab = await makeFullLab({ sessions: 2, oldPam: false }));
    const seen = await at.ssh('old', 'echo "[$XDG_RUNTIME_DIR]"; systemctl --user is-active default.target');
    expect(seen).toMatchObject({ code: 1, stdout: '[]\n' });
    expect(seen.stderr).toMatch(/Failed to connect to bus/);
    const { finished, told } = await move(at);
    expect(finished, told.stderr).toMatchObject({ outcome: 'moved', running: 'new', exitCode: EXIT.done });
    expect(await atLogin(at, 'old')).toEqual({ active: 'inactive', enabled: 'disabled' });
    await at.reboot('old');
    expect(await atLogin(at, 'old')).toEqual({ active: 'inactive', enabled: 'disabled' });
    expect(at.hub.violations()).toEqual([]);
  });

  it('and whose account has no linger has no manager to ask: an enabled unit that nobody can disable is refused, nothing changed', async () => {
    const at = (lab = await makeFullLab({
      sessions: 2,
      oldPam: false,
      linger: { old: false },
      runsAs: 'enabled-only',
    }));
    const { finished, told } = await move(at);
    expect(finished, told.stdout + told.stderr).toMatchObject({
      outcome: 'refused',
      exitCode: EXIT.preflight,
      problem: { code: 'unit-unreachable' },
    });
    expect(existsSync(join(at.homes.old, '.neo-pull-old'))).toBe(false);
  });
});

describe('a gateway that is a unit of the whole machine', () => {
  it('is refused, with the unit, for this account can neither stop nor disable it; nothing is changed', async () => {
    const at = (lab = await makeFullLab({ sessions: 2, runsAs: 'system-unit' }));
    const { finished, told } = await move(at);
    expect(finished, told.stdout + told.stderr).toMatchObject({
      outcome: 'refused',
      running: 'old',
      exitCode: EXIT.preflight,
      problem: { code: 'supervisor-needs-root' },
    });
    expect(finished.problem?.message).toContain(SYSTEM_UNIT);
    expect(at.running('old')).toHaveLength(1);
    expect(at.exec('old', ['systemctl', 'is-enabled', SYSTEM_UNIT]).stdout).toBe('enabled\n');
    expect(existsSync(join(at.homes.old, '.neo-pull-old'))).toBe(false);
    expect(at.running('new')).toEqual([]);
  });
});
