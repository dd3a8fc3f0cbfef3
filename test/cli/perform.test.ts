import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { perform, type Performance } from '../../src/cli/perform.ts';
import { fail } from '../../src/core/problem.ts';
import { Journal } from '../../src/run/journal.ts';
import { createRun } from '../../src/run/runs.ts';
import { conclude, type Tools, type Verdict, type Visit } from '../../src/visits/visit.ts';
import { samplePlan, surroundings } from './sample.ts';

const DONE: Verdict = { outcome: 'staged', running: 'old', exitCode: 0, problem: null };

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'np-perform-'));
  mkdirSync(join(home, '.local/state'), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true }));

/** A visit that does nothing but what the test says. */
function visiting(body: (visit: Visit) => Promise<Verdict>, flags: Performance['flags'] = {}): Performance {
  return { name: 'sync', flags, planIs: 'aside', visit: (tools: Tools) => conclude(tools, body) };
}

async function withRun(visit: Visit): Promise<Verdict> {
  const { stateHome, clock } = visit.tools;
  const folder = await createRun(stateHome, clock);
  visit.journal = await Journal.create(folder.path, clock, folder.id);
  visit.bus.attach(visit.journal, folder.id);
  await visit.bus.emit({ type: 'run.started', command: visit.tools.command, version: '0.1.0', target: 'o@h' });
  await visit.bus.emit({ type: 'plan.made', plan: samplePlan() });
  return DONE;
}

describe('a visit on the command line', () => {
  it('ends with the exit code of its verdict, and says so', async () => {
    const streams = surroundings(['sync', 'o@h'], { home });
    const refused = { outcome: 'refused', running: 'old', exitCode: 3, problem: null } as const;
    expect(
      await perform(
        streams.around,
        visiting(() => Promise.resolve(refused)),
      ),
    ).toBe(3);
  });

  it('leaves log and report in the folder of its run, with what was told before there was one', async () => {
    const streams = surroundings(['sync', 'o@h'], { home });
    const code = await perform(
      streams.around,
      visiting(async (visit) => {
        await visit.bus.emit({ type: 'notice', message: 'before there is a run' });
        return withRun(visit);
      }),
    );
    expect(code).toBe(0);
    const [, path = ''] = /Report +(\S+)/.exec(streams.stdout()) ?? [];
    expect(readFileSync(path, 'utf8')).toContain('neo-pull sync o@h');
    expect(readFileSync(path.replace('report.md', 'log.ndjson'), 'utf8')).toContain('before there is a run');
  });

  it('prints events alone on stdout with --json, the end last, and the problem on stderr', async () => {
    const streams = surroundings(['sync', 'o@h', '--json'], { home });
    const lost = fail('auth-failed', { message: 'Not let in.', hint: 'ssh-copy-id' });
    const code = await perform(
      streams.around,
      visiting(() => Promise.reject(lost), { json: true }),
    );
    const lines = streams.stdout().trim().split('\n');
    expect(code).toBe(4);
    expect(lines.map((line) => JSON.parse(line) as unknown).at(-1)).toMatchObject({
      type: 'run.finished',
      exitCode: 4,
    });
    expect(streams.stderr()).toContain('✗ Not let in.');
  });

  it('is not disturbed by a screen that cannot be written', async () => {
    const broken = { isTTY: false, write: () => fault() };
    const { around } = surroundings(['sync', 'o@h', '--json'], { home, stdout: broken });
    await expect(
      perform(
        around,
        visiting(() => Promise.resolve(DONE), { json: true }),
      ),
    ).resolves.toBe(0);
  });

  it('comes to a safe end at the first Ctrl-C, and ends at once at the second', async () => {
    const signals = new EventEmitter();
    const exits: number[] = [];
    let nowMs = 0;
    const clock = { now: () => (nowMs += 500), sleep: () => Promise.resolve() };
    const streams = surroundings(['sync', 'o@h'], { home, signals, clock, exit: (code) => exits.push(code) });
    const code = await perform(
      streams.around,
      visiting(async (visit) => {
        signals.emit('SIGINT');
        expect(visit.tools.interrupt.signal.aborted).toBe(true);
        expect(exits).toEqual([]);
        signals.emit('SIGINT');
        visit.tools.interrupt.signal.throwIfAborted();
        return withRun(visit);
      }),
    );
    expect([code, exits]).toEqual([130, [130]]);
    expect(streams.stderr()).toContain('Once more ends at once');
    expect(signals.listenerCount('SIGINT')).toBe(0);
  });

  it('gives the visit no one to ask where there is nobody', async () => {
    const { around } = surroundings(['sync', 'o@h'], { home });
    await perform(
      around,
      visiting((visit) => {
        expect(visit.tools.ask).toBeNull();
        expect(visit.tools.yes).toBe(false);
        return Promise.resolve(DONE);
      }),
    );
  });

  it('keeps its own variables from what it starts on this machine', async () => {
    const { around } = surroundings(['sync', 'o@h'], {
      home,
      env: { NEO_PULL_PASSWORD_FILE: '/x', KEPT: '1', PATH: '/usr/bin:/bin' },
    });
    await perform(
      around,
      visiting(async (visit) => {
        const started = await visit.tools.here.spawn(['env']);
        started.stderr.resume();
        started.stdin.end();
        const chunks: Buffer[] = [];
        for await (const chunk of started.stdout) chunks.push(chunk as Buffer);
        const said = Buffer.concat(chunks).toString();
        expect(said).toContain('KEPT=1');
        expect(said).not.toContain('NEO_PULL');
        return DONE;
      }),
    );
  });

  it('shows the log with -v, above the live line', async () => {
    const streams = surroundings(['sync', 'o@h', '-vv'], { home });
    await perform(streams.around, visiting(withRun, { verbose: 2 }));
    expect(streams.stderr()).toContain('"msg":"run.started"');
  });
});

function fault(): never {
  throw new Error('a screen that cannot be written');
}
