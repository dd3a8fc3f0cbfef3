import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../kit/ports.ts';
import { liveProcesses } from '../kit/processes.ts';
import { makeTempLab } from '../kit/temp-lab.ts';
import type { TempLab, TempLabOptions } from '../kit/temp-lab.ts';
import { waitFor } from '../kit/wait.ts';

let lab: TempLab;

async function make(options: TempLabOptions = {}): Promise<TempLab> {
  lab = await makeTempLab(options);
  return lab;
}

afterEach(async () => {
  await lab.destroy();
});

function json(text: string): unknown {
  return JSON.parse(text);
}

/** The state of the old side put where it lies on the new one, unrewritten. */
function moveCarelessly(): string {
  const from = lab.state.stateDir;
  const to = from.replace(lab.old.home, lab.new.home);
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  return to;
}

function gatewayPid(side: 'old' | 'new' = 'old'): number {
  const [pid] = lab.running(side);
  if (pid === undefined) throw new Error(`no gateway runs on the ${side} side`);
  return pid;
}

function title(pid: number): string {
  return readFileSync(`/proc/${String(pid)}/cmdline`, 'latin1').split('\0')[0] ?? '';
}

describe('the program', () => {
  test('refuses a Node that is too old, unless its own bin directory is first on PATH', async () => {
    const { old } = await make({ runsAs: 'stopped' });
    const { status, stderr } = spawnSync(process.execPath, [old.product.entry, '--version'], {
      encoding: 'utf8',
      env: old.env,
    });
    const isOld = Number(process.versions.node.split('.')[0]) < 22;
    expect(status).toBe(isOld ? 1 : 0);
    if (isOld) expect(stderr).toContain('requires Node >=22.12.0');
    expect(lab.cli('old', '--version')).toEqual({ code: 0, stdout: '2026.2.26\n', stderr: '' });
  });

  test('tells its version as a sentence from March 2026 on', async () => {
    await make({ runsAs: 'stopped', versions: { old: '2026.3.13' } });
    expect(lab.cli('old', '--version').stdout).toBe('SmartAgentNeo 2026.3.13 (61d171a)\n');
  });

  test('answers to the names of the other product when it is installed as that', async () => {
    const { state, cli } = await make({ product: 'openclaw' });
    expect(state.configPath).toMatch(/\.openclaw\/openclaw\.json$/);
    expect(title(gatewayPid())).toBe('openclaw-gateway');
    expect(json(cli('old', 'agents', 'list', '--json').stdout)).toHaveLength(2);
  });

  test('ends with 1 and names the config that does not parse', async () => {
    const { state, cli } = await make({ runsAs: 'stopped' });
    writeFileSync(state.configPath, '{ gateway: ');
    const { code, stderr } = cli('old', 'status', '--json');
    expect([code, stderr]).toEqual([1, expect.stringContaining(state.configPath)]);
  });

  test('puts its notices before the JSON', async () => {
    const { cli } = await make({ traps: { old: { 'notices-before-json': true } } });
    const { stdout } = cli('old', 'gateway', 'status', '--json');
    expect(stdout.startsWith('◇  Config warnings')).toBe(true);
    expect(stdout).toContain('"rpc": {');
  });
});

describe('a gateway in a terminal', () => {
  test('is a parent and a child by their titles, and TERM to either ends both', async () => {
    await make();
    const parent = liveProcesses(lab.old.pidsFile).find((told) => told.role === 'parent')?.pid ?? 0;
    expect([title(parent), title(gatewayPid())]).toEqual(['smart-agent-neo', 'smart-agent-neo-gateway']);
    process.kill(parent, 'SIGTERM');
    await waitFor('both are over', () => liveProcesses(lab.old.pidsFile).length === 0);
    await lab.startForeground('old');
    process.kill(gatewayPid(), 'SIGTERM');
    await waitFor('both are over', () => liveProcesses(lab.old.pidsFile).length === 0);
  });

  test('holds a lock named after its config, listens on both loopbacks, and serves its dashboard', async () => {
    const { port } = await make();
    const status = json(lab.cli('old', 'gateway', 'status', '--json').stdout);
    expect(status).toMatchObject({ service: { loaded: false }, port: { status: 'busy' }, rpc: { ok: true } });
    for (const host of ['127.0.0.1', '[::1]']) {
      const page = await fetch(`http://${host}:${String(port)}/`);
      expect(await page.text()).toContain('<title>SmartAgentNeo Control</title>');
    }
    const locks = `/tmp/smart-agent-neo-${String(process.getuid?.() ?? 0)}`;
    const held = readdirSync(locks).map(
      (name) => json(readFileSync(join(locks, name), 'utf8')) as { pid: number; configPath: string },
    );
    expect(held).toContainEqual(expect.objectContaining({ pid: gatewayPid(), configPath: lab.state.configPath }));
  });

  test('F91 goes on while stop and start answer that all is well', async () => {
    const { cli } = await make();
    const pid = gatewayPid();
    expect(cli('old', 'gateway', 'stop', '--json').code).toBe(0);
    expect(json(cli('old', 'gateway', 'stop', '--json').stdout)).toMatchObject({ ok: true, result: 'not-loaded' });
    expect(json(cli('old', 'gateway', 'start', '--json').stdout)).toMatchObject({ ok: true, result: 'not-loaded' });
    expect(lab.running('old')).toEqual([pid]);
  });

  test('a second one on the same config does not start', async () => {
    const { startForeground } = await make();
    await expect(startForeground('old')).rejects.toThrow(/already running/);
  });

  test('only a gateway in local mode starts', async () => {
    const { startForeground } = await make({ runsAs: 'stopped', config: { gateway: { mode: 'remote' } } });
    await expect(startForeground('old')).rejects.toThrow(/set gateway.mode=local/);
  });

  test.each(['2026.2.26', '2026.7.1'])(
    'of %s starts on a config of a later release only when it is an early one',
    async (version) => {
      const { startForeground, state } = await make({ runsAs: 'stopped', versions: { old: version } });
      const text = readFileSync(state.configPath, 'utf8').replace('"2026.2.26"', '"2026.9.6"');
      writeFileSync(state.configPath, text);
      if (version === '2026.2.26') expect(await startForeground('old')).toBeGreaterThan(0);
      else await expect(startForeground('old')).rejects.toThrow(/last written by version 2026.9.6, which is newer/);
    },
  );

  test('sends what waits in the queue and fires overdue jobs when it starts, unless it is quiet', async () => {
    const { state, startForeground, hub } = await make({ runsAs: 'stopped' });
    const queued = join(state.stateDir, 'delivery-queue/hello.json');
    writeFileSync(queued, '{}');
    await startForeground('old', { SMART_AGENT_NEO_SKIP_CHANNELS: '1', SMART_AGENT_NEO_SKIP_CRON: '1' });
    expect([existsSync(queued), hub.sent()]).toEqual([true, []]);
    process.kill(gatewayPid(), 'SIGTERM');
    await waitFor('it is over', () => lab.running('old').length === 0);
    await startForeground('old');
    await waitFor('it is sent', () => hub.sent().some((line) => line['queued'] === 'hello.json'));
    expect(existsSync(queued)).toBe(false);
  });
});

describe('a gateway as a service', () => {
  test('F93 comes back after it was killed, and stop leaves it enabled', async () => {
    const { cli } = await make({ runsAs: 'service' });
    const first = gatewayPid();
    process.kill(first, 'SIGKILL');
    await waitFor('it is back', () => lab.running('old').length === 1 && gatewayPid() !== first);
    expect(json(cli('old', 'gateway', 'stop', '--json').stdout)).toMatchObject({ ok: true, result: 'stopped' });
    expect(lab.running('old')).toEqual([]);
    expect(json(cli('old', 'gateway', 'status', '--json').stdout)).toMatchObject({
      service: { loaded: true, runtime: { status: 'stopped' } },
    });
    expect(json(cli('old', 'gateway', 'start', '--json').stdout)).toMatchObject({ result: 'started' });
    await waitFor('it runs', () => lab.running('old').length === 1);
  });

  test('without a user bus stop ends with 1 and status calls it disabled, while it runs', async () => {
    const { cli, old } = await make({ runsAs: 'service' });
    writeFileSync(join(old.home, '.stand-in-systemd/settings.json'), JSON.stringify({ bus: 'off' }));
    const stopped = cli('old', 'gateway', 'stop', '--json');
    expect([stopped.code, json(stopped.stdout)]).toEqual([1, expect.objectContaining({ ok: false })]);
    expect(stopped.stdout).toContain('Failed to connect to bus: No medium found');
    expect(json(cli('old', 'gateway', 'status', '--json').stdout)).toMatchObject({
      service: { loaded: false, command: null },
    });
    expect(lab.running('old')).toHaveLength(1);
  });

  test('uninstall stops it and takes the unit away', async () => {
    const { cli, old } = await make({ runsAs: 'service' });
    expect(json(cli('old', 'gateway', 'uninstall', '--json').stdout)).toMatchObject({ result: 'uninstalled' });
    expect(lab.running('old')).toEqual([]);
    expect(existsSync(join(old.home, '.config/systemd/user/smart-agent-neo-gateway.service'))).toBe(false);
  });
});

describe('asked while it is down', () => {
  test('channels answer in prose, health ends with 1, status does not', async () => {
    const { cli } = await make({ runsAs: 'stopped' });
    const channels = cli('old', 'channels', 'status', '--json');
    expect([channels.code, channels.stdout]).toEqual([
      0,
      expect.stringContaining('Gateway not reachable; showing config-only status.'),
    ]);
    expect(cli('old', 'health', '--json')).toMatchObject({ code: 1, stdout: '' });
    const status = cli('old', 'status', '--json');
    expect([status.code, json(status.stdout)]).toEqual([
      0,
      expect.objectContaining({ gateway: expect.objectContaining({ reachable: false }) as unknown }),
    ]);
  });

  test('a look at an empty home writes a device identity and a memory index into it', async () => {
    const { cli, new: fresh } = await make({ runsAs: 'stopped' });
    cli('new', 'status', '--json');
    expect(readdirSync(join(fresh.home, '.smart-agent-neo')).sort()).toEqual(['identity', 'memory']);
  });
});

describe('after a move without rewriting', () => {
  test('everything looks fine, and the agent has lost its memory', async () => {
    const { cli, startForeground, state, old } = await make({ runsAs: 'stopped' });
    moveCarelessly();
    rmSync(old.home, { recursive: true });
    await startForeground('new', { SMART_AGENT_NEO_SKIP_CHANNELS: '1' });
    expect(json(cli('new', 'sessions', '--json').stdout)).toMatchObject({ count: state.sessions.main.length });
    const { file } = json(cli('new', 'agent', '--message', 'hi', '--json').stdout) as { file: string };
    expect(file.startsWith(old.home)).toBe(true);
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3);
    expect(readdirSync(state.workspaces.main).sort()).toEqual(['AGENTS.md', 'BOOTSTRAP.md', 'SOUL.md']);
  });

  test('doctor warns of missing transcripts, and with --yes takes the moved ones for orphans', async () => {
    const { cli, state, old } = await make({ runsAs: 'stopped' });
    const moved = moveCarelessly();
    rmSync(old.home, { recursive: true });
    const asked = cli('new', 'doctor', '--non-interactive');
    expect([asked.code, asked.stdout]).toEqual([0, expect.stringContaining('recent sessions are missing transcripts')]);
    expect(asked.stdout).toContain('orphan transcript file(s)');
    const transcripts = () =>
      readdirSync(join(moved, 'agents/main/sessions')).filter((name) => name.endsWith('.jsonl'));
    expect(transcripts()).toHaveLength(state.sessions.main.length);
    expect(cli('new', 'doctor', '--yes').stdout).toContain('Archived');
    expect(transcripts()).toEqual([]);
  });

  test('doctor has no complaint where nothing was moved', async () => {
    const { cli } = await make({ runsAs: 'stopped' });
    expect(cli('old', 'doctor', '--non-interactive').stdout).not.toContain('State integrity');
  });
});

describe('each trap', () => {
  test('stop-lies, stop-refuses: the service goes on', async () => {
    const { cli, setTraps } = await make({ runsAs: 'service' });
    setTraps('old', { 'stop-lies': true });
    expect(cli('old', 'gateway', 'stop', '--json')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('not-loaded') as unknown,
    });
    setTraps('old', { 'stop-refuses': true });
    expect(cli('old', 'gateway', 'stop', '--json')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('--force') as unknown,
    });
    expect(lab.running('old')).toHaveLength(1);
  });

  test('F92 stop-hangs, doctor-hangs: the command does not come back', async () => {
    const { old } = await make({ runsAs: 'stopped', traps: { old: { 'stop-hangs': true, 'doctor-hangs': true } } });
    for (const argv of [['gateway', 'stop', '--json'], ['doctor']]) {
      const child = spawn(old.product.node, [old.product.entry, ...argv], { env: old.env, stdio: 'ignore' });
      await sleep(400);
      expect(child.exitCode).toBeNull();
      child.kill('SIGKILL');
    }
  });

  test('ignore-term: a signal does not end it', async () => {
    await make({ traps: { old: { 'ignore-term': true } } });
    const pid = gatewayPid();
    process.kill(pid, 'SIGTERM');
    await sleep(300);
    expect(lab.running('old')).toEqual([pid]);
  });

  test('start-does-nothing: started, and nothing runs', async () => {
    const { cli, setTraps } = await make({ runsAs: 'service' });
    cli('old', 'gateway', 'stop', '--json');
    setTraps('old', { 'start-does-nothing': true });
    expect(json(cli('old', 'gateway', 'start', '--json').stdout)).toMatchObject({ ok: true, result: 'started' });
    expect(lab.running('old')).toEqual([]);
  });

  test('start-crashes: ends at once', async () => {
    const { startForeground } = await make({ runsAs: 'stopped', traps: { old: { 'start-crashes': true } } });
    await expect(startForeground('old')).rejects.toThrow(/ended at once/);
  });

  test('start-never-ready: runs and never listens', async () => {
    const { old, cli } = await make({ runsAs: 'stopped', traps: { old: { 'start-never-ready': true } } });
    spawn(old.product.node, [old.product.entry, 'gateway'], { env: old.env, stdio: 'ignore', detached: true }).unref();
    await waitFor('it runs', () => lab.running('old').length === 1);
    expect(json(cli('old', 'gateway', 'status', '--json').stdout)).toMatchObject({
      port: { status: 'free' },
      rpc: { ok: false },
    });
  });

  test('slow-start: listens late, and heeds no signal before', async () => {
    const { old } = await make({ runsAs: 'stopped', traps: { old: { 'slow-start': 900 } } });
    const begun = performance.now();
    spawn(old.product.node, [old.product.entry, 'gateway'], { env: old.env, stdio: 'ignore', detached: true }).unref();
    await waitFor('it runs', () => lab.running('old').length === 1);
    await sleep(300);
    process.kill(gatewayPid(), 'SIGTERM');
    await waitFor('it is over', () => lab.running('old').length === 0);
    expect(performance.now() - begun).toBeGreaterThan(850);
  });

  test('F87 child-survives: a tool writes into the state dir after the stop', async () => {
    const { state } = await make({ traps: { old: { 'child-survives': true } } });
    await waitFor('the tool writes', () => existsSync(join(state.stateDir, 'agents/main/sessions/tool-output.jsonl')));
    process.kill(gatewayPid(), 'SIGTERM');
    await waitFor('the gateway is over', () => lab.running('old').length === 0);
    const size = () => readFileSync(join(state.stateDir, 'agents/main/sessions/tool-output.jsonl')).length;
    const before = size();
    await waitFor('it still writes', () => size() > before);
  });

  test('doctor-fails, doctor-renames-transcripts', async () => {
    const { cli, setTraps, state } = await make({ runsAs: 'stopped', traps: { old: { 'doctor-fails': true } } });
    expect(cli('old', 'doctor', '--non-interactive').code).toBe(1);
    setTraps('old', { 'doctor-renames-transcripts': true });
    expect(cli('old', 'doctor', '--non-interactive').code).toBe(0);
    const left = readdirSync(join(state.stateDir, 'agents/main/sessions')).filter((name) => name.endsWith('.jsonl'));
    expect(left).toEqual([]);
  });

  test('sessions-lost: lists none', async () => {
    const { cli } = await make({ runsAs: 'stopped', traps: { old: { 'sessions-lost': true } } });
    expect(json(cli('old', 'sessions', '--json', '--all-agents').stdout)).toMatchObject({ count: 0 });
    expect(json(cli('old', 'agents', 'list', '--json').stdout)).toHaveLength(1);
  });

  test('channels-do-not-connect: running and not connected; without the trap they are connected', async () => {
    const { cli, setTraps, startForeground, hub } = await make({ traps: { old: { 'channels-do-not-connect': true } } });
    const states = () => {
      const { channelAccounts } = json(cli('old', 'channels', 'status', '--json').stdout) as {
        channelAccounts: Record<string, { running: boolean; connected: boolean }[]>;
      };
      return Object.values(channelAccounts).map(([account]) => [account?.running, account?.connected]);
    };
    expect(states()).toEqual([
      [true, false],
      [true, false],
    ]);
    expect(hub.spoken()).toEqual([]);
    process.kill(gatewayPid(), 'SIGTERM');
    await waitFor('it is over', () => lab.running('old').length === 0);
    setTraps('old', {});
    await startForeground('old');
    expect(states()).toEqual([
      [true, true],
      [true, true],
    ]);
  });

  test('install-fails: ends with 1 and installs nothing', async () => {
    const { cli } = await make({ runsAs: 'stopped', traps: { old: { 'install-fails': true } } });
    expect(cli('old', 'gateway', 'install', '--json').code).toBe(1);
    expect(json(cli('old', 'gateway', 'status', '--json').stdout)).toMatchObject({ service: { loaded: false } });
  });
});

describe('what belongs together', () => {
  test('identity without devices is refused by the gateway, both together are let in', async () => {
    const { cli, state } = await make();
    expect(cli('old', 'health', '--json').code).toBe(0);
    rmSync(join(state.stateDir, 'devices/paired.json'));
    expect(cli('old', 'health', '--json')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('device token mismatch') as unknown,
    });
  });

  test('a stale token in the environment beats the config', async () => {
    const { cli, startForeground } = await make({ runsAs: 'stopped' });
    await startForeground('old', { SMART_AGENT_NEO_GATEWAY_TOKEN: 'stale' });
    expect(cli('old', 'health', '--json')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('token mismatch') as unknown,
    });
  });

  test('a profile has its own state dir, unit and port beside the default one', async () => {
    const { cli, state, old } = await make({ runsAs: 'service', profile: 'work', port: await freePort() });
    expect(state.stateDir).toBe(join(old.home, '.smart-agent-neo-work'));
    expect(existsSync(join(old.home, '.config/systemd/user/smart-agent-neo-gateway-work.service'))).toBe(true);
    expect(json(cli('old', 'gateway', 'status', '--json').stdout)).toMatchObject({ rpc: { ok: true } });
  });

  test('the repository in a workspace is one that git takes for its own', async () => {
    const { state } = await make({ runsAs: 'stopped' });
    const git = (...argv: string[]) =>
      execFileSync('git', ['-C', state.workspaces.main, ...argv], { encoding: 'utf8' });
    expect(git('fsck', '--strict')).toBe('');
    expect(git('log', '--format=%s').trim()).toBe('begin');
  });
});
