import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { type Ended, neoPull as start } from '../kit/neo-pull.ts';
import { schemaFaults } from '../kit/report-schema.ts';
import { startSshd, type Sshd } from '../kit/sshd.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';

const QUICK = ['--soak', '0.3', '--stop-timeout', '20', '--start-timeout', '30', '--doctor-timeout', '30'];

let lab: TempLab;
let sshd: Sshd;

beforeAll(async () => {
  lab = await makeTempLab({ runsAs: 'service' });
  sshd = await startSshd({ env: lab.old.env });
});
afterAll(async () => {
  await sshd.stop();
  await lab.destroy();
});

/** Not waited for in one go: the log of the SSH server has to be read meanwhile, or it stands still when the pipe is full. */
function neoPull(argv: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return start(argv, { env: { ...lab.new.env, ...env } });
}

function old(...more: string[]): string[] {
  const way = ['-p', String(sshd.port), '-i', sshd.identity.path, '--known-hosts', sshd.knownHosts];
  return [`${sshd.user}@127.0.0.1`, ...way, ...QUICK, ...more];
}

function eventsIn(stdout: string): Event[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
}

describe('the built program, over SSH', () => {
  it('refuses an unknown key where nobody can be asked', async () => {
    const nowhere = join(lab.path, 'no-known-hosts');
    const { code, stderr } = await neoPull(['plan', ...old('--known-hosts', nowhere)]);
    expect([code, stderr]).toEqual([5, expect.stringContaining(`--host-key ${sshd.hostKeys[0]?.fingerprint ?? ''}`)]);
  });

  it('takes the key that was pinned', async () => {
    const pin = sshd.hostKeys[0]?.fingerprint ?? '';
    const { code, stdout } = await neoPull([
      'plan',
      '--exit-code',
      ...old('--known-hosts', '/nonexistent', '--host-key', pin),
    ]);
    expect([code, stdout]).toEqual([20, expect.stringContaining('Plan: move smart-agent-neo')]);
  });

  it('says what a key that is not let in was, and that nothing is changed', async () => {
    const { code, stderr } = await neoPull(
      ['plan', ...old()].map((word) => (word === sshd.identity.path ? stranger() : word)),
    );
    expect(code).toBe(4);
    expect(stderr).toContain('Changed  Nothing');
  });

  it('asks nobody in a pipe: without --yes nothing is moved', async () => {
    const { code, stderr } = await neoPull(old());
    expect([code, stderr]).toEqual([12, expect.stringContaining('--yes')]);
    expect(lab.running('old')).toHaveLength(1);
  });

  it('moves the gateway, tells it as events, and leaves a report', async () => {
    const { code, stdout } = await neoPull(['--json', 'pull', ...old('--yes')]);
    const events = eventsIn(stdout);
    const last = events.at(-1);
    expect(last).toMatchObject({ type: 'run.finished', outcome: 'moved', running: 'new', exitCode: code });
    expect(code).toBe(0);
    const folder = join(lab.new.home, '.local/state/neo-pull/runs', last?.run ?? '');
    for (const name of ['journal.ndjson', 'log.ndjson', 'report.json', 'report.md', 'report.html'])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as unknown;
    expect(report).toMatchObject({ outcome: 'moved', running: 'new' });
    expect(schemaFaults(report)).toEqual([]);
  });

  it('says the second time that it moved already', async () => {
    const { code, stdout } = await neoPull(old('--yes'));
    expect([code, stdout]).toEqual([0, expect.stringContaining('Already moved')]);
  });

  it('knows from the journal alone who runs the gateway', async () => {
    const { code, stdout } = await neoPull(['status', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'moved', running: 'new', newPort: { answers: true } });
  });

  it('gives the gateway back when that is said beforehand', async () => {
    expect((await neoPull(['rollback'])).code).toBe(12);
    const { code, stdout, stderr } = await neoPull(['rollback', '--after-commit']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('Undone: Put the copy in its place')]);
    expect(schemaFaults(JSON.parse((await neoPull(['report', '--json'])).stdout))).toEqual([]);
    expect(stdout).toContain('runs on the old machine');
    expect(lab.running('old')).toHaveLength(1);
    expect(lab.running('new')).toHaveLength(0);
  });
});

/** A key that nobody knows. */
function stranger(): string {
  const path = join(lab.path, 'stranger');
  writeFileSync(path, '', { mode: 0o600 });
  rmSync(path);
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
  return path;
}
