import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acknowledged } from '../kit/hub.ts';
import { makeLightLab } from '../kit/light-lab/light-lab.ts';
import type { LightLab } from '../kit/light-lab/light-lab.ts';
import { waitFor } from '../kit/wait.ts';

function ssh(lab: LightLab, ...command: string[]) {
  const options = [
    '-F',
    'none',
    '-i',
    lab.identity,
    '-o',
    `UserKnownHostsFile=${lab.knownHosts}`,
    '-o',
    'BatchMode=yes',
  ];
  const { status, stdout, stderr } = spawnSync(
    'ssh',
    [...options, '-o', 'ConnectTimeout=2', `${lab.user}@${lab.address}`, ...command],
    {
      encoding: 'utf8',
    },
  );
  return { code: status, stdout, stderr };
}

function traces(): string[] {
  const { stdout: namespaces } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  const links = execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' });
  const mounts = readFileSync('/proc/mounts', 'utf8');
  return [...namespaces.split('\n'), ...links.split('\n'), ...mounts.split('\n')].filter((line) =>
    /np-lab|npl\d|np-light/.test(line),
  );
}

describe('the light lab', () => {
  let lab: LightLab;
  let before: string[];

  beforeAll(async () => {
    before = traces();
    lab = await makeLightLab();
  });

  afterAll(async () => {
    await lab.destroy();
    expect(traces()).toEqual(before);
  });

  test('is a machine of its own behind a real sshd', () => {
    const seen = ssh(
      lab,
      'hostname; id -un; echo $HOME; ls /tmp; cat /etc/machine-id; cat /proc/sys/kernel/random/boot_id; ps -e | wc -l',
    );
    const [hostname, user, home, ...rest] = seen.stdout.split('\n');
    expect(seen).toMatchObject({ code: 0, stderr: '' });
    expect([hostname, user, home]).toEqual([expect.stringMatching(/^old-/), 'olga', '/home/olga']);
    expect(rest.join(' ')).toContain('smart-agent-neo-4201');
    expect(rest.join(' ')).not.toContain(readFileSync('/etc/machine-id', 'utf8').trim());
    expect(rest.join(' ')).not.toContain(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    expect(Number(rest.at(-2))).toBeLessThan(30);
  });

  test('runs the gateway as a service whose writes and claims are seen from here', async () => {
    expect(lab.running()).toHaveLength(1);
    expect(JSON.parse(lab.cli('gateway', 'status', '--json').stdout)).toMatchObject({
      service: { loaded: true },
      rpc: { ok: true },
    });
    await waitFor('it speaks', () => lab.hub.spoken().length === 2);
    await waitFor('it writes', () => acknowledged(lab.ackFile).length > 5);
    expect(existsSync(`${lab.homeOnDisk}/.smart-agent-neo/memory/main.sqlite`)).toBe(true);
  });

  test('keeps its disk over a power cut, and the first login revives an enabled service', async () => {
    await lab.powerCut();
    expect(lab.running()).toEqual([]);
    expect(ssh(lab, 'true').code).toBe(255);
    await lab.powerOn();
    expect(lab.running()).toEqual([]);
    expect(ssh(lab, 'true').code).toBe(0);
    await waitFor('the service is back', () => lab.running().length === 1);
    await waitFor('it speaks', () => lab.hub.spoken().length === 4);
    expect(lab.hub.violations()).toEqual([]);
  });

  test('a cut line swallows everything and refuses nothing', () => {
    lab.linkDown();
    const cut = ssh(lab, 'true');
    expect(cut.code).toBe(255);
    expect(cut.stderr).toMatch(/timed out/i);
    lab.linkUp();
    expect(ssh(lab, 'true').code).toBe(0);
  });

  test('two labs stand side by side', async () => {
    const second = await makeLightLab({ runsAs: 'foreground', profile: 'work' });
    expect(second.address).not.toBe(lab.address);
    expect(ssh(second, 'true').code).toBe(0);
    expect(second.running()).toHaveLength(1);
    expect(lab.running()).toHaveLength(1);
    await second.destroy();
    expect(existsSync(second.identity)).toBe(false);
  });
});
