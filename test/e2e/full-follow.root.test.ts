import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../src/core/exit.ts';
import { makeFullLab, type FullLab } from '../kit/full-lab/full-lab.ts';
import { atLogin } from '../kit/full-lab/service.ts';
import { IMPATIENT } from '../kit/neo-pull.ts';
import { finishedOf } from '../kit/told.ts';
import { waitFor } from '../kit/wait.ts';

// Reboots of whole machines.
vi.setConfig({ testTimeout: 90_000 });

const STATE = '.smart-agent-neo';
const UNITS = '.config/systemd/user';

/** F10, F83, F88: what follows for days must come through everything that happens to machines in days. */
describe('neo-pull as a service of an account with linger, following a gateway on another machine', () => {
  let lab: FullLab;
  let unit = '';
  let count = 0;
  beforeAll(async () => {
    lab = await makeFullLab({ sessions: 2 });
  });
  afterAll(async () => lab.destroy());

  /** By root, without a login that would start anything. */
  function shown(property: string): string {
    const argv = ['systemctl', '--user', '--machine=nick@.host', 'show', unit, `--property=${property}`, '--value'];
    return lab.exec('new', argv).stdout.trim();
  }

  function stagedFiles(): string[] {
    const beside = join(lab.homes.new, '.neo-pull');
    const name = existsSync(beside) && readdirSync(beside).find((one) => one.endsWith('.staging'));
    return name ? readdirSync(join(beside, name, 'media')) : [];
  }

  /** Something changes on the old machine, and is staged without anybody doing anything. */
  async function follows(patienceMs = 40_000): Promise<void> {
    count += 1;
    const name = `change-${count}.txt`;
    const { code, stderr } = await lab.ssh('old', `echo ${count} > ~/${STATE}/media/${name}`);
    expect([code, stderr]).toEqual([0, '']);
    await waitFor(`${name} is staged`, () => stagedFiles().includes(name), patienceMs);
  }

  function sessions(): string {
    return lab.exec('new', ['loginctl', 'list-sessions', '--no-legend']).stdout;
  }

  /** The watcher and other programs of ours on the old machine. */
  function watchers(): string {
    return lab.exec('old', ['pgrep', '-u', 'olga', '-fa', 'sha256']).stdout;
  }

  it('is installed, says when it is ready and where it stands, and stages what changes when nobody is logged in', async () => {
    await lab.ssh('new', 'umask 077; echo not-asked-for >secret');
    const flags = ['--password-file', 'secret', ...IMPATIENT];
    const { code, stdout, stderr } = await lab.neoPull('service', 'install', lab.target, ...flags);
    expect([code, stderr]).toEqual([0, '']);
    unit = readdirSync(join(lab.homes.new, UNITS)).find((name) => name.startsWith('neo-pull-follow@')) ?? '';
    expect(stdout).toContain(unit);
    expect(stdout).not.toContain('linger');
    expect(statSync(join(lab.homes.new, UNITS, unit)).mode & 0o777).toBe(0o600);
    expect(shown('ActiveState')).toBe('active');
    await follows();
    await waitFor('it says where it stands', () => shown('StatusText').startsWith('follows the old machine'), 30_000);
    expect(shown('StatusText')).toContain('a cutover would take about');
    await waitFor('nobody is logged in', () => sessions() === '');
    await follows();
  });

  it('waits for an old machine that is rebooted, and goes on', async () => {
    const pid = shown('MainPID');
    await lab.reboot('old');
    await follows();
    expect(shown('MainPID')).toBe(pid);
  });

  it('comes back by itself when this machine is rebooted, and goes on', async () => {
    await lab.reboot('new');
    await follows();
    expect(sessions()).toBe('');
  });

  it('is killed and started again when it hangs', async () => {
    const folder = join(lab.homes.new, UNITS, `${unit}.d`);
    const dropIn = '[Service]\\nWatchdogSec=4\\nRestartSec=1\\n';
    const place = folder.slice(lab.homes.new.length + 1);
    const restart = `systemctl --user daemon-reload && systemctl --user restart '${unit}'`;
    const made = await lab.ssh(
      'new',
      `mkdir -p ~/'${place}' && printf '${dropIn}' > ~/'${place}'/test.conf && ${restart}`,
    );
    expect([made.code, made.stderr]).toEqual([0, '']);
    const pid = shown('MainPID');
    await follows();
    // It is fed as long as its loop turns.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect([shown('MainPID'), shown('NRestarts')]).toEqual([pid, '0']);
    lab.exec('new', ['kill', '-STOP', pid]);
    await waitFor(
      'it was started again',
      () => shown('NRestarts') === '1' && shown('ActiveState') === 'active',
      30_000,
    );
    expect(shown('MainPID')).not.toBe(pid);
    await follows();
  });

  it('ends within seconds when it is told to, with the watcher on the old machine, and is no failure', async () => {
    expect(watchers()).not.toBe('');
    const begun = performance.now();
    await lab.ssh('new', `systemctl --user stop '${unit}'`);
    expect(performance.now() - begun).toBeLessThan(8000);
    expect([shown('ActiveState'), shown('ExecMainStatus'), shown('Result')]).toEqual(['inactive', '143', 'success']);
    await waitFor('the watcher is gone', () => watchers() === '');
    expect(lab.running('old')).toHaveLength(1);
    await lab.ssh('new', `systemctl --user start '${unit}'`);
    await follows();
  });

  it('moves the gateway when cutover tells it to, and does not start again after that', async () => {
    const told = await lab.neoPull('cutover', '--yes', '--json');
    expect(finishedOf(told), told.stderr).toMatchObject({ outcome: 'moved', running: 'new', exitCode: EXIT.done });
    expect(lab.running('old')).toEqual([]);
    expect(await atLogin(lab, 'new')).toEqual({ active: 'active', enabled: 'enabled' });
    await waitFor('it has ended', () => shown('ActiveState') === 'inactive');
    expect([shown('Result'), shown('UnitFileState')]).toEqual(['success', 'disabled']);
    expect(lab.running('new')).toHaveLength(1);
    expect(lab.hub.violations()).toEqual([]);
  });
});
