import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import type { Report } from '../../src/core/report-shape.ts';
import { rehearse } from '../../src/visits/rehearse.ts';
import { inDatabase } from '../sqlite/databases.ts';
import { makeLoopbackLab, type LoopbackLab } from '../kit/loopback-lab.ts';
import { moverFor, type Mover, type MoverOptions } from '../kit/mover.ts';
import { IMPATIENT, leadingTo, neoPull } from '../kit/neo-pull.ts';
import { expectAsPictured, takePicture, type Picture } from '../kit/picture.ts';
import { REPOSITORY } from '../kit/repository.ts';
import { makeKey } from '../kit/ssh-keys.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';

const SLOW = process.env['SLOW'] === '1';
const REHEARSE = { command: 'rehearse olga@old.example' };

/** What lies beside the live root on this machine. */
function beside({ new: here }: TempLab): string[] {
  return readdirSync(join(here.home, '.neo-pull'));
}

/** Both machines are as they were, nothing was said, and only the copy is left. */
function expectUntouched(lab: TempLab, was: Picture): void {
  expectAsPictured(lab, was, { staged: true });
  expect(beside(lab)).toEqual(['smart-agent-neo-state.staging']);
  expect(lab.hub.sent()).toEqual([]);
  expect(lab.hub.spoken().filter(({ stateDir }) => !stateDir.startsWith(lab.old.home))).toEqual([]);
  expect(existsSync(join(lab.old.home, '.neo-pull-old'))).toBe(false);
}

/** Nothing of a secret stays in the run's folder. */
function expectNoOriginals({ stateHome }: Mover): void {
  for (const run of readdirSync(join(stateHome, 'runs'))) {
    expect(existsSync(join(stateHome, 'runs', run, 'undo-new'))).toBe(false);
    expect(existsSync(join(stateHome, 'runs', run, 'reverse-map.json'))).toBe(false);
  }
}

describe('a rehearsal by the command line, where a state dir is live on this machine and a message waits on the old one', () => {
  let lab: LoopbackLab;
  let was: Picture;
  beforeAll(async () => {
    lab = await makeLoopbackLab({ sessions: 2, runsAs: 'service', traps: { new: { 'sends-when-quiet': true } } });
    mkdirSync(join(lab.new.home, '.smart-agent-neo'), { mode: 0o700 });
    writeFileSync(join(lab.new.home, '.smart-agent-neo/notes.md'), 'kept\n');
    writeFileSync(join(lab.state.stateDir, 'delivery-queue/hello.json'), '{"to":"+49","text":"hello"}');
    was = takePicture(lab);
  }, 60_000);
  afterAll(async () => lab.destroy());

  /** One that can only look and copy on the old machine. */
  function limitedKey(): string {
    const { path, publicLine } = makeKey(lab.sshd.folder, 'limited');
    const dispatcher = join(REPOSITORY, 'dist/neo-pull-read-only.mjs');
    lab.sshd.authorize(`restrict,command="exec ${process.execPath} ${dispatcher}" ${publicLine}`);
    return path;
  }

  it('makes the whole move with a key that may only look, tells what to expect, and leaves nothing but the copy', async () => {
    const argv = ['rehearse', `${lab.sshd.user}@127.0.0.1`, ...leadingTo(lab), ...IMPATIENT];
    argv[argv.indexOf(lab.sshd.identity.path)] = limitedKey();
    const { code, stdout, stderr } = await neoPull(argv, { env: lab.new.env });
    expect([code, stderr]).toEqual([0, expect.stringContaining('Make a throwaway copy')]);
    expectUntouched(lab, was);
    expect(stdout).toMatch(/^✓? ?.*Rehearsed, and all went well/m);
    expect(stdout).toMatch(/Expected +about [\d.]+ m?s without a gateway:/);
    expect(stdout).toMatch(/[\d.]+ m?s +Run the product's doctor$/m);
    expect(stdout).toMatch(/Stop the old gateway, and keep it from coming back \(estimated\)/);
    expect(stdout).toMatch(/Inventory +before: 2 agents.*8 credentials/s);
    expect(stdout).toMatch(/Doctor +ended with exit code 0, and says:/);
    expect(stdout).not.toContain('rehearsal-');
  });

  it('has all of it in its report, with the places of the real move', () => {
    const runs = join(lab.new.home, '.local/state/neo-pull/runs');
    const read = (name: string): string => readFileSync(join(runs, readdirSync(runs)[0] ?? '', name), 'utf8');
    const report = JSON.parse(read('report.json')) as Report;
    const { downtimeMs = 0, wholeMs = 0, down = [] } = report.rehearsal?.forecast ?? {};
    expect(report).toMatchObject({ outcome: 'rehearsed', running: 'old', exitCode: 0, parked: [], problems: [] });
    expect(down.reduce((sum, { ms }) => sum + ms, 0)).toBe(downtimeMs);
    expect(wholeMs).toBeGreaterThan(downtimeMs);
    expect(down.find(({ part }) => part === 'doctor')?.basis).toBe('measured');
    expect(down.find(({ part }) => part === 'park')?.basis).toBe('estimated');
    expect(report.rewrites.listed.map(({ to }) => to)).toContain(join(lab.new.home, '.smart-agent-neo/workspace'));
    expect(report.inventory.new).toEqual({ ...report.inventory.old, queued: 0 });
    expect(report.inventory.old?.queued).toBe(1);
    expect(read('report.md')).toContain('## Forecast of the move');
  });

  it('is shown by status, and is nothing to cut over or to roll back', async () => {
    const status = await neoPull(['status'], { env: lab.new.env });
    expect(status.stdout).toContain('rehearsed on a throwaway copy');
    for (const command of SLOW ? ['cutover', 'rollback', 'resume', 'verify'] : ['cutover', 'rollback']) {
      const { code, stderr } = await neoPull([command], { env: lab.new.env });
      expect([command, code, stderr]).toEqual([command, 2, expect.stringContaining('was a rehearsal')]);
    }
    expectUntouched(lab, was);
  });

  it('leads to a move that only sends what changed, and the message goes out once', async () => {
    lab.setTraps('new', {});
    const argv = [`${lab.sshd.user}@127.0.0.1`, '--json', '--yes', '--replace', ...leadingTo(lab), ...IMPATIENT];
    const { events } = await neoPull(argv, { env: lab.new.env });
    expect(events.at(-1)).toMatchObject({ type: 'run.finished', outcome: 'moved', running: 'new', exitCode: 0 });
    const sent = events.flatMap((event) => (event.type === 'run.transferred' ? [event] : []));
    expect(sent.find(({ step }) => step === 'seed')?.files).toBeLessThan(10);
    expect(lab.hub.sent().map((line) => line['queued'])).toEqual(['hello.json']);
    expect(lab.hub.violations()).toEqual([]);
  });
});

describe('a rehearsal of what would go wrong', () => {
  let lab: TempLab;
  let was: Picture;
  beforeAll(async () => {
    lab = await makeTempLab({ sessions: 2 });
    was = takePicture(lab);
  }, 60_000);
  afterAll(async () => lab.destroy());

  async function tried(options: MoverOptions = {}) {
    const mover = moverFor(lab, { ...options, tools: REHEARSE });
    const verdict = await rehearse(mover.tools, mover.request);
    expectUntouched(lab, was);
    expectNoOriginals(mover);
    return { verdict, events: mover.events };
  }

  const FAILURES = [
    ['doctor-fails', 9, 'doctor-failed'],
    ['sessions-lost', 8, 'inventory-shrank'],
    ['start-never-ready', 9, 'new-did-not-start'],
    ['doctor-renames-transcripts', 9, 'doctor-complains'],
  ] as const;
  it.each(SLOW ? FAILURES : FAILURES.slice(0, 2))(
    'ends as the move would, and nothing has changed: %s gives %i (F97, F99)',
    async (trap, exitCode, code) => {
      lab.setTraps('new', { [trap]: true });
      const { verdict, events } = await tried({ limits: { startMs: trap === 'start-never-ready' ? 1000 : 15_000 } });
      expect(verdict).toMatchObject({ outcome: 'failed', running: 'old', exitCode, problem: { code } });
      expect(verdict.problem?.message).not.toContain('rehearsal-');
      expect(events.some(({ type }) => type === 'run.rehearsed')).toBe(false);
    },
  );

  it('refuses to start a gateway on a copy in whose database a message waits', async () => {
    lab.setTraps('new', {});
    const database = join(lab.state.stateDir, 'state/smart-agent-neo.sqlite');
    mkdirSync(join(lab.state.stateDir, 'state'), { recursive: true });
    const table = 'CREATE TABLE IF NOT EXISTS delivery_queue_entries (id TEXT, status TEXT) STRICT';
    inDatabase(
      database,
      `db.exec("${table}"); db.exec("INSERT INTO delivery_queue_entries VALUES ('q1', 'pending')");`,
    );
    was = takePicture(lab);
    const { verdict, events } = await tried();
    expect(verdict).toMatchObject({ outcome: 'refused', exitCode: 3, problem: { code: 'rehearsal-would-send' } });
    expect(events.some((event) => event.type === 'step.before' && event.step === 'rehearse-start-quiet')).toBe(false);
    inDatabase(database, `db.exec("DELETE FROM delivery_queue_entries");`);
    was = takePicture(lab);
  });
});

describe('a rehearsal while the old gateway writes', () => {
  let lab: TempLab;
  beforeAll(async () => {
    lab = await makeTempLab({ sessions: 2 });
  }, 60_000);
  afterAll(async () => lab.destroy());

  const index = (): string => join(lab.state.stateDir, 'agents/ops/sessions/sessions.json');
  const late = (): string => join(lab.state.stateDir, 'agents/aaa-late.json');

  async function rehearsed(onEvent: (event: Event) => void) {
    const mover = moverFor(lab, { tools: REHEARSE, onEvent });
    const verdict = await rehearse(mover.tools, mover.request);
    const warned = mover.events.flatMap((event) => (event.type === 'run.warned' ? [event.problem] : []));
    expect(beside(lab)).toEqual(['smart-agent-neo-state.staging']);
    return { verdict, warned, mover };
  }

  function isAt(event: Event, type: 'step.before' | 'step.applied', step: string): boolean {
    return event.type === type && event.step === `rehearse-${step}`;
  }

  it('tells what changed since the copy, and takes it for no verdict; what is missing in it is copied first', async () => {
    const whole = readFileSync(index());
    const { verdict, warned } = await rehearsed((event) => {
      if (isAt(event, 'step.before', 'last-delta')) writeFileSync(index(), whole.subarray(0, 20));
      if (!isAt(event, 'step.applied', 'last-delta')) return;
      writeFileSync(index(), whole);
    });
    expect(verdict).toMatchObject({ outcome: 'rehearsed', exitCode: 0, problem: null });
    expect(warned.every(({ stops }) => !stops)).toBe(true);
  });

  it('is no verdict either where the copy is torn in what has to be rewritten', async () => {
    const whole = readFileSync(index());
    const { verdict, warned } = await rehearsed((event) => {
      if (isAt(event, 'step.before', 'last-delta')) writeFileSync(index(), whole.subarray(0, 20));
      if (isAt(event, 'step.applied', 'last-delta')) writeFileSync(late(), '{}');
      if (isAt(event, 'step.applied', 'copy-is-whole')) writeFileSync(index(), whole);
    });
    expect(warned.find(({ code }) => code === 'rehearsal-live')?.message).toContain('agents/aaa-late.json');
    expect(verdict).toMatchObject({
      outcome: 'failed',
      running: 'old',
      exitCode: 7,
      problem: { code: 'rehearsal-torn' },
    });
  });
});
