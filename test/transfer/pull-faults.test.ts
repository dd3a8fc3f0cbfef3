import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kill } from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../src/core/host.ts';
import { fail, problem, type Problem, ProblemError } from '../../src/core/problem.ts';
import { runOk } from '../../src/host/run.ts';
import type { PullOptions } from '../../src/transfer/pull.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { afterBytes } from './after-bytes.ts';
import { fingerprint } from './fingerprint.ts';
import { processes, type Seen } from './processes.ts';
import { twoPlaces, type TwoPlaces } from './two-places.ts';

const MIB = 1024 * 1024;

let places: TwoPlaces;
beforeEach(async () => (places = await twoPlaces()));
afterEach(async () => {
  expect(await left()).toEqual([]);
  expect(await readdir(places.runtime)).toEqual([]);
  await places.remove();
});

/** What the pull has started and what still runs. */
async function left(): Promise<Seen[]> {
  return processes(({ argv, cwd }) => cwd.startsWith(places.folder) || argv.join(' ').includes(places.folder));
}

async function killAll(wanted: (seen: Seen) => boolean, signal: 'SIGKILL' | 'SIGUSR1' | 'SIGSTOP' = 'SIGKILL') {
  const found = (await left()).filter(wanted);
  for (const { pid } of found) kill(pid, signal);
  expect(found).not.toEqual([]);
}

const isRsh = ({ argv }: Seen) => argv.some((arg) => arg.endsWith('/rsh.cjs'));
const isRemote = ({ argv }: Seen) => argv.includes('--server');
const isLocal = (seen: Seen) => !isRsh(seen) && !isRemote(seen);

function problemOfPull(options?: Partial<PullOptions>): Promise<Problem> {
  return problemFrom(places.pull(options));
}

async function big(name: string, sizeBytes: number): Promise<void> {
  await writeFile(join(places.tree, name), randomBytes(sizeBytes));
}

describe('a pull that is disturbed', () => {
  // F7
  it('fails, and ends everything it started, when the receiving rsync is killed', async () => {
    await big('big', 32 * MIB);
    let killed = Promise.resolve();
    const main = (seen: Seen) => isLocal(seen) && seen.parent === process.pid;
    const old = afterBytes(places.old, 8 * MIB, () => (killed = killAll(main)));
    const seen = await problemOfPull({ old });
    await killed;
    expect(seen.code).toBe('transfer-failed');
    expect(seen.message).toContain('rsync on this machine ended with signal KILL');
    expect(seen.hint).toContain('run the same command again');
    await places.pull();
    expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
  });

  // F8
  it('fails when the rsync on the old machine is killed, and sends only the rest when tried again', async () => {
    const size = 64 * MIB;
    await big('big', size);
    let killed = Promise.resolve();
    const old = afterBytes(places.old, size / 2, () => (killed = killAll(isRemote)));
    const seen = await problemOfPull({ old });
    await killed;
    expect(seen.code).toBe('transfer-failed');
    expect(seen.message).toContain('the one on the old machine with signal KILL');
    const again = await places.pull();
    expect(again.wireBytes).toBeLessThan(size * 0.6);
    expect(await readdir(places.staging)).toEqual(['big']);
    expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
  });

  // F9
  it('fails when its remote shell is killed, and ends the rsync on the old machine', async () => {
    await big('big', 32 * MIB);
    let killed = Promise.resolve();
    const old = afterBytes(places.old, 8 * MIB, () => (killed = killAll(isRsh)));
    expect((await problemOfPull({ old })).code).toBe('transfer-failed');
    await killed;
  });

  // rsync ends its children by SIGUSR1, by which Node opens a debugger's port
  it('has a remote shell that opens no debugger when rsync ends it', async () => {
    await big('big', 32 * MIB);
    let killed = Promise.resolve();
    const old = afterBytes(places.old, 8 * MIB, () => (killed = killAll(isRsh, 'SIGUSR1')));
    const seen = await problemOfPull({ old });
    await killed;
    expect(JSON.stringify(seen)).not.toContain('ebugger');
  });

  it('ends both sides when it is aborted, says why, and keeps what arrived for the next try', async () => {
    const size = 64 * MIB;
    await big('big', size);
    const abort = new AbortController();
    const reason = fail('interrupted', { message: 'Ctrl-C', hint: 'neo-pull resume' });
    const old = afterBytes(places.old, size / 2, () => abort.abort(reason));
    await expect(places.pull({ old, signal: abort.signal })).rejects.toBe(reason);
    expect(await left()).toEqual([]);
    expect((await places.pull()).wireBytes).toBeLessThan(size * 0.6);
  });

  it('begins nothing when it was aborted before', async () => {
    await expect(places.pull({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  });

  // F18, F26, F49: the watch is ours and does not rely on rsync
  it('ends as stalled when the old machine falls silent', async () => {
    await big('big', 32 * MIB);
    let stopped = Promise.resolve();
    const old = afterBytes(places.old, 8 * MIB, () => (stopped = killAll(isRemote, 'SIGSTOP')));
    const seen = await problemOfPull({ old, stallMs: 800 });
    await stopped;
    expect(seen.code).toBe('transfer-stalled');
  });

  // F17
  it('passes on that the connection was lost', async () => {
    await big('big', 32 * MIB);
    const old = losing(places.old, 8 * MIB);
    expect((await problemOfPull({ old })).code).toBe('connection-lost');
  });

  it('passes on that the old machine cannot be reached', async () => {
    const thrown = fail('host-unreachable', { message: 'x', hint: 'y' });
    const old: Host = {
      ...places.old,
      label: 'old',
      close: () => Promise.resolve(),
      spawn: () => Promise.reject(thrown),
    };
    await expect(places.pull({ old })).rejects.toBe(thrown);
  });

  // F76
  it('says that the source is gone, and leaves staging alone', async () => {
    await writeFile(join(places.tree, 'f'), 'x');
    await places.pull();
    await rm(places.tree, { recursive: true });
    expect((await problemOfPull()).code).toBe('source-gone');
    expect(await readdir(places.staging)).toEqual(['f']);
  });

  it('says that rsync could not be started on the old machine', async () => {
    const seen = await problemOfPull({ rsyncOld: { path: '/nowhere/rsync', version: null } });
    expect(seen.code).toBe('command-not-found');
  });

  it('says that rsync is not on this machine', async () => {
    const seen = await problemOfPull({ rsyncNew: { path: '/nowhere/rsync', version: null } });
    expect(seen.code).toBe('command-not-found');
  });

  // F50, F76: an emptied source is an accident until somebody says otherwise
  it('halts at a mass deletion, naming some of what would go', async () => {
    for (let n = 0; n < 50; n += 1) await writeFile(join(places.tree, `f${n}`), '');
    await places.pull();
    await rm(places.tree, { recursive: true });
    await mkdir(places.tree);
    const seen = await problemOfPull({ delete: { max: 5 } });
    expect(seen.code).toBe('mass-deletion');
    expect(seen.message).toMatch(/More than 5 entries .* Among them: f\d+, /);
    expect((await readdir(places.staging)).length).toBe(45);
  });

  // F63, F86
  it('is partial while the old gateway lives and fails once it does not, when something cannot be read', async () => {
    // sent first, and larger than all that can be under way: when the other one goes it is listed and not yet read
    await big('ahead', 16 * MIB);
    await big('gone', MIB);
    const vanish = () => afterBytes(places.old, 4 * MIB, () => rm(join(places.tree, 'gone'), { force: true }));
    const live = await places.pull({ old: vanish(), live: true });
    expect(live).toMatchObject({ partial: true, files: 1, bytes: 16 * MIB });
    expect(live.errors.join(' ')).toContain('gone');
    await Promise.all([big('ahead', 16 * MIB), big('gone', MIB)]);
    const seen = await problemOfPull({ old: vanish(), live: false });
    expect(seen.code).toBe('transfer-failed');
    expect(seen.message).toContain('gone');
  });

  // F61: a full disk is never taken for files that vanished
  it('says that the disk is full, live or not, and goes on when there is room', async () => {
    await big('big', 24 * MIB);
    const quarantine = join(places.folder, 'quarantine');
    await runOk(places.local, ['mount', '-t', 'tmpfs', '-o', 'size=16m,mode=700', 'np-test', quarantine]);
    try {
      await mkdir(places.staging);
      expect((await problemOfPull({ live: true })).code).toBe('disk-full');
      expect((await problemOfPull({ live: false })).code).toBe('disk-full');
      await runOk(places.local, ['mount', '-o', 'remount,size=64m', quarantine]);
      await places.pull();
      expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
    } finally {
      await runOk(places.local, ['umount', quarantine]);
    }
  });

  // F64
  it('says that the disk is full when there is no inode left', async () => {
    for (let n = 0; n < 200; n += 1) await mkdir(join(places.tree, `d${n}`));
    const quarantine = join(places.folder, 'quarantine');
    await runOk(places.local, ['mount', '-t', 'tmpfs', '-o', 'nr_inodes=100,mode=700', 'np-test', quarantine]);
    try {
      await mkdir(places.staging);
      expect((await problemOfPull({ live: true })).code).toBe('disk-full');
    } finally {
      await runOk(places.local, ['umount', quarantine]);
    }
  });

  // F58
  it('receives into nothing that others can enter', async () => {
    await runOk(places.local, ['chmod', '755', join(places.folder, 'quarantine')]);
    expect((await problemOfPull()).code).toBe('root-not-ours');
  });

  it('removes a partial file whose original is gone', async () => {
    const size = 32 * MIB;
    await big('big', size);
    const abort = new AbortController();
    const old = afterBytes(places.old, size / 2, () => abort.abort());
    await expect(places.pull({ old, signal: abort.signal })).rejects.toThrow();
    expect(await readdir(places.staging)).toEqual(['.np-partial']);
    await rm(join(places.tree, 'big'));
    await writeFile(join(places.tree, 'other'), 'x');
    await places.pull();
    expect(await readdir(places.staging)).toEqual(['other']);
    expect(await readFile(join(places.staging, 'other'), 'latin1')).toBe('x');
  });
});

/** A Host whose connection breaks after so many bytes. */
function losing(host: Host, bytes: number): Host {
  const lost = new ProblemError(problem('connection-lost', { message: 'The line broke.', hint: 'Again.' }));
  return {
    label: host.label,
    close: () => host.close(),
    async spawn(argv, options) {
      const broken = new AbortController();
      const signal = options?.signal ? AbortSignal.any([options.signal, broken.signal]) : broken.signal;
      const process = await afterBytes(host, bytes, () => broken.abort()).spawn(argv, { ...options, signal });
      const { stdin, stdout, stderr } = process;
      const exit = process.exit.then(() => Promise.reject(lost));
      return { stdin, stdout, stderr, exit, kill: (name) => process.kill(name) };
    },
  };
}
