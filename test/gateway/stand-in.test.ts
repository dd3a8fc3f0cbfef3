import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/core/plan.ts';
import * as ask from '../../src/gateway/ask.ts';
import { quietEnv } from '../../src/gateway/commands.ts';
import { keepForeground, launchForeground, signalProcess } from '../../src/gateway/foreground.ts';
import { readLife, type Life } from '../../src/gateway/life.ts';
import { configPathOf, stateDirOf, unitName } from '../../src/gateway/product.ts';
import { disableService, readService, stopService } from '../../src/gateway/supervise.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { populate } from '../kit/state.ts';
import { installSystemctl } from '../kit/stand-in/install-systemctl.ts';
import { installProduct, setTraps } from '../kit/stand-in/install.ts';

let folder: string;
let prefix: string;
let gateway: Gateway;
let host: LocalHost;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'np-stand-in-')));
  prefix = join(folder, 'prefix');
  const { binDir, entry, node } = await installProduct({ prefix, settings: { pids: join(folder, 'pids') } });
  await installSystemctl({ binDir, libDir: join(folder, 'lib'), node });
  const home = folder;
  const stateDir = stateDirOf('smart-agent-neo', home, 'default');
  gateway = {
    product: 'smart-agent-neo',
    profile: 'default',
    argv: [node, entry],
    binDir,
    node,
    home,
    uid: process.getuid?.() ?? 0,
    stateDir,
    configPath: configPathOf('smart-agent-neo', stateDir),
    port: await freePort(),
    unit: unitName('smart-agent-neo', 'default'),
  };
  await populate({ home, port: gateway.port, sessions: 3 });
  host = new LocalHost({ label: 'this machine', env: { HOME: home, PATH: `${binDir}:/usr/bin:/bin` } });
});

afterEach(async () => {
  if ((await readService(host, gateway))?.active) await stopService(host, gateway);
  const list = await readFile(join(folder, 'pids'), 'utf8').catch(() => '');
  for (const line of list.split('\n').filter((one) => one !== '')) {
    const { pid, startTime } = JSON.parse(line) as { pid: number; startTime: number };
    const { bootId } = await readLife(host, gateway);
    await signalProcess(host, gateway, { pid, startTime: String(startTime), bootId }, 'KILL');
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

async function until(isSo: (life: Life) => boolean): Promise<Life> {
  for (const deadline = systemClock.now() + 30_000; systemClock.now() < deadline;) {
    const life = await readLife(host, gateway);
    if (isSo(life)) return life;
    await systemClock.sleep(50);
  }
  throw new Error('it did not come to that in 30 s');
}

async function start(): Promise<Life> {
  await writeFile(join(folder, 'log'), '');
  await launchForeground(host, gateway, { logFile: join(folder, 'log') });
  return until((life) => life.listening);
}

describe('the whole product, in the foreground', () => {
  it('is seen, asked, stopped by its process, and started again as it was', async () => {
    const life = await start();
    expect(life).toMatchObject({ alive: true, service: { active: false, installed: false } });
    expect(await ask.askVersion(host, gateway)).toBe('2026.2.26');
    expect(await ask.askHealth(host, gateway)).toMatchObject({ ok: true });
    expect(await ask.askAgents(host, gateway)).toMatchObject([{ id: 'main' }, { id: 'ops' }]);
    expect((await ask.askSessions(host, gateway))?.sessions.length).toBeGreaterThan(3);
    expect((await ask.askChannels(host, gateway))?.length).toBeGreaterThan(0);
    const status = await ask.askGatewayStatus(host, gateway, { probe: true });
    expect(status).toMatchObject({ portStatus: 'busy', answered: true, listenerPids: [life.process?.pid] });

    const undo = join(folder, 'undo');
    await keepForeground(host, gateway, life, undo);
    expect(life.process).not.toBeNull();
    const identity = { pid: life.process?.pid ?? 0, startTime: life.process?.startTime ?? '', bootId: life.bootId };
    expect(await signalProcess(host, gateway, identity, 'TERM')).toBe(true);
    expect(await until((now) => !now.alive)).toMatchObject({ evidence: [] });
    await launchForeground(host, gateway, { folder: undo });
    await until((now) => now.listening);
  });

  // F91
  it('goes on after a stop that answered ok', async () => {
    await start();
    const { answer } = await ask.askStop(host, gateway);
    expect(answer).toMatchObject({ ok: true, result: 'not-loaded' });
    expect((await readLife(host, gateway)).alive).toBe(true);
  });

  it('answers behind notices, and in plain text when it is down', async () => {
    setTraps(prefix, { 'notices-before-json': true });
    expect(await ask.askAgents(host, gateway)).toMatchObject([{ id: 'main' }, { id: 'ops' }]);
    expect(await ask.askChannels(host, gateway)).toBeNull();
    expect(await ask.askHealth(host, gateway)).toBeNull();
  });

  // F87
  it('leaves a tool behind that is seen', async () => {
    setTraps(prefix, { 'child-survives': true });
    const { process, bootId } = await start();
    await signalProcess(host, gateway, { pid: process?.pid ?? 0, startTime: process?.startTime ?? '', bootId }, 'TERM');
    const { evidence } = await until((life) => !life.alive);
    expect(evidence.map((sign) => sign.detail)).toContain('smart-agent-neo-tool was left behind');
  });

  it('starts quiet', async () => {
    await launchForeground(host, gateway, { extraEnv: quietEnv(gateway), logFile: join(folder, 'log') });
    const { process } = await until((life) => life.listening);
    expect(await readFile(`/proc/${process?.pid ?? 0}/environ`, 'utf8')).toContain('SMART_AGENT_NEO_SKIP_CHANNELS=1');
  });
});

describe('the whole product, as a service', () => {
  // F93, F107
  it('is installed, seen, stopped and disabled', async () => {
    expect(await ask.askInstall(host, gateway)).toMatchObject({ code: 0, answer: { ok: true, result: 'installed' } });
    const life = await until((now) => now.listening);
    expect(life.service).toMatchObject({ installed: true, enabled: true, active: true, mainPid: life.process?.pid });
    expect(await ask.askStop(host, gateway)).toMatchObject({ answer: { result: 'stopped' } });
    expect(await until((now) => !now.alive)).toMatchObject({ service: { enabled: true, active: false } });
    await disableService(host, gateway);
    expect(await readService(host, gateway)).toMatchObject({ enabled: false, active: false });
    expect(await ask.askStart(host, gateway)).toMatchObject({ code: 0, answer: { ok: true, result: 'not-loaded' } });
    expect((await readLife(host, gateway)).alive).toBe(false);
  });
});
