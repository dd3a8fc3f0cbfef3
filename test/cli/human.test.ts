import { describe, expect, it } from 'vitest';
import { Human, type HumanOptions } from '../../src/cli/human.ts';
import { PUT_BACK } from '../../src/cli/step-tale.ts';
import type { Event } from '../../src/core/event.ts';
import { problem } from '../../src/core/problem.ts';
import { foldReport } from '../../src/core/report.ts';
import { cutover, rehearsal } from '../../src/migrate.ts';
import { movedJournal, RUN, samplePlan, surroundings, told, type Streams } from './sample.ts';

const COMMAND = 'pull olga@old.example -p 22';

function tell(events: readonly Event[], streams: Streams, options: Partial<HumanOptions> = {}): void {
  const human = new Human(streams.around, {
    quiet: false,
    showsChecks: false,
    resultIsElsewhere: false,
    planIs: 'question',
    hide: (text) => text,
    titlesOf: () => new Map(),
    ...options,
  });
  events.forEach(human.onEvent);
  const hasRun = events.some((event) => event.type === 'run.finished' && event.run !== '');
  const report = hasRun ? foldReport(events) : null;
  human.close({ command: COMMAND, report, reportPath: hasRun ? `/state/runs/${RUN}/report.md` : null });
}

const failure = problem('copy-differs', {
  message: '1 entry of /home/olga/.smart-agent-neo differs: memory/main.sqlite: content.',
  hint: 'Find out what else writes there, then try again.',
});

function rolledBack(): Event[] {
  const moved = movedJournal();
  const at = moved.findIndex((event) => event.type === 'run.verified');
  const undo = (after: number, step: string) =>
    [
      [after, { type: 'step.undoing', step }],
      [after + 300, { type: 'step.undone', step }],
    ] as const;
  const end = told(
    [11_700, { type: 'run.unwinding', problem: failure }],
    ...undo(11_710, 'copy-is-whole'),
    ...undo(12_020, 'fence-old'),
    [12_500, { type: 'run.up', gateway: 'old' }],
    ...undo(12_510, 'stop-old'),
    ...undo(12_820, 'claim'),
    [
      13_200,
      { type: 'run.finished', outcome: 'rolled-back', running: 'old', exitCode: 8, downtimeMs: 3440, problem: failure },
    ],
  );
  return [...moved.slice(0, at), ...end];
}

describe('a run as a person reads it', () => {
  it.each([40, 80, 200])('says on %d columns what was done and what it came to', async (columns) => {
    const streams = surroundings([], { columns });
    tell(movedJournal(), streams);
    const text = `--- stderr\n${streams.stderr()}--- stdout\n${streams.stdout()}`;
    await expect(text).toMatchFileSnapshot(`snapshots/moved-${columns}.txt`);
  });

  it('says what was put back, in the same words', async () => {
    const streams = surroundings([], { columns: 80 });
    tell(rolledBack(), streams);
    const text = `--- stderr\n${streams.stderr()}--- stdout\n${streams.stdout()}`;
    await expect(text).toMatchFileSnapshot('snapshots/rolled-back-80.txt');
  });

  it('has no control codes without a terminal, and no colours with NO_COLOR', () => {
    const piped = surroundings([]);
    tell(movedJournal(), piped);
    expect(piped.stderr() + piped.stdout()).not.toContain('\u001b');
    const plain = surroundings([], { isTTY: true, columns: 80, env: { NO_COLOR: '1' } });
    tell(movedJournal(), plain);
    // A live line is cleared, not coloured.
    expect((plain.stderr() + plain.stdout()).replaceAll('\u001b[2K', '')).not.toContain('\u001b');
  });

  it('keeps one live line on a terminal, and leaves none behind', () => {
    const streams = surroundings([], { isTTY: true, columns: 80, env: { NO_COLOR: '1' } });
    tell(movedJournal(), streams);
    expect(streams.stderr()).toContain('  · Stop the old gateway\r\u001b[2K');
    expect(streams.stderr()).toMatch(/[\n]$|\u001b\[2K$/);
  });

  it('never prints a line wider than the terminal where it is live', () => {
    const streams = surroundings([], { isTTY: true, columns: 40, env: { NO_COLOR: '1' } });
    tell(movedJournal(), streams);
    const drawn = streams.stderr().split(/\r\u001b\[2K|\n/);
    for (const line of drawn.filter((text) => text.startsWith('  ·'))) expect(line.length).toBeLessThan(40);
  });

  it('is down to problems and the result with --quiet', () => {
    const streams = surroundings([]);
    tell(rolledBack(), streams, { quiet: true });
    expect(streams.stderr()).toMatch(/^\n✗ 1 entry/);
    expect(streams.stdout()).toContain('Rolled back');
  });

  it('tells a problem in four lines: what, why, what is changed, what next', () => {
    const streams = surroundings([], { columns: 200 });
    tell(rolledBack(), streams, { quiet: true });
    const lines = streams.stderr().trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^✗ 1 entry of/),
      '  Why      The copy is not the same as the old tree.',
      expect.stringMatching(/^ {2}Changed {2}Everything was put back/),
      '  Next     Find out what else writes there, then try again.',
    ]);
  });

  it('leaves stdout alone when something else is printed there', () => {
    const streams = surroundings([]);
    tell(rolledBack(), streams, { quiet: true, resultIsElsewhere: true });
    expect(streams.stdout()).toBe('');
    expect(streams.stderr()).toContain('✗ 1 entry');
  });

  it('shows the plan before the question, and on stdout where it is the answer', () => {
    const shown = told([0, { type: 'plan.shown', plan: samplePlan(), problems: samplePlan().warnings }]);
    const asked = surroundings([]);
    tell(shown, asked);
    expect(asked.stderr()).toContain('Plan: move smart-agent-neo');
    const answered = surroundings([]);
    tell(shown, answered, { planIs: 'answer' });
    expect(answered.stdout()).toContain('Plan: move smart-agent-neo');
    expect(answered.stderr()).toBe('');
  });

  it('shows what stands in the way instead of a plan that cannot be', () => {
    const obstacle = problem('disk-too-small', { message: 'Too small.', hint: 'df -h' });
    const streams = surroundings([]);
    tell(told([0, { type: 'plan.shown', plan: samplePlan(), problems: [obstacle] }]), streams);
    expect(streams.stderr()).toContain('What stands in the way (1)');
    expect(streams.stderr()).not.toContain('Plan: move');
  });

  it('says nothing after the four lines where there is no run yet', () => {
    const refused = problem('auth-failed', { message: 'Not let in.', hint: 'ssh-copy-id' });
    const [end] = told([
      0,
      { type: 'run.finished', outcome: 'refused', running: 'old', exitCode: 4, downtimeMs: null, problem: refused },
    ]);
    const streams = surroundings([]);
    tell(end ? [{ ...end, run: '' }] : [], streams);
    expect(streams.stdout()).toBe('');
    expect(streams.stderr()).toContain('Changed  Nothing, on neither machine.');
  });

  it('names what is taken up after a crash by the titles of the journal', () => {
    const [start] = movedJournal();
    const streams = surroundings([]);
    const resumed = told([0, { type: 'step.applied', step: 'swap' }]);
    tell(start ? [start, ...resumed] : [], streams, {
      titlesOf: () => new Map([['swap', 'Put the copy in its place']]),
    });
    expect(streams.stderr()).toContain('✓ Put the copy in its place');
  });

  it('gives a sign of life in a pipe when a step takes long', () => {
    const streams = surroundings([]);
    const human = new Human(streams.around, {
      quiet: false,
      showsChecks: false,
      resultIsElsewhere: false,
      planIs: 'question',
      hide: (text) => text,
      titlesOf: () => new Map(),
    });
    const [begun] = told([0, { type: 'step.before', step: 'doctor', title: "Run the product's doctor", before: null }]);
    if (begun) human.onEvent(begun);
    const beganMs = Date.parse(begun?.ts ?? '');
    for (let second = 1; second <= 130; second += 1) human.tick(beganMs + second * 1000);
    const beats = streams.stderr().trim().split('\n');
    expect(beats).toEqual(["· Run the product's doctor  1 min 00 s", "  · Run the product's doctor  2 min 00 s"]);
  });

  it('hides secrets whoever says them', () => {
    const leak = problem('command-failed', { message: 'said hunter22', hint: 'hunter22' });
    const streams = surroundings([]);
    tell(told([0, { type: 'run.warned', problem: leak }]), streams, {
      hide: (text) => text.replaceAll('hunter22', '***'),
    });
    expect(streams.stderr()).not.toContain('hunter22');
  });

  it('tells of every step that puts something back, and knows them by their real names', () => {
    const plan = samplePlan();
    const withDeadMan = { ...plan, limits: { ...plan.limits, deadManMs: 600_000 } };
    const { gateway, home } = plan.new;
    const scratch = {
      key: plan.key,
      folder: '/x/.neo-pull/rehearsal-x',
      home,
      gateway,
      roots: plan.roots,
      mapping: [],
    };
    const steps = [...cutover(withDeadMan, { committed: false }), ...rehearsal({ ...plan, rehearsal: scratch })];
    const real = new Set(steps.map(({ id }) => id));
    for (const id of PUT_BACK) expect(real).toContain(id);
  });
});
