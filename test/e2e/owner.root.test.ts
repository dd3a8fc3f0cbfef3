import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeLoopbackLab, type LoopbackLab } from '../kit/loopback-lab.ts';
import { IMPATIENT, neoPull } from '../kit/neo-pull.ts';
import { makeUser, type ThrowawayUser } from '../kit/throwaway-user.ts';
import { waitFor } from '../kit/wait.ts';

let lab: LoopbackLab;
let user: ThrowawayUser;

beforeAll(async () => {
  user = makeUser({ shell: '/bin/bash' });
  lab = await makeLoopbackLab({ sessions: 2 });
  // What an admin prepares: an account whose home this is, with the product in it, and a key that it may use.
  for (const name of ['identity', 'known_hosts'] as const) {
    copyFileSync(name === 'identity' ? lab.sshd.identity.path : lab.sshd.knownHosts, join(lab.new.home, name));
  }
  execFileSync('usermod', ['--home', lab.new.home, user.name]);
  chmodSync(lab.new.home, 0o750);
  // The user manager that is up is root's; the next one is of whoever asks it.
  execFileSync(join(lab.new.path, 'bin/systemctl'), ['--user', 'exit'], { env: lab.new.env });
  await waitFor('it has left', () => !existsSync(join(lab.new.home, '.stand-in-systemd/bus')));
  execFileSync('chown', ['-R', `${user.name}:`, lab.new.path]);
  chmodSync(lab.path, 0o711);
  chmodSync(join(lab.path, 'hub'), 0o777);
  execFileSync('chmod', ['-R', 'a+rwX', join(lab.path, 'hub')]);
});
afterAll(async () => {
  await lab.destroy();
  user.remove();
});

const rootEnv = (): Record<string, string> => ({ ...lab.new.env, HOME: '/root', USER: 'root', LOGNAME: 'root' });

function old(...more: string[]): string[] {
  const way = ['-i', join(lab.new.home, 'identity'), '--known-hosts', join(lab.new.home, 'known_hosts')];
  return [`${lab.sshd.user}@127.0.0.1`, '-p', String(lab.sshd.port), ...way, ...more];
}

/** Everything below a directory that belongs to somebody else. */
function notTheirs(directory: string): string[] {
  const names = ['.', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })];
  return names.filter((name) => lstatSync(join(directory, name)).uid !== user.uid);
}

function uidOf(pid: number): number {
  return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]);
}

describe('neo-pull started by root', () => {
  it('refuses by way of sudo to make a state dir of root, before it looks at any machine (F108, F109)', async () => {
    const { code, stderr } = await neoPull(old('--yes'), { env: { ...rootEnv(), SUDO_USER: user.name } });
    expect([code, stderr]).toEqual([3, expect.stringContaining(`--owner ${user.name}`)]);
    expect(lab.running('old')).toHaveLength(1);
  });

  it('refuses to make a state dir of root in the home of somebody else, and takes --owner root for an answer', async () => {
    const place = join(lab.new.home, '.smart-agent-neo');
    const bin = ['--gateway-bin', lab.new.product.bin, '--to-state-dir', place];
    const { code, stderr } = await neoPull(['plan', ...old(...bin)], { env: rootEnv() });
    expect([code, stderr]).toEqual([3, expect.stringContaining(`--owner ${String(user.uid)}`)]);
    const meant = await neoPull(['plan', ...old(...bin, '--owner', 'root')], { env: rootEnv() });
    expect([meant.code, meant.stdout]).toEqual([0, expect.stringContaining(place)]);
  });

  it('refuses an owner that is not there', async () => {
    const { code, stderr } = await neoPull(old('--owner', 'nobody-of-this-name'), { env: rootEnv() });
    expect([code, stderr]).toEqual([2, expect.stringContaining('There is no such user')]);
  });

  it('moves as the owner: the copy, the folders on the way, the run and the gateway are theirs, and the home is as it was (F108)', async () => {
    mkdirSync(join(lab.new.home, 'work'));
    execFileSync('chown', [`${user.name}:`, join(lab.new.home, 'work')]);
    const home = lstatSync(lab.new.home);
    const flags = ['--owner', user.name, '--yes', '--json', ...IMPATIENT];
    const { code, events, stderr } = await neoPull(old(...flags), { env: { ...rootEnv(), SUDO_USER: user.name } });
    expect([code, stderr.slice(-2000)]).toEqual([0, expect.any(String)]);
    expect(events.at(-1)).toMatchObject({ type: 'run.finished', outcome: 'moved', running: 'new' });
    expect(notTheirs(lab.new.home)).toEqual([]);
    expect(readdirSync(join(lab.new.home, '.local/state/neo-pull/runs'))).toHaveLength(1);
    const now = lstatSync(lab.new.home);
    expect([now.uid, now.gid, now.mode]).toEqual([home.uid, home.gid, home.mode]);
    const running = lab.running('new');
    expect(running).toHaveLength(1);
    expect(running.map(uidOf)).toEqual([user.uid]);
    expect(lstatSync(join(lab.new.home, '.smart-agent-neo')).mode & 0o777).toBe(0o700);
  });

  it('finds the run again for the same owner', async () => {
    const { code, stdout } = await neoPull(['status', '--owner', String(user.uid)], { env: rootEnv() });
    expect([code, stdout]).toEqual([0, expect.stringContaining('new')]);
  });
});
