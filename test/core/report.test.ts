import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { problem } from '../../src/core/problem.ts';
import { foldReport } from '../../src/core/report.ts';
import { movedJournal, RUN, samplePlan, told } from '../cli/sample.ts';

describe('the report of a run', () => {
  it('tells a move from its first line to its last', () => {
    const report = foldReport(movedJournal());
    expect(report).toMatchObject({
      schema: 1,
      run: RUN,
      target: 'olga@old.example',
      version: '0.1.0',
      visits: [{ command: 'pull olga@old.example -p 22' }],
      startedAt: '2026-11-22T14:00:00.000Z',
      endedAt: '2026-11-22T14:00:44.100Z',
      outcome: 'moved',
      running: 'new',
      exitCode: 0,
      fence: { fence: 'enforced' },
      doctor: { exitCode: 0 },
      modes: { changed: 7, tightenedCount: 1, tightened: ['smart-agent-neo.json'] },
      rewrites: { count: 1 },
      manifests: [{ root: 'state', sha256: 'c'.repeat(64), entries: 1200, bytes: 12_800_000 }],
      skipped: [{ root: 'state', rule: '/logs/', reason: 'logs of the old machine', entries: 4, bytes: 100_000 }],
    });
    expect(report.checklist.map(({ id }) => id)).toEqual(['health', 'sessions']);
    expect(report.warnings.map(({ code }) => code)).toEqual(['clock-skew']);
    expect(report.problems).toEqual([]);
  });

  it('sums the passes over each root', () => {
    expect(foldReport(movedJournal()).transferred).toEqual([
      { root: 'state', passes: 2, files: 1003, bytes: 12_004_096, wireBytes: 4_002_048, deleted: 1 },
      { root: 'workspace-2', passes: 1, files: 19_000, bytes: 200_000_000, wireBytes: 90_000_000, deleted: 0 },
    ]);
  });

  it('gives the downtime by part', () => {
    const { totalMs, from, until, parts } = foldReport(movedJournal()).downtime;
    expect([totalMs, from, until]).toEqual([5000, '2026-11-22T14:00:09.060Z', '2026-11-22T14:00:14.060Z']);
    expect(parts.reduce((sum, part) => sum + part.ms, 0)).toBe(5000);
  });

  it('says how long each step took', () => {
    const steps = new Map(foldReport(movedJournal()).steps.map((step) => [step.id, step]));
    expect(steps.get('stop-old')).toEqual({
      id: 'stop-old',
      title: 'Stop the old gateway',
      state: 'applied',
      at: '2026-11-22T14:00:09.050Z',
      ms: 1010,
    });
    expect(steps.get('seed')?.ms).toBe(9000);
  });

  it('says what was parked where, and the command that restores it', () => {
    expect(foldReport(movedJournal()).parked).toEqual([
      {
        livePath: '/home/nick/.smart-agent-neo',
        parkedPath: `/home/nick/.neo-pull/smart-agent-neo-state.parked-${RUN}`,
        restore: `neo-pull rollback ${RUN}`,
      },
    ]);
  });

  it('says what is left on the old machine, and how it is removed by hand', () => {
    const { left, removeByHand } = foldReport(movedJournal()).oldMachine;
    expect(left[0]).toContain('/home/olga/.neo-pull-old/default');
    expect(left).toContain('/home/olga/.smart-agent-neo, untouched');
    expect(removeByHand).toEqual(["rm -r -- '/home/olga/.neo-pull-old/default'"]);
  });

  it('claims nothing parked and nothing left once all was put back', () => {
    const events = movedJournal().slice(0, -1);
    const begun = events.flatMap((event) => (event.type === 'step.before' ? [event.step] : [])).reverse();
    const undone = begun.flatMap((step): Event[] =>
      told([50_000, { type: 'step.undoing', step }], [50_001, { type: 'step.undone', step }]),
    );
    const report = foldReport([...events, ...undone]);
    expect(report.parked).toEqual([]);
    expect(report.oldMachine).toEqual({ left: [], removeByHand: [] });
    expect(report.steps.every(({ state }) => state === 'undone')).toBe(true);
  });

  it('names the cause and every problem once', () => {
    const cause = problem('old-alive', { message: 'it lives', hint: 'look' });
    const report = foldReport([
      ...movedJournal().slice(0, -1),
      ...told(
        [50_000, { type: 'run.unwinding', problem: cause }],
        [50_001, { type: 'run.warned', problem: cause }],
        [
          50_002,
          {
            type: 'run.finished',
            outcome: 'rolled-back',
            running: 'old',
            exitCode: 9,
            downtimeMs: null,
            problem: cause,
          },
        ],
      ),
    ]);
    expect(report.problems).toEqual([cause]);
  });

  it('has no outcome while a visit goes on, also after one that ended', () => {
    const [start] = movedJournal();
    const report = foldReport([...movedJournal(), ...(start ? [start] : [])]);
    expect(report).toMatchObject({ outcome: null, exitCode: null, endedAt: null });
    expect(report.visits).toHaveLength(2);
  });

  it('cuts long lists and keeps their counts', () => {
    const one = { root: 'state', file: 'f', at: '/a', from: '/old', to: '/new' };
    const [event] = told([
      0,
      {
        type: 'run.reconciled',
        rewrites: Array.from({ length: 1000 }, () => one),
        modesChanged: 0,
        modesTightened: [],
      },
    ]);
    const { rewrites } = foldReport(event ? [event] : []);
    expect([rewrites.count, rewrites.listed.length]).toEqual([1000, 200]);
  });

  it('can be made of any beginning of a journal', () => {
    const events = movedJournal();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: events.length }), (length) => {
        const report = foldReport(events.slice(0, length));
        expect(JSON.parse(JSON.stringify(report))).toEqual(report);
      }),
    );
  });

  it.each([
    ['moved', 0, ['verify', 'rollback', 'report']],
    ['staged', 0, ['cutover', 'pull', 'verify']],
  ] as const)('says what can be done after a run that ended %s', (outcome, exitCode, commands) => {
    const [start, made] = movedJournal();
    const end = told([9, { type: 'run.finished', outcome, running: 'old', exitCode, downtimeMs: null, problem: null }]);
    const { next } = foldReport([...(start && made ? [start, made] : []), ...end]);
    expect(next.map(({ command }) => command.split(' ')[1])).toEqual(commands);
  });

  it('offers to go on or to go back in the middle of a cutover', () => {
    const broken = movedJournal().slice(0, 15);
    expect(foldReport(broken).next.map(({ command }) => command)).toEqual([
      `neo-pull resume ${RUN}`,
      `neo-pull rollback ${RUN}`,
      `neo-pull report ${RUN}`,
    ]);
  });

  it('is not confused by a plan that nothing came of', () => {
    expect(foldReport(told([0, { type: 'plan.made', plan: samplePlan() }])).plan?.roots).toHaveLength(2);
  });
});
