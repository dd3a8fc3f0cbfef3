import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { pull } from '../../src/visits/pull.ts';
import { moverFor } from '../kit/mover.ts';
import { makeTempLab, type TempLab, type TempLabOptions } from '../kit/temp-lab.ts';
import { inDatabase, rowsIn } from '../sqlite/databases.ts';

vi.setConfig({ testTimeout: 150_000 });

const AGENT = 'smart-agent-neo-agent.sqlite';

async function inLab(options: TempLabOptions, use: (lab: TempLab) => Promise<void>): Promise<void> {
  const lab = await makeTempLab({ sessions: 12, isApart: true, ...options });
  try {
    await use(lab);
  } finally {
    await lab.destroy();
  }
}

function countsIn(events: readonly Event[]): (readonly [tree: string, counts: Readonly<Record<string, number>>])[] {
  return events.flatMap((event) => (event.type === 'run.counted' ? [[event.tree, event.counts] as const] : []));
}

function rewritesIn(events: readonly Event[]): readonly { root: string; file: string; at: string }[] {
  return events.flatMap((event) => (event.type === 'run.reconciled' ? event.rewrites : []));
}

describe('a gateway with an agent dir and sessions of its own outside of the state dir', () => {
  it('moves to a release that brings its files into databases: each of its sessions, jobs and logins is there (F114)', () =>
    inLab({ versions: { old: '2026.2.26', new: '2026.9.6' } }, async (lab) => {
      const mover = moverFor(lab);
      expect(await pull(mover.tools, mover.request)).toMatchObject({ outcome: 'moved', exitCode: 0 });
      const [old, copy, here] = countsIn(mover.events).map(([, counts]) => counts);
      expect(old).toMatchObject({ session: 15, transcript: 15, 'cron-job': 45, 'configured-agent': 2 });
      expect(copy).toEqual(old);
      expect(here).toMatchObject({ session: 15, transcript: 15, 'cron-job': 45, credential: old?.['credential'] });
      expect(rewritesIn(mover.events)).toContainEqual(
        expect.objectContaining({ file: 'index.json', at: '/agent:ops:main/sessionFile' }),
      );
      const { home } = lab.new;
      const rows = rowsIn(join(home, 'agents/ops', AGENT), 'SELECT entry_json AS e FROM session_nodes') as {
        e: string;
      }[];
      expect(rows.map(({ e }) => (JSON.parse(e) as { sessionFile: string }).sessionFile)).toEqual(
        lab.state.sessions.ops.map((id) => join(home, 'sessions/ops', `${id}.jsonl`)),
      );
      const { stdout } = lab.cli('new', 'sessions', '--json', '--all-agents');
      const { sessions } = JSON.parse(stdout) as { sessions: { transcriptLines: number | null }[] };
      expect(sessions.map(({ transcriptLines }) => (transcriptLines ?? 0) > 0)).toEqual(sessions.map(() => true));
    }));

  it('has its databases rewritten wherever they lie; a session that goes from a table, and an agent and a channel that go from the config, take it back: 8, by name', () =>
    inLab({ versions: { old: '2026.9.6', new: '2026.9.6' }, runsAs: 'stopped' }, async (lab) => {
      expect(lab.cli('old', 'doctor', '--non-interactive').stdout).toContain('Migrated the sessions of 2 agents');
      await lab.startForeground('old');
      const { home } = lab.new;
      const mover = moverFor(lab, {
        onEvent(event) {
          if (event.type !== 'step.before' || event.step !== 'it-works') return;
          const database = join(home, '.smart-agent-neo/agents/main/agent', AGENT);
          inDatabase(database, `db.exec("DELETE FROM session_nodes WHERE session_key LIKE '%:4900002'"); db.close();`);
          const config = join(home, '.smart-agent-neo/smart-agent-neo.json');
          writeFileSync(config, readFileSync(config, 'utf8').replace(/\{ id: "ops".*\},\n/, '\n'));
          writeFileSync(join(home, '.smart-agent-neo/channels.json5'), '{ telegram: { enabled: true } }');
        },
      });
      const verdict = await pull(mover.tools, mover.request);
      expect(verdict).toMatchObject({ outcome: 'rolled-back', exitCode: 8, problem: { code: 'inventory-shrank' } });
      const { message = '' } = verdict.problem ?? {};
      expect(message).toContain('1 session (main: agent:main:telegram:direct:4900002)');
      expect(message).toContain('1 agent of the config (ops)');
      expect(message).toContain('1 channel of the config (whatsapp: default)');
      const [old, copy, here] = countsIn(mover.events).map(([, counts]) => counts);
      expect(old).toMatchObject({ session: 15, transcript: 15, 'cron-job': 45, 'configured-channel': 2 });
      expect(copy).toEqual(old);
      expect(here).toMatchObject({ session: 14, transcript: 15, 'cron-job': 45 });
      const rewritten = rewritesIn(mover.events);
      expect(rewritten).toContainEqual(expect.objectContaining({ file: AGENT, at: 'session_nodes.entry_json' }));
      expect(rewritten).toContainEqual(
        expect.objectContaining({ file: 'state/smart-agent-neo.sqlite', at: 'cron_jobs.store_key' }),
      );
      expect(mover.events.flatMap((event) => (event.type === 'run.warned' ? [event.problem.code] : []))).not.toContain(
        'inventory-unknown',
      );
      expect(lab.running('old')).toHaveLength(1);
    }));
});
