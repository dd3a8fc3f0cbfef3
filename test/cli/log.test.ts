import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunLog } from '../../src/cli/log.ts';
import { redact, redactText } from '../../src/cli/redact.ts';
import { Secrets } from '../../src/cli/secrets.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { Event } from '../../src/core/event.ts';
import { problem } from '../../src/core/problem.ts';
import { Bus } from '../../src/run/bus.ts';
import { Journal } from '../../src/run/journal.ts';
import { Canaries } from '../kit/canaries.ts';
import { movedJournal, RUN, told } from './sample.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'np-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function logInto(secrets = new Secrets(), echo: ConstructorParameters<typeof RunLog>[0]['echo'] = null): RunLog {
  return new RunLog({ secrets, folderOf: () => folder, echo });
}

function lines(): Record<string, unknown>[] {
  const text = readFileSync(join(folder, 'log.ndjson'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log of a run', () => {
  it('holds every event, those too that came before the run had a name, for its owner alone', () => {
    const log = logInto();
    const [first, ...rest] = movedJournal();
    log.onEvent({ v: 1, seq: 1, ts: 't', run: '', type: 'notice', message: 'Connecting' });
    for (const event of [first, ...rest]) if (event) log.onEvent(event);
    log.close();
    expect(lines()[0]).toMatchObject({ level: 'debug', msg: 'notice' });
    expect(lines()).toHaveLength(movedJournal().length + 1);
    expect(statSync(join(folder, 'log.ndjson')).mode & 0o777).toBe(0o600);
  });

  it('tells problems louder than the rest, and leaves the ticks of progress out', () => {
    const log = logInto();
    const warning = problem('clock-skew', { message: 'skew', hint: 'h' });
    const failure = problem('disk-full', { message: 'full', hint: 'h' });
    const tick = { step: 'seed', root: 'state', bytes: 1, totalBytes: 2, files: 1, totalFiles: 1 };
    const events = told(
      [0, { type: 'progress', ...tick, bytesPerSecond: null, leftMs: null }],
      [1, { type: 'run.warned', problem: warning }],
      [2, { type: 'run.unwinding', problem: failure }],
    );
    for (const event of events) log.onEvent(event);
    log.close();
    expect(lines().map(({ level, msg }) => [level, msg])).toEqual([
      ['warn', 'skew'],
      ['error', 'full'],
    ]);
  });

  it('lets no canary through, wherever it sings', () => {
    const canaries = new Canaries();
    const secrets = new Secrets();
    const password = secrets.keep(canaries.of('password'));
    let echoed = '';
    const log = logInto(secrets, { level: 'debug', write: (line) => (echoed += line) });
    const detail = {
      token: canaries.of('token'),
      nested: [{ deeper: { apiKey: canaries.of('api-key'), Authorization: canaries.of('header') } }],
      env: { PRODUCT_GATEWAY_PASSWORD: canaries.of('env') },
    };
    const failure = problem('command-failed', { message: `login with ${password} failed`, hint: password, detail });
    for (const event of told([0, { type: 'run.unwinding', problem: failure }])) log.onEvent(event);
    log.fault(new Error(`thrown with ${password}`), 'in a test');
    log.close();
    const text = readFileSync(join(folder, 'log.ndjson'), 'utf8') + echoed;
    for (const canary of canaries.list()) expect(text).not.toContain(canary);
    expect(text).toContain('[hidden]');
  });

  it('writes warnings to the terminal with -v, and everything with -vv', () => {
    const said = { info: '', debug: '' };
    for (const level of ['info', 'debug'] as const) {
      const log = logInto(new Secrets(), { level, write: (line) => (said[level] += line) });
      for (const event of movedJournal()) log.onEvent(event);
      log.fault('x', 'a fault');
      log.close();
    }
    expect(said.info.trim().split('\n')).toHaveLength(1);
    expect(said.debug.trim().split('\n')).toHaveLength(movedJournal().length + 1);
  });

  it('does not disturb a run whose folder cannot be written', () => {
    const log = new RunLog({ secrets: new Secrets(), folderOf: () => '/nonexistent', echo: null });
    for (const event of movedJournal()) log.onEvent(event);
    log.close();
  });

  it('never follows a link that lies where the log is to be', () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'as it was');
    symlinkSync(victim, join(folder, 'log.ndjson'));
    const log = logInto();
    for (const event of movedJournal()) log.onEvent(event);
    log.close();
    expect(readFileSync(victim, 'utf8')).toBe('as it was');
  });
});

describe('the log of a following of days', () => {
  const notice = (message: string): Event => ({ v: 1, seq: 1, ts: 't', run: RUN, type: 'notice', message });
  const messages = (path: string): string[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { event: { message: string } }).event.message);

  it.each([
    ['renamed away', (path: string) => renameSync(path, `${path}.1`)],
    ['removed', (path: string) => rmSync(path)],
    ['copied and truncated', (path: string) => truncateSync(path)],
    [
      'exchanged',
      (path: string) => {
        renameSync(path, `${path}.1`);
        writeFileSync(path, '');
      },
    ],
  ])('goes on when its file is %s by a program that rotates logs', (_, rotate) => {
    const [log, path] = [logInto(), join(folder, 'log.ndjson')];
    log.onEvent(notice('before'));
    expect(messages(path)).toEqual(['before']);
    rotate(path);
    for (const message of ['after', 'later']) log.onEvent(notice(message));
    log.close();
    expect(messages(path)).toEqual(['after', 'later']);
    if (existsSync(`${path}.1`)) expect(messages(`${path}.1`)).toEqual(['before']);
  });

  it('goes on when it could not be written for a while', () => {
    const [log, path] = [logInto(), join(folder, 'log.ndjson')];
    log.onEvent(notice('before'));
    rmSync(path);
    mkdirSync(path);
    log.onEvent(notice('lost'));
    rmdirSync(path);
    log.onEvent(notice('after'));
    log.close();
    expect(messages(path)).toEqual(['after']);
  });

  it('has some hundred lines a day where nothing happens, watched or not, and the journal none', async () => {
    let nowMs = Date.parse('2026-11-22T14:00:00.000Z');
    const clock: Clock = { now: () => nowMs, sleep: () => Promise.resolve() };
    const [log, journal] = [logInto(), await Journal.create(folder, clock, RUN)];
    const bus = new Bus(clock, RUN, [log.onEvent]);
    bus.attach(journal, RUN);
    await bus.emit({ type: 'run.started', command: 'sync o@h --follow', version: '', target: 'o@h' });
    const began = statSync(join(folder, 'journal.ndjson')).size;
    const round = { type: 'round.done', tookMs: 100, wireBytes: 4000, places: 0, forecastMs: 9000 } as const;
    for (let passes = 0; passes < 86_400 / 5; passes += 1) {
      nowMs += 5000;
      await bus.emit({ ...round, full: true });
      await bus.emit({ ...round, full: false });
    }
    await journal.close();
    log.close();
    expect(statSync(join(folder, 'journal.ndjson')).size).toBe(began);
    expect(lines().length).toBeGreaterThan(100);
    expect(lines().length).toBeLessThanOrEqual(1 + 24 * 6);
    expect(statSync(join(folder, 'log.ndjson')).size).toBeLessThan(64 * 1024);
  });
});

describe('what a secret looks like', () => {
  it.each([
    ['sk-abcdefghijklmnop'],
    ['xoxb-1234567890-abcdef'],
    ['ghp_abcdefghijklmnopqrst'],
    ['Bearer abcdefghijkl'],
    ['eyJhbGciOi.eyJzdWIiOi.sIgNaTuRe'],
    ['123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr'],
  ])('%s is hidden in any text', (secret) => {
    expect(redactText(`before ${secret} after`)).toBe('before [hidden] after');
  });

  it('hides the password in a URL, and nothing else of it', () => {
    expect(redactText('https://al:hunter2@host/path')).toBe('https://al:[hidden]@host/path');
  });

  it('leaves paths, hashes, versions and run ids as they are', () => {
    const plain = { path: '/home/al/.ssh/id_rsa', sha256: 'c'.repeat(64), version: '2026.2.26', run: RUN };
    expect(redact(plain)).toEqual(plain);
    const counts = { session: 2, credential: 8 };
    expect(redact(counts)).toEqual(counts);
    expect(redact({ credential: 'hunter2' })).toEqual({ credential: '[hidden]' });
  });

  it('is not the number of credentials among the counts of what a gateway owns', () => {
    expect(redact({ credential: 8, session: 12 })).toEqual({ credential: 8, session: 12 });
    expect(redact({ credential: '8', token: 8 })).toEqual({ credential: '[hidden]', token: '[hidden]' });
  });

  it('goes deep, but not without end', () => {
    const ring: Record<string, unknown> = {};
    ring['self'] = ring;
    expect(JSON.stringify(redact(ring))).toContain('[deep]');
  });
});
