import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FollowStatus } from '../../src/core/order.ts';
import { MEASURE_SCRIPT } from '../../src/checks/measure-script.ts';
import { scriptInput } from '../../src/host/input.ts';
import { loginCommand, signalCommand } from '../../src/host/quote.ts';
import { makeLoopbackLab, type LoopbackLab } from '../kit/loopback-lab.ts';
import { type Ended, IMPATIENT, leadingTo, neoPull } from '../kit/neo-pull.ts';
import { argvsTelling, watchersOf } from '../kit/processes.ts';
import { REPOSITORY } from '../kit/repository.ts';
import { type KeyPair, makeKey } from '../kit/ssh-keys.ts';
import { waitFor } from '../kit/wait.ts';

const NONCE = '0123456789abcdef0123456789abcdef';
const SENDER = ['/usr/bin/rsync', '--server', '--sender', '-slHtpre.LsfxCIvu'];

let lab: LoopbackLab;
let key: KeyPair;

/** A key whose sessions are begun by a dispatcher with these options. */
function limited(name: string, dispatcher: string, ...options: string[]): KeyPair {
  const made = makeKey(lab.sshd.folder, name);
  const command = ['exec', process.execPath, dispatcher, ...options].join(' ');
  lab.sshd.authorize(`restrict,command="${command}" ${made.publicLine}`);
  return made;
}

function words(command: string, { path }: KeyPair, ...more: string[]): string[] {
  const way = leadingTo(lab).map((word) => (word === lab.sshd.identity.path ? path : word));
  return [command, `${lab.sshd.user}@127.0.0.1`, ...way, ...IMPATIENT, ...more];
}

function run(command: string, by: KeyPair, ...more: string[]): Promise<Ended> {
  return neoPull(words(command, by, ...more), { env: lab.new.env });
}

function way(): string[] {
  const { knownHosts, port } = lab.sshd;
  const options = [`UserKnownHostsFile=${knownHosts}`, 'IdentitiesOnly=yes', 'BatchMode=yes', `Port=${port}`];
  return ['-F', 'none', ...options.flatMap((option) => ['-o', option]), '-i', key.path];
}

/** What a program of OpenSSH gives that somebody else uses with the key. Not waited for synchronously: the server's log has to be read. */
async function client(program: string, words: readonly string[], input: string | Buffer = '') {
  const child = spawn(program, [...way(), ...words], { timeout: 20_000 });
  // A refusal may come before all of it is read.
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    buffer(child.stdout),
    buffer(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout: stdout.toString('latin1'), stderr: stderr.toString('latin1') };
}

function measuring(path: string): string {
  return scriptInput({ script: MEASURE_SCRIPT, args: [path] });
}

function ssh(line: string, input: string | Buffer = '') {
  return client('ssh', [`${lab.sshd.user}@127.0.0.1`, line], input);
}

function launch(argv: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): string {
  return loginCommand(argv, { nonce: NONCE, ...options });
}

/** What rsync says before its protocol. */
function secluded(...args: string[]): Buffer {
  return Buffer.from(`${['rsync', ...args, '.', './'].join('\0')}\0\0`);
}

const REFUSAL = { code: 126, stderr: expect.stringContaining('does not let this through') as string };

beforeAll(async () => {
  lab = await makeLoopbackLab({ workspaceFiles: 100, runsAs: 'service' });
  key = limited('limited', join(REPOSITORY, 'dist/neo-pull-read-only.mjs'));
}, 60_000);
afterAll(async () => lab.destroy());

describe('a key for a read-only account', () => {
  it('is enough for a plan', async () => {
    const { code, stdout } = await run('plan', key);
    expect([code, stdout]).toEqual([0, expect.stringContaining('Plan: move smart-agent-neo')]);
    expect(stdout).toMatch(/2 agents, \d+ sessions/);
  });

  it('is enough for a sync, which copies the state as it is there', async () => {
    const { code, events } = await run('sync', key, '--json', '--bwlimit', '100000');
    expect([code, events.at(-1)]).toMatchObject([0, { outcome: 'staged', running: 'old', problem: null }]);
    const copied = join(lab.new.home, '.neo-pull/smart-agent-neo-state.staging/smart-agent-neo.json');
    expect(readFileSync(copied)).toEqual(readFileSync(lab.state.configPath));
  });

  it('is enough to verify what was synced, by every name and byte', async () => {
    const way = ['verify', '--json', '-i', key.path, '--known-hosts', lab.sshd.knownHosts];
    writeFileSync(join(dirname(lab.state.configPath), 'since'), 'the copy was made');
    const { code, events } = await neoPull(way, { env: lab.new.env });
    const detail = expect.arrayContaining([expect.objectContaining({ path: 'since' })]) as unknown;
    const end = { running: 'old', problem: { code: 'copy-differs', detail } };
    expect([code, events.at(-1)]).toMatchObject([8, end]);
  });

  it('is enough to follow by a watcher, and no argv says meanwhile what is followed', async () => {
    const [stateDir, env] = [dirname(lab.state.configPath), lab.new.env];
    const others = argvsTelling(stateDir);
    let told = '';
    const daemon = neoPull(words('sync', key, '--follow', '--json'), { env, onOutput: (text) => (told += text) });
    await waitFor('the first round', () => told.includes('"round.done"'), 60_000);
    const status = JSON.parse((await neoPull(['status', '--json'], { env })).stdout) as { follow: FollowStatus };
    expect(status.follow.engine).not.toBe('polling');
    expect(watchersOf(lab.old.home)).toHaveLength(1);
    await waitFor('no argv to say it', () => [...argvsTelling(stateDir).keys()].every((pid) => others.has(pid)));
    writeFileSync(join(stateDir, 'followed'), 'it came by what the watcher told');
    const copied = join(lab.new.home, '.neo-pull/smart-agent-neo-state.staging/followed');
    await waitFor('it to be copied', () => existsSync(copied));
    expect((await neoPull(['stop'], { env })).code).toBe(0);
    expect(await daemon).toMatchObject({ code: 0 });
  });

  it('is refused a pull before anything is looked at, with what to do', async () => {
    const before = lab.running('old');
    const { code, events } = await run('pull', key, '--json', '--yes');
    const problem = { code: 'account-read-only', hint: expect.stringContaining('-i') as string };
    expect([code, events.at(-1)]).toMatchObject([4, { running: 'old', problem }]);
    expect(events.map(({ type }) => type)).not.toContain('plan.shown');
    expect(lab.running('old')).toEqual(before);
    expect(existsSync(join(lab.old.home, '.neo-pull-old'))).toBe(false);
  });

  it('is refused a cutover of what was synced', async () => {
    const way = ['-i', key.path, '--known-hosts', lab.sshd.knownHosts];
    const { code, events } = await neoPull(['cutover', '--json', '--yes', ...way], { env: lab.new.env });
    expect([code, events.at(-1)]).toMatchObject([4, { running: 'old', problem: { code: 'account-read-only' } }]);
  });
});

describe('a key for a read-only account, in the hands of somebody else', () => {
  const inHome = (name: string): string => join(lab.old.home, name);

  it.each(['id', 'sh -c id', '/bin/sh -s --', "exec /bin/sh -c 'id'", 'scp -f .', 'internal-sftp'])(
    'starts nothing for %s',
    async (line) => {
      expect(await ssh(line, 'id\n')).toMatchObject({ ...REFUSAL, stdout: '' });
    },
  );

  it('starts no program of another kind, although the line is spelled as ours are', async () => {
    const touch = ['touch', inHome('touched')];
    for (const argv of [touch, ['/bin/sh', '-c', `touch ${inHome('touched')}`], [process.execPath, '-', 'x']])
      expect(await ssh(launch(argv))).toMatchObject({
        ...REFUSAL,
        stdout: expect.stringMatching(/^[0-9a-f]{32} \d+\n$/) as string,
      });
    expect(existsSync(inHome('touched'))).toBe(false);
  });

  it('runs a script of ours, and none with one byte changed, which it says is of another version', async () => {
    const line = launch(['/bin/sh', '-s']);
    expect(await ssh(line, measuring(lab.old.home))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('dir.entries') as string,
    });
    const changed = await ssh(line, measuring(lab.old.home).replace('np_put end ok', 'np_put end no'));
    expect(changed).toMatchObject({ code: 126, stderr: expect.stringContaining('(other-version)') as string });
    expect(changed.stdout).not.toContain('dir.entries');
    expect(await ssh(line, 'x'.repeat(5_000_000))).toMatchObject(REFUSAL);
  });

  it('adds no variable and reads nothing outside of the roots', async () => {
    const script = ['/bin/sh', '-s'];
    expect(await ssh(launch(script, { env: { ENV: '/x' } }), measuring(lab.old.home))).toMatchObject(REFUSAL);
    for (const path of ['/etc', `${lab.old.home}/..`, 'relative', '/proc/self/root/etc'])
      expect(await ssh(launch(script), measuring(path))).toMatchObject(REFUSAL);
  });

  it('has rsync send, from inside the roots, with our options, and nothing else', async () => {
    const cwd = lab.old.home;
    const args = secluded('--timeout=60', '--numeric-ids');
    expect(await ssh(launch(SENDER, { cwd }), args)).not.toMatchObject(REFUSAL);
    const receiver = ['/usr/bin/rsync', '--server', '-slHtpre.LsfxCIvu'];
    expect(await ssh(launch(receiver, { cwd }), args)).toMatchObject(REFUSAL);
    expect(await ssh(launch([...SENDER, '.', '/etc'], { cwd }), args)).toMatchObject(REFUSAL);
    expect(await ssh(launch([...SENDER.slice(0, 3), '-sLe.LsfxCIvu'], { cwd }), args)).toMatchObject(REFUSAL);
    expect(await ssh(launch(SENDER, { cwd: '/etc' }), args)).toMatchObject(REFUSAL);
    expect(await ssh(launch(SENDER), args)).toMatchObject(REFUSAL);
    expect(await ssh(launch(['/tmp/rsync', ...SENDER.slice(1)], { cwd }), args)).toMatchObject(REFUSAL);
  });

  it('cannot have rsync delete, write or look elsewhere by what is said inside the protocol', async () => {
    const victim = inHome('victim');
    writeFileSync(victim, 'here\n');
    const line = launch(SENDER, { cwd: lab.old.home });
    const evil = [
      '--remove-source-files',
      `--log-file=${inHome('log')}`,
      '--copy-links',
      '-L',
      '--files-from=/etc/passwd',
    ];
    for (const option of evil) expect(await ssh(line, secluded(option))).toMatchObject(REFUSAL);
    for (const source of ['/etc', '../', './\0/etc'])
      expect(await ssh(line, Buffer.from(`rsync\0.\0${source}\0\0`))).toMatchObject(REFUSAL);
    expect(await ssh(line, Buffer.alloc(100_000, 'x'))).toMatchObject(REFUSAL);
    expect([existsSync(victim), existsSync(inHome('log'))]).toEqual([true, false]);
  });

  it('signals nobody that it did not start', async () => {
    const gateway = lab.running('old')[0];
    expect(gateway).toBeDefined();
    for (const pid of [process.pid, Number(gateway)])
      expect(await ssh(signalCommand(pid, 'KILL'))).toMatchObject(REFUSAL);
    expect(lab.running('old')).toContain(gateway);
  });

  it('signals what it started itself, as neo-pull does where a script takes too long', async () => {
    const held = spawn('ssh', [...way(), `${lab.sshd.user}@127.0.0.1`, launch(['/bin/sh', '-s'])]);
    const ended = once(held, 'close');
    const [said] = (await once(held.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString().trim().split(' ')[1]);
    expect(await ssh(signalCommand(pid, 'TERM'))).toMatchObject({ code: 0, stderr: '' });
    await ended;
    expect(await ssh(signalCommand(pid, 'TERM'))).toMatchObject(REFUSAL);
  });

  it('gets no files by sftp and scp, and no tunnel', async () => {
    const who = `${lab.sshd.user}@127.0.0.1`;
    expect((await client('sftp', [who], 'ls\n')).code).not.toBe(0);
    expect((await client('scp', ['-O', `${who}:/etc/passwd`, lab.path])).code).not.toBe(0);
    expect(existsSync(join(lab.path, 'passwd'))).toBe(false);
    const tunnel = await client('ssh', ['-W', `127.0.0.1:${lab.sshd.port}`, who]);
    expect(tunnel).toMatchObject({ code: 255, stdout: '' });
  });
});

describe('an owner who set it up in another way', () => {
  it('is told which directory was left out', async () => {
    const narrow = limited(
      'narrow',
      join(REPOSITORY, 'dist/neo-pull-read-only.mjs'),
      '--root',
      join(lab.old.home, 'elsewhere'),
    );
    const { code, stderr } = await run('plan', narrow);
    expect([code, stderr]).toEqual([4, expect.stringContaining('Add --root')]);
  });

  it('is told that the dispatcher is of another version', async () => {
    const other = join(lab.path, 'other.mjs');
    const text = readFileSync(join(REPOSITORY, 'dist/neo-pull-read-only.mjs'), 'utf8');
    writeFileSync(other, text.replaceAll(/[0-9a-f]{64}/g, '0'.repeat(64)));
    const { code, stderr } = await run('plan', limited('other', other));
    expect([code, stderr]).toEqual([4, expect.stringContaining('of one version')]);
  });

  it('is told of an option that the dispatcher does not know', async () => {
    const wrong = limited('wrong', join(REPOSITORY, 'dist/neo-pull-read-only.mjs'), '--everything');
    const { code, stderr } = await run('plan', wrong);
    expect([code, stderr]).toEqual([4, expect.stringContaining('Mend the line')]);
  });
});
