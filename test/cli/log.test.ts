import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunLog } from '../../src/cli/log.ts';
import { redact, redactText } from '../../src/cli/redact.ts';
import { Secrets } from '../../src/cli/secrets.ts';
import { problem } from '../../src/core/problem.ts';
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
  });

  it('goes deep, but not without end', () => {
    const ring: Record<string, unknown> = {};
    ring['self'] = ring;
    expect(JSON.stringify(redact(ring))).toContain('[deep]');
  });
});
