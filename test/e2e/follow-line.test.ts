import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { FollowStatus } from '../../src/core/order.ts';
import { blackHole, type Wire } from '../kit/black-hole.ts';
import { staged, stagedState } from '../kit/following.ts';
import { makeLoopbackLab, type LoopbackLab } from '../kit/loopback-lab.ts';
import { IMPATIENT, neoPull, type Ended } from '../kit/neo-pull.ts';
import { watchersOf } from '../kit/processes.ts';
import { waitFor } from '../kit/wait.ts';

/** How long nothing comes: two minutes when there is time. */
const CUT_S = process.env['SLOW'] === '1' ? 120 : 12;

let lab: LoopbackLab | null = null;
let wire: Wire | null = null;
let running: Daemon[] = [];

/** neo-pull as it is built, following, as a process of its own. */
interface Daemon {
  readonly pid: number;
  /** All that it has printed. */
  readonly told: () => string;
  readonly ended: Promise<Ended>;
  readonly signal: (name: NodeJS.Signals) => void;
}

afterEach(async () => {
  for (const { signal, ended } of running.splice(0)) {
    signal('SIGKILL');
    await ended;
  }
  await wire?.close();
  await lab?.destroy();
  [lab, wire, running] = [null, null, []];
});

/** Starts it and waits for the first whole pass. Without a terminal whatever would be asked ends it. */
async function follow(at: LoopbackLab, port: number, env: Readonly<Record<string, string>> = {}): Promise<Daemon> {
  const pulse = ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=2', '--connect-timeout', '2'];
  return started(at, ['sync', `${at.sshd.user}@127.0.0.1`, '--follow', ...way(at, port), ...pulse, ...IMPATIENT], env);
}

function way(at: LoopbackLab, port: number): string[] {
  const known = join(at.path, 'known');
  writeFileSync(known, readFileSync(at.sshd.knownHosts, 'utf8').replaceAll(String(at.sshd.port), String(port)));
  return ['-i', at.sshd.identity.path, '--known-hosts', known, '-p', String(port)];
}

async function started(
  at: LoopbackLab,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Daemon> {
  const argv = [...words, '--json'];
  let [told, pid, isOver] = ['', 0, false];
  const ended = neoPull(argv, {
    env: { ...at.new.env, ...env },
    onOutput: (text, from) => {
      told += text;
      pid = from;
    },
  }).finally(() => (isOver = true));
  const daemon: Daemon = {
    ...{ ended, told: () => told },
    get pid() {
      return pid;
    },
    signal: (name) => {
      if (!isOver && pid !== 0) process.kill(pid, name);
    },
  };
  running.push(daemon);
  await waitFor(
    'the first round',
    () => {
      if (isOver) throw new Error(told);
      return told.includes('"round.done"');
    },
    60_000,
  );
  return daemon;
}

async function statusOf(at: LoopbackLab): Promise<FollowStatus | null> {
  const { stdout } = await neoPull(['status', '--json'], { env: at.new.env });
  return (JSON.parse(stdout) as { follow: FollowStatus | null }).follow;
}

describe('sync --follow over a line', () => {
  it(
    `that is dead for ${String(CUT_S)} s waits for it, says so, and goes on by itself with nothing asked again`,
    { timeout: 400_000 },
    async () => {
      lab = await makeLoopbackLab({ runsAs: 'service', sessions: 2 });
      const at = lab;
      wire = await blackHole(at.sshd.port);
      const daemon = await follow(at, wire.port);
      wire.swallow(CUT_S * 1000);
      appendFileSync(join(at.state.stateDir, 'media-note.txt'), 'while nothing came\n');
      await waitFor('it to be said', async () => (await statusOf(at))?.phase === 'waiting-for-line', 30_000);
      expect(at.running('old')).toHaveLength(1);
      await waitFor('it to go on', async () => (await statusOf(at))?.phase === 'following', (CUT_S + 90) * 1000);
      await staged(at, 'media-note.txt');
      appendFileSync(join(at.state.stateDir, 'media-after.txt'), 'after\n');
      await staged(at, 'media-after.txt');
      expect(daemon.told().match(/The connection was lost/g)).toHaveLength(1);
      const moved = await neoPull(['cutover', '--json', '--yes'], { env: at.new.env });
      expect(moved.events.at(-1)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
      expect(at.hub.violations()).toEqual([]);
    },
  );

  it(
    'goes on where it was when it was killed and is resumed, or started again after its cutover was taken back, as that says; its watcher on the old machine has gone with it (F10)',
    { timeout: 180_000 },
    async () => {
      lab = await makeLoopbackLab({ runsAs: 'service', sessions: 2 });
      // Of a name that is too long for a socket, in a login with a folder for sockets that goes with it.
      const XDG_STATE_HOME = join(lab.new.home, 'x'.repeat(120));
      const at = { ...lab, new: { ...lab.new, env: { ...lab.new.env, XDG_STATE_HOME } } };
      const XDG_RUNTIME_DIR = join(lab.path, 'runtime');
      mkdirSync(XDG_RUNTIME_DIR, { mode: 0o700 });
      const first = await follow(at, at.sshd.port, { XDG_RUNTIME_DIR });
      rmSync(XDG_RUNTIME_DIR, { recursive: true });
      expect(await statusOf(at)).toMatchObject({ pid: first.pid });
      const watchers = (): number => watchersOf(at.old.home).length;
      await waitFor('somebody watches', () => watchers() === 1);
      const before = stagedState(at);
      first.signal('SIGKILL');
      await first.ended;
      await waitFor('nobody watches', () => watchers() === 0, 30_000);
      expect(await statusOf(at)).toBeNull();
      appendFileSync(join(at.state.stateDir, 'media-between.txt'), 'between\n');
      const second = await started(at, ['resume', ...way(at, at.sshd.port).slice(0, 4)]);
      expect(second.told()).toContain('This run followed the old machine, and follows on');
      expect(stagedState(at)).toBe(before);
      expect(existsSync(join(before, 'media-between.txt'))).toBe(true);
      await waitFor('it to follow', async () => (await statusOf(at))?.pid === second.pid);
      await waitFor('somebody watches', () => watchers() === 1);
      at.setTraps('new', { 'doctor-fails': true });
      const back = await neoPull(['cutover', '--yes'], { env: at.new.env });
      expect([back.code, back.stdout + back.stderr]).toEqual([9, expect.stringContaining('no longer followed')]);
      expect(await second.ended).toMatchObject({ code: 9 });
      const again = /neo-pull (sync .* --follow .*)\n/.exec(back.stdout + back.stderr)?.[1] ?? 'none is named';
      const third = await started(at, again.split(' '));
      expect((await neoPull(['stop'], { env: at.new.env })).code).toBe(0);
      expect(await third.ended).toMatchObject({ code: 0 });
      await waitFor('nobody watches', () => watchers() === 0, 30_000);
    },
  );
});
