import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFullLab, sweep, type FullLab } from '../kit/full-lab/full-lab.ts';
import { acknowledged } from '../kit/hub.ts';
import { REPOSITORY } from '../kit/repository.ts';
import { waitFor } from '../kit/wait.ts';

/** Everything by which a full lab could be seen on this machine; those of labs that others hold now are not meant. */
function traces(): Set<string> {
  const { stdout: namespaces } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  const groups = execFileSync('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-name', 'np-full-*'], { encoding: 'utf8' });
  const mounts = readFileSync('/proc/mounts', 'utf8');
  const links = execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' });
  const all = [namespaces, groups, mounts, links, ...readdirSync('/tmp')].flatMap((text) => text.split('\n'));
  return new Set(all.filter((line) => line.includes('np-full-')));
}

function idsIn(lines: Set<string>): Set<string> {
  return new Set([...lines].flatMap((line) => /np-full-\w+/.exec(line)?.[0] ?? []));
}

describe('the full lab', () => {
  let lab: FullLab;
  let before: Set<string>;
  let mine: string[];

  beforeAll(async () => {
    before = idsIn(traces());
    lab = await makeFullLab();
    mine = [...idsIn(traces())].filter((id) => !before.has(id));
  });

  afterAll(async () => {
    await lab.destroy();
    const left = idsIn(traces());
    expect(mine.filter((id) => left.has(id))).toEqual([]);
  });

  test('is two machines with real systemd behind real sshd', async () => {
    const seen = await lab.ssh(
      'old',
      'hostname; id -un; echo $HOME $XDG_RUNTIME_DIR; cat /proc/1/comm; systemctl --user is-system-running',
    );
    expect(seen).toEqual({
      code: 0,
      stderr: '',
      stdout: 'old-machine\nolga\n/home/olga /run/user/4201\nsystemd\nrunning\n',
    });
    const there = await lab.ssh('new', 'hostname; id -un; ls /tmp; loginctl show-user nick -p Linger');
    expect(there.stdout).toMatch(/^new-machine\nnick\n[^]*Linger=yes\n$/);
  });

  test('runs the gateway as the unit that the product made, and its writes are seen from here', async () => {
    const { stdout } = await lab.ssh(
      'old',
      'systemctl --user show smart-agent-neo-gateway -p ActiveState,UnitFileState,MainPID',
    );
    expect(stdout).toMatch(/MainPID=[1-9]\d*\nActiveState=active\nUnitFileState=enabled\n/);
    expect(lab.running('old')).toHaveLength(1);
    expect(lab.running('new')).toEqual([]);
    await waitFor('it speaks', () => lab.hub.spoken().length === 2);
    await waitFor('it writes', () => acknowledged(lab.ackFile).length > 5);
  });

  test('reboots, and with linger the gateway is back before anybody has logged in', async () => {
    const boot = lab.exec('old', ['cat', '/proc/sys/kernel/random/boot_id']).stdout;
    const begun = performance.now();
    await lab.reboot('old');
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(lab.exec('old', ['cat', '/proc/sys/kernel/random/boot_id']).stdout).not.toBe(boot);
    await waitFor('the gateway is back', () => lab.running('old').length === 1);
    expect(lab.exec('old', ['loginctl', 'list-sessions', '--no-legend']).stdout).toBe('');
  });

  test('keeps its disk over a power cut', async () => {
    const written = acknowledged(lab.ackFile).length;
    await lab.powerCut('old');
    expect((await lab.ssh('old', 'true')).code).toBe(255);
    await lab.boot('old');
    await waitFor('the gateway goes on', () => acknowledged(lab.ackFile).length > written);
    expect(lab.hub.violations()).toEqual([]);
  });

  test('a cut line swallows everything and refuses nothing', async () => {
    lab.cut();
    const cut = await lab.ssh('old', 'true');
    expect(cut.code).toBe(255);
    expect(cut.stderr).toMatch(/timed out/i);
    expect((await lab.ssh('new', 'true')).code).toBe(0);
    lab.heal();
    expect((await lab.ssh('old', 'true')).code).toBe(0);
  });
});

describe('a full lab whose test was killed', () => {
  test('is taken away by the next one, which stands beside it under the same addresses', async () => {
    const before = idsIn(traces());
    const script = `import { makeFullLab } from '${join(REPOSITORY, 'test/kit/full-lab/full-lab.ts')}'; await makeFullLab({ runsAs: 'stopped' }); console.log('made'); setInterval(() => {}, 1000);`;
    const child = spawn(
      join(REPOSITORY, '.cache/node-22/bin/node'),
      ['--experimental-strip-types', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(child.stdout, 'data');
    const theirs = [...idsIn(traces())].filter((id) => !before.has(id));
    expect(theirs.length).toBeGreaterThan(0);
    const beside = await makeFullLab({ runsAs: 'stopped' });
    expect((await beside.ssh('old', 'true')).code).toBe(0);
    child.kill('SIGKILL');
    await once(child, 'close');
    try {
      await sweep();
      const left = idsIn(traces());
      expect(theirs.filter((id) => left.has(id))).toEqual([]);
      expect((await beside.ssh('old', 'true')).code).toBe(0);
      expect(existsSync(beside.homes.old)).toBe(true);
    } finally {
      await beside.destroy();
    }
  });
});
