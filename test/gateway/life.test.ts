import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLife, type Life } from '../../src/gateway/life.ts';
import { Bench } from './bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.make();
});
afterEach(() => bench.end());

function kinds(life: Life): string[] {
  return [...new Set(life.evidence.map((sign) => sign.kind))].sort();
}

const look = () => readLife(bench.host, bench.gateway);

describe('a gateway that runs in the foreground', () => {
  // F91
  it('is alive by port, lock and processes, though it told nothing but its home when it was started', async () => {
    const { pid, top } = await bench.start({ role: 'parent', ...bench.whole() });
    const life = await look();
    expect(life).toMatchObject({ supported: true, alive: true, listening: true, service: null, portTakenBy: null });
    expect(kinds(life)).toEqual(['lock', 'port', 'process']);
    expect(life.evidence.filter((sign) => sign.kind === 'process').map((sign) => sign.pid)).toEqual([top, pid]);
    expect(life.calls).toEqual([]);
    expect(life.bootId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is named by the process that holds the lock, with the command line that its title has overwritten put together anew', async () => {
    const { pid } = await bench.start({ role: 'parent', ...bench.whole() }, { cwd: join(bench.home, 'bin') });
    const { process } = await look();
    expect(process).toMatchObject({ pid, cwd: join(bench.home, 'bin') });
    expect(process?.argv).toEqual([...bench.gateway.argv, 'gateway', '--port', String(bench.gateway.port)]);
  });

  it('keeps the secrets of its command line to itself', async () => {
    const args = ['gateway', '--token', 's3cret', '--password=s3cret', '--port', '1'];
    await bench.start({ role: 'gateway', title: false, ...bench.whole() }, { args });
    const life = await look();
    expect(life.process?.argv.slice(2)).toEqual(['gateway', '--token', '***', '--password=***', '--port', '1']);
    expect(JSON.stringify(life)).not.toContain('s3cret');
  });

  it('is alive without a port and without a lock, as when it starts or drains, by the title of the serving process', async () => {
    const env = { SMART_AGENT_NEO_STATE_DIR: bench.gateway.stateDir };
    const { pid } = await bench.start({ role: 'gateway' }, { env });
    const life = await look();
    expect(life).toMatchObject({ alive: true, listening: false, process: { pid } });
    expect(kinds(life)).toEqual(['process']);
  });

  it('is alive before it has a title, by its command line', async () => {
    const { pid } = await bench.start({ role: 'gateway', title: false }, { args: ['gateway', '--port', '1'] });
    expect(await look()).toMatchObject({ alive: true, process: { pid } });
  });

  it('is found through a symlink to its state dir', async () => {
    await symlink(bench.gateway.stateDir, join(bench.home, 'link'));
    await bench.start({ role: 'gateway' }, { env: { SMART_AGENT_NEO_STATE_DIR: join(bench.home, 'link') } });
    expect((await look()).alive).toBe(true);
  });

  it('counts as alive, but is not named to be signalled, where nothing tells its profile', async () => {
    await bench.start({ role: 'gateway' });
    expect(await look()).toMatchObject({ alive: true, process: null });
  });
});

describe('a gateway that does not run', () => {
  it('shows no sign of life', async () => {
    expect(await look()).toMatchObject({ supported: true, alive: false, evidence: [], process: null });
  });

  it('is not brought to life by a call of the CLI, which bears the same title', async () => {
    await bench.start({ role: 'cli' }, { env: { SMART_AGENT_NEO_STATE_DIR: bench.gateway.stateDir } });
    await bench.start({ role: 'cli', title: false }, { args: ['gateway', 'status', '--json'] });
    expect(await look()).toMatchObject({ alive: false, evidence: [], process: null });
  });

  it('may have a call of the CLI under way, which is told: it may yet do something', async () => {
    const env = { SMART_AGENT_NEO_STATE_DIR: bench.gateway.stateDir };
    const { pid } = await bench.start({ role: 'cli', title: false }, { args: ['gateway', 'stop', '--json'], env });
    await bench.start({ role: 'cli' }, { env: { SMART_AGENT_NEO_STATE_DIR: bench.other('work').stateDir } });
    expect(await look()).toMatchObject({ alive: false, evidence: [], calls: [pid] });
  });

  it('is not brought to life by another program on its port, which is named', async () => {
    const { pid } = await bench.start({ role: 'other', port: bench.gateway.port });
    const life = await look();
    expect(life).toMatchObject({ alive: false, listening: false, evidence: [], portTakenBy: { pid } });
  });

  it('is told of programs on the ports that it takes beside its own, for its browser and its canvas', async () => {
    const { port } = bench.gateway;
    const { pid } = await bench.start({ role: 'other', port: port + 3 });
    await bench.start({ role: 'other', port: port + 4 });
    const life = await look();
    expect(life.morePortsTaken).toEqual([{ port: port + 3, pid, what: expect.any(String) as string }]);
    expect(life).toMatchObject({ alive: false, portTakenBy: null });
  });

  // F89
  it.each([
    ['whose number now belongs to another process', { startTime: 1 }],
    ['without a start time, whose number now belongs to another program', { startTime: undefined, pid: process.pid }],
    ['whose process is gone', { pid: 4_194_303 }],
    ['that is no lock', { pid: 'x' }],
  ])('is not brought to life by a lock %s', async (_, lockAs) => {
    const { lock, configPath } = bench.whole();
    await bench.start({ role: 'cli', ...(lock && { lock }), ...(configPath && { configPath }), lockAs });
    expect(await look()).toMatchObject({ alive: false, evidence: [], process: null });
  });

  // F87
  it('may leave a program behind that still writes to its state, which is told and is not life', async () => {
    const file = join(bench.gateway.stateDir, 'tool.log');
    const { pid } = await bench.start({ role: 'other', holds: file });
    const life = await look();
    expect(life).toMatchObject({ alive: false, process: null });
    expect(life.evidence).toEqual([
      { kind: 'open-file', pid, detail: expect.stringContaining(`writes ${file}`) as string },
    ]);
  });

  // F87
  it('may leave a helper of its own behind, which is told and is not life', async () => {
    const env = { SMART_AGENT_NEO_NO_RESPAWN: '1' };
    const { pid } = await bench.start({ role: 'helper' }, { env });
    expect(await look()).toMatchObject({
      alive: false,
      process: null,
      evidence: [{ kind: 'process', pid, detail: 'smart-agent-neo-tool was left behind' }],
    });
    expect(await readLife(bench.host, bench.other('work'))).toMatchObject({ evidence: [] });
  });

  it('is no matter of programs that only read its state', async () => {
    await bench.start({ role: 'other', reads: bench.gateway.configPath });
    expect(await look()).toMatchObject({ alive: false, evidence: [] });
  });
});

describe('the gateway of another profile', () => {
  it('is not life of this one, and what it says of itself by lock counts before all else', async () => {
    const work = { ...bench.other('work'), port: bench.gateway.port + 1 };
    await bench.start({ role: 'parent', ...bench.whole(work), port: 0 });
    expect(await look()).toMatchObject({ alive: false, evidence: [], portTakenBy: null });
    expect(await readLife(bench.host, work)).toMatchObject({ alive: true });
  });

  it('is not life of this one on its port, but has taken it', async () => {
    const { pid } = await bench.start({ role: 'parent', ...bench.whole(bench.other('work')) });
    expect(await look()).toMatchObject({ alive: false, portTakenBy: { pid, what: 'smart-agent-neo' } });
  });

  it('is told apart by the environment that its child was given', async () => {
    const childEnv = { SMART_AGENT_NEO_PROFILE: 'work' };
    const { pid } = await bench.start({ role: 'parent', childEnv });
    expect(await look()).toMatchObject({ alive: false, process: null });
    expect(await readLife(bench.host, bench.other('work'))).toMatchObject({ alive: true, process: { pid } });
  });
});
