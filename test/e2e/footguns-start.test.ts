import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../src/core/exit.ts';
import { pull } from '../../src/visits/pull.ts';
import type { Verdict } from '../../src/visits/visit.ts';
import { machineByHand, type ByHand, type Said } from '../kit/manual-move.ts';
import { memoryRows } from '../kit/memory-rows.ts';
import { moverFor } from '../kit/mover.ts';
import { runCli, type Side } from '../kit/side.ts';
import { NODE_22 } from '../kit/stand-in/install.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { systemctl } from '../kit/try-move.ts';
import { waitFor } from '../kit/wait.ts';

// Two whole moves of one machine, by hand and by neo-pull.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

/** As long as a start with cold caches takes beside a warm one. */
const COLD = { 'slow-start': 1500 };

let lab: TempLab;
let hand: ByHand;

const ok = (text: string): unknown => JSON.parse(text);

describe('a new machine on which the gateway was never set up', () => {
  let said: Readonly<Record<'start' | 'status' | 'channels' | 'installed' | 'tooEarly', Said>>;
  let startedByWord: number;

  beforeAll(async () => {
    lab = await makeTempLab({ runsAs: 'service', sessions: 2, traps: { new: { 'start-never-ready': true } } });
    hand = await machineByHand(lab, { traps: COLD });
    lab.cli('old', 'gateway', 'stop', '--json');
    hand.copy();
    hand.replacePaths();
    const start = hand.cli('gateway', 'start', '--json');
    startedByWord = hand.running().length;
    const [status, channels] = [hand.cli('status', '--json'), hand.cli('channels', 'status', '--json')];
    const installed = hand.cli('gateway', 'install', '--json');
    said = { start, status, channels, installed, tooEarly: hand.cli('health', '--json') };
    await hand.remove();
    systemctl(lab, 'start');
    await waitFor('the old gateway is up again', () => lab.running('old').length === 1);
  });
  afterAll(() => lab.destroy());

  it('says ok to a start and starts nothing; status and channels end with 0 all the same (facts 6, 7, row 1)', () => {
    expect([said.start.code, said.status.code, said.channels.code]).toEqual([0, 0, 0]);
    expect(ok(said.start.stdout)).toMatchObject({ ok: true, result: 'not-loaded' });
    expect(startedByWord).toBe(0);
    expect(() => ok(said.channels.stdout)).toThrow(SyntaxError);
  });

  it('is not taken for served by neo-pull where nothing listens: the old gateway serves again (fact 7, F99)', async () => {
    const { tools, request } = moverFor(lab, { limits: { startMs: 1500 } });
    expect(await pull(tools, request)).toMatchObject({
      outcome: 'rolled-back',
      running: 'old',
      exitCode: EXIT.cutover,
    });
    expect(lab.running('old')).toHaveLength(1);
    expect(lab.running('new')).toEqual([]);
  });

  it('looks dead while it starts with cold caches, and neo-pull waits for it (fact 12)', async () => {
    expect([ok(said.installed.stdout), said.tooEarly.code]).toEqual([
      expect.objectContaining({ ok: true, result: 'installed' }),
      1,
    ]);
    lab.setTraps('new', COLD);
    const { tools, request } = moverFor(lab);
    expect(await pull(tools, request)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(lab.cli('new', 'health', '--json').code).toBe(0);
    expect(lab.hub.violations()).toEqual([]);
  });
});

/** What somebody does to see whether the product works here: onboarding makes a config, a service with its token, a device. */
async function tryOut(side: Side, port: number): Promise<void> {
  const { stateDir } = lab.state;
  const trial = stateDir.replace(lab.old.home, side.home);
  const config = { gateway: { mode: 'local', port, auth: { mode: 'token', token: 'trial' } } };
  mkdirSync(trial, { mode: 0o700 });
  writeFileSync(join(trial, 'smart-agent-neo.json'), JSON.stringify(config));
  runCli(side, ['status', '--json']);
  runCli(side, ['gateway', 'install', '--json']);
  await waitFor('the trial answers', () => runCli(side, ['health', '--json']).code === 0);
  const log = join(trial, 'memory/main.sqlite-wal');
  await waitFor('the trial has remembered something', () => existsSync(log) && memoryRows(trial) > 2);
  runCli(side, ['gateway', 'stop', '--json']);
}

/** A memory of a thousand things more than a trial has, in a file without a log beside it, as older releases keep it. */
const REMEMBER = `
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const database = new DatabaseSync(process.argv[1]);
  database.exec('PRAGMA journal_mode = DELETE');
  const insert = database.prepare('INSERT INTO beats (n, at, note) VALUES (?, 0, ?)');
  for (let n = 1001; n <= 2000; n += 1) insert.run(n, 'remembered');
  database.close();
`;

describe('a new machine on which the gateway was tried out', () => {
  let rows: { readonly old: number; readonly plain: number };
  let health: { readonly started: Said; readonly reinstalled: Said };
  let verdict: Verdict;

  beforeAll(async () => {
    lab = await makeTempLab({ runsAs: 'foreground', sessions: 2 });
    process.kill(lab.running('old')[0] ?? 0, 'SIGTERM');
    await waitFor('it is over', () => lab.running('old').length === 0);
    spawnSync(NODE_22, ['--no-warnings', '-e', REMEMBER, join(lab.state.stateDir, 'memory/main.sqlite')]);
    // No command line has ever spoken to this gateway.
    rmSync(join(lab.state.stateDir, 'devices'), { recursive: true });
    rmSync(join(lab.state.stateDir, 'identity/device-auth.json'));
    hand = await machineByHand(lab);
    for (const side of [hand.side, lab.new]) await tryOut(side, lab.port);
    hand.copy();
    rows = { old: memoryRows(lab.state.stateDir), plain: remembered(hand.stateDir) };
    // It can be built again from the memory files, and the rest is to be seen too.
    rmSync(join(hand.stateDir, 'memory'), { recursive: true });
    hand.replacePaths();
    hand.cli('doctor', '--non-interactive');
    hand.cli('gateway', 'start', '--json');
    await waitFor('it runs', () => hand.running().length === 1);
    const started = await waitFor('it listens', () => answered(hand.cli('health', '--json')));
    hand.cli('gateway', 'install', '--force', '--json');
    const reinstalled = await waitFor('it listens', () => answered(hand.cli('health', '--json')));
    health = { started, reinstalled };
    await hand.remove();
    const { tools, request } = moverFor(lab, { asked: { replace: true } });
    verdict = await pull(tools, request);
  });
  afterAll(() => lab.destroy());

  const remembered = (stateDir: string): number => {
    try {
      return memoryRows(stateDir);
    } catch (error) {
      expect(String(error)).toMatch(/malformed|quick_check|missing from index|never used|out of order/);
      return 0;
    }
  };
  const answered = (said: Said): Said | null => (said.stderr.includes('1006') ? null : said);

  it('is moved to by neo-pull, with what was tried out parked', () => {
    expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(lab.cli('new', 'health', '--json').code).toBe(0);
  });

  it('has a service whose token beats the one that was copied (row 4)', () => {
    expect(health.started).toMatchObject({ code: 1 });
    expect(health.started.stderr).toContain('gateway token mismatch');
  });

  it('has the device of the trial beside the copied ones, and lets nobody in (fact 8, row 3)', () => {
    expect(health.reinstalled).toMatchObject({ code: 1 });
    expect(health.reinstalled.stderr).toContain('device token mismatch');
    const moved = join(lab.new.home, '.smart-agent-neo/identity/device.json');
    expect(readFileSync(moved, 'utf8')).toBe(readFileSync(join(lab.state.stateDir, 'identity/device.json'), 'utf8'));
  });

  it('has the log of its own database beside the copied one, and with it no memory that could be read (row 11, F81)', () => {
    expect(rows.old).toBeGreaterThanOrEqual(1000);
    expect(rows.plain).toBeLessThan(1000);
    expect(existsSync(join(lab.state.stateDir, 'memory/main.sqlite-wal'))).toBe(false);
    expect(memoryRows(join(lab.new.home, '.smart-agent-neo'))).toBeGreaterThanOrEqual(rows.old);
  });
});
