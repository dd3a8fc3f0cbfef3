import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/core/plan.ts';
import { ProblemError } from '../../src/core/problem.ts';
import { quietEnv } from '../../src/gateway/commands.ts';
import { keepForeground, launchForeground, signalProcess, type Launch } from '../../src/gateway/foreground.ts';
import { readLife, type Life } from '../../src/gateway/life.ts';
import { LocalHost } from '../../src/host/local.ts';
import { systemClock } from '../../src/host/clock.ts';
import { Bench } from './bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.make();
});
afterEach(() => bench.end());

const look = () => readLife(bench.host, bench.gateway);

async function until(isSo: (life: Life) => boolean): Promise<Life> {
  for (const deadline = systemClock.now() + 20_000; systemClock.now() < deadline;) {
    const life = await look();
    if (isSo(life)) return life;
    await systemClock.sleep(20);
  }
  throw new Error('it did not come to that in 20 s');
}

async function launch(how: Launch, gateway: Gateway = bench.gateway) {
  const launched = await launchForeground(bench.host, gateway, how);
  bench.endLater(launched.pid);
  return launched;
}

async function identity() {
  const { process, bootId } = await look();
  if (!process) throw new Error('a gateway runs in this test');
  return { pid: process.pid, startTime: process.startTime, bootId };
}

function environOf(pid: number): Promise<Buffer> {
  return readFile(`/proc/${pid}/environ`);
}

function sorted(environ: Buffer): string[] {
  return environ
    .toString('latin1')
    .split('\0')
    .filter((pair) => pair !== '')
    .sort();
}

describe('signalling a gateway', () => {
  it('ends exactly the process that is meant', async () => {
    await bench.start({ role: 'parent', ...bench.whole() });
    expect(await signalProcess(bench.host, bench.gateway, await identity(), 'TERM')).toBe(true);
    await until((life) => !life.alive);
  });

  it.each([
    ['the pid now belongs to a process that started at another time', { startTime: '1' }],
    ['the machine has been booted since', { bootId: '00000000-0000-0000-0000-000000000000' }],
    ['there is no such process', { pid: 4_194_303 }],
  ])('touches nothing when %s', async (_, wrong) => {
    await bench.start({ role: 'gateway', ...bench.whole() });
    expect(await signalProcess(bench.host, bench.gateway, { ...(await identity()), ...wrong }, 'KILL')).toBe(false);
    expect((await look()).alive).toBe(true);
  });
});

describe('keeping what a foreground gateway was started with', () => {
  const folder = () => join(bench.home, 'kept/undo');

  it('saves the environment of the process that was started byte for byte, for nobody else to read', async () => {
    const { top } = await bench.start(
      { role: 'parent', ...bench.whole(), childEnv: { ADDED: '1' } },
      { env: { TOKEN: 'canary', ODD: 'a=b\nc' } },
    );
    const kept = await keepForeground(bench.host, bench.gateway, await look(), folder());
    expect(kept.argvKnown).toBe(false);
    expect(await readFile(join(folder(), 'environ'))).toEqual(await environOf(top));
    expect((await stat(folder())).mode & 0o777).toBe(0o700);
    for (const file of ['environ', 'argv', 'cwd', 'kept.json']) {
      expect((await stat(join(folder(), file))).mode & 0o777).toBe(0o600);
    }
    expect(JSON.stringify(kept)).not.toContain('canary');
  });

  it('saves the true command line where no title has overwritten it', async () => {
    const args = ['gateway', '--port', '1', '--token', 'canary'];
    await bench.start({ role: 'gateway', title: false, ...bench.whole() }, { args });
    const kept = await keepForeground(bench.host, bench.gateway, await look(), folder());
    expect(kept.argvKnown).toBe(true);
    expect((await readFile(join(folder(), 'argv'), 'utf8')).split('\0')).toEqual([...bench.gateway.argv, ...args, '']);
  });

  it('leaves a whole folder as it is, so that a second try after a crash saves nothing else', async () => {
    await bench.start({ role: 'gateway', ...bench.whole() });
    const life = await look();
    const kept = await keepForeground(bench.host, bench.gateway, life, folder());
    await signalProcess(bench.host, bench.gateway, await identity(), 'TERM');
    await until((now) => !now.alive);
    expect(await keepForeground(bench.host, bench.gateway, life, folder())).toEqual(kept);
  });

  // F58
  it('refuses a folder that others can enter', async () => {
    await mkdir(folder(), { recursive: true });
    await chmod(folder(), 0o755);
    await bench.start({ role: 'gateway', ...bench.whole() });
    await expect(keepForeground(bench.host, bench.gateway, await look(), folder())).rejects.toThrow(/only user/);
  });

  it('refuses when there is no process', async () => {
    await expect(keepForeground(bench.host, bench.gateway, await look(), folder())).rejects.toMatchObject({
      problem: { code: 'command-failed' },
    });
  });
});

describe('launching a gateway that was kept', () => {
  it('starts it as it was: same environment, directory and umask, and what is added', async () => {
    const folder = join(bench.home, 'undo');
    const before = process.umask(0o027);
    const { pid } = await bench
      .start(
        { role: 'gateway', ...bench.whole() },
        { env: { TOKEN: 'canary', ODD: 'a=b\nc' }, cwd: join(bench.home, 'bin') },
      )
      .finally(() => process.umask(before));
    const environ = sorted(await environOf(pid));
    await keepForeground(bench.host, bench.gateway, await look(), folder);
    await signalProcess(bench.host, bench.gateway, await identity(), 'TERM');
    await until((life) => !life.alive);

    const { leftOut } = await launch({ folder, extraEnv: { EXTRA: '1' } });
    const life = await until((now) => now.listening);
    expect(leftOut).toEqual([]);
    expect(life.process?.cwd).toBe(join(bench.home, 'bin'));
    expect(sorted(await environOf(life.process?.pid ?? 0))).toEqual([...environ, 'EXTRA=1'].sort());
    expect(await readFile(`/proc/${life.process?.pid ?? 0}/status`, 'utf8')).toMatch(/^Umask:\t0027$/m);
    expect(await readFile(join(folder, 'gateway.log'), 'utf8')).toContain('ready');
  });

  it('names the variables that are no UTF-8 and were left out', async () => {
    const folder = join(bench.home, 'undo');
    const [node = '', entry = ''] = bench.gateway.argv;
    const script = `export BYTES="$(printf '\\377\\376')"; exec "$0" "$1" gateway`;
    const env = { HOME: bench.home, LITTLE: JSON.stringify({ role: 'gateway', ...bench.whole() }) };
    const child = spawn('/bin/sh', ['-c', script, node, entry], { env, stdio: 'ignore' });
    bench.endLater(child.pid ?? 0);
    const life = await until((now) => now.listening);
    await keepForeground(bench.host, bench.gateway, life, folder);
    await signalProcess(bench.host, bench.gateway, await identity(), 'TERM');
    await until((now) => !now.alive);
    expect((await launch({ folder })).leftOut).toEqual(['BYTES']);
    await until((now) => now.listening);
  });
});

describe('launching a gateway afresh', () => {
  const logFile = () => join(bench.home, 'gateway.log');

  function hostWith(env: Record<string, string>): LocalHost {
    const little = JSON.stringify({ role: 'gateway', ...bench.whole() });
    return new LocalHost({ label: 'this machine', env: { HOME: '/', PATH: '/usr/bin:/bin', LITTLE: little, ...env } });
  }

  it('gives it its own environment and home, quiet when asked, and not the product variables of the calling shell', async () => {
    const host = hostWith({ SMART_AGENT_NEO_GATEWAY_TOKEN: 'stale', SMART_AGENT_NEO_PROFILE: 'stray' });
    const { pid } = await launchForeground(host, bench.gateway, {
      extraEnv: quietEnv(bench.gateway),
      logFile: logFile(),
    });
    bench.endLater(pid);
    const life = await until((now) => now.listening);
    expect(life.process).toMatchObject({ pid, cwd: bench.home });
    const environ = sorted(await environOf(pid));
    expect(environ).toContain(`HOME=${bench.home}`);
    expect(environ).toContain(`SMART_AGENT_NEO_STATE_DIR=${bench.gateway.stateDir}`);
    expect(environ).toContain('SMART_AGENT_NEO_SKIP_CHANNELS=1');
    expect(environ).toContain('SMART_AGENT_NEO_PROFILE=default');
    expect(environ.join()).not.toContain('stale');
  });

  it('gives it a session of its own and no stream of ours, so that it outlives the connection', async () => {
    const { pid } = await launchForeground(hostWith({}), bench.gateway, { logFile: logFile() });
    bench.endLater(pid);
    await until((life) => life.listening);
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
    expect(fields[3]).toBe(String(pid)); // session
    expect((await stat(logFile())).mode & 0o777).toBe(0o600);
  });

  // F58
  it('does not write its log through a symlink', async () => {
    await writeFile(join(bench.home, 'precious'), 'precious');
    await symlink(join(bench.home, 'precious'), logFile());
    await expect(launch({ logFile: logFile() })).rejects.toBeInstanceOf(ProblemError);
    expect(await readFile(join(bench.home, 'precious'), 'utf8')).toBe('precious');
  });

  it('says so when the program cannot be started', async () => {
    const broken = { ...bench.gateway, argv: [join(bench.home, 'nowhere')] };
    await expect(launch({ logFile: logFile() }, broken)).rejects.toMatchObject({ problem: { code: 'command-failed' } });
  });

  it('says so when the Node of that machine cannot run the probe', async () => {
    const broken = { ...bench.gateway, node: '/bin/false' };
    await expect(readLife(bench.host, broken)).rejects.toMatchObject({ problem: { code: 'command-failed' } });
  });

  // F54
  it('does not believe a Node that answers something else', async () => {
    const liar = join(bench.home, 'node');
    await writeFile(liar, '#!/bin/sh\ncat >/dev/null\necho \'{"ok":true,"answer":{"alive":"no"}}\'\n', { mode: 0o755 });
    await expect(readLife(bench.host, { ...bench.gateway, node: liar })).rejects.toMatchObject({
      problem: { code: 'answer-malformed' },
    });
  });
});
