import { describe, expect, it } from 'vitest';
import { obstacleLines, planLines, syncLines } from '../../src/cli/plan-screen.ts';
import { problem } from '../../src/core/problem.ts';
import { samplePlan } from './sample.ts';

const paper = (columns: number) => ({ columns, colour: false, live: false, unicode: true });

describe('the plan on the screen', () => {
  it.each([40, 80, 200])('is readable on %d columns', async (columns) => {
    const lines = planLines(samplePlan(), paper(columns));
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`snapshots/plan-${columns}.txt`);
    for (const line of lines) expect(line.length <= columns || !line.trim().includes(' ')).toBe(true);
  });

  it('shows the first values of the config that change, and counts the rest', () => {
    const [one] = samplePlan().configRewrites.listed;
    const listed = Array.from({ length: 100 }, (_, at) => ({
      root: 'state',
      file: 'c.json',
      from: '/a',
      to: '/b',
      ...one,
      at: `/n/${at}`,
    }));
    const text = planLines(samplePlan({ configRewrites: { count: 120, listed } }), paper(200)).join('\n');
    expect(text).toContain('Values of the config that change (120)');
    expect(text.match(/ \/n\/\d+$/gm)).toHaveLength(8);
    expect(text).toContain('and 112 more');
  });

  it('shows the first of what is to be done by hand, and counts the rest', () => {
    const listed = Array.from({ length: 9 }, (_, at) => ({ id: `${at}`, what: `thing ${at}`, why: '', command: null }));
    const lines = planLines(samplePlan({ byHand: { count: 9, listed } }), paper(80));
    const text = lines.join('\n');
    expect(text).toContain('To be done by hand afterwards (9)\n  thing 0\n  thing 1\n  thing 2\n  and 6 more');
    expect(lines.length - planLines(samplePlan(), paper(80)).length).toBe(6);
  });

  it('names the databases that it could not count, once there are any', () => {
    const uncounted = ['state/smart-agent-neo.sqlite'];
    const text = planLines(samplePlan({ uncounted }), paper(200)).join('\n');
    expect(text).toContain('Not counted, because it cannot be read now: what is in state/smart-agent-neo.sqlite.');
    expect(planLines(samplePlan(), paper(200)).join('\n')).not.toContain('Not counted');
  });

  it('fits on one screen', () => {
    expect(planLines(samplePlan(), paper(80)).length).toBeLessThanOrEqual(47);
  });

  it('says what happens to both machines before it happens', () => {
    const text = planLines(samplePlan(), paper(200)).join('\n');
    for (const said of [
      'is stopped, and disabled',
      '/home/olga/.neo-pull-old',
      'Parked, not deleted: /home/nick/.smart-agent-neo becomes',
      '/home/olga → /home/nick',
      '--exclude: *.iso',
      '95 s behind',
      'put back by itself',
    ])
      expect(text).toContain(said);
  });

  it('says who says so', () => {
    const provenance = [{ what: 'state dir', value: '/srv/neo', sources: ['unit x', 'running process 7'] }] as const;
    const text = planLines(samplePlan({ provenance }), paper(80)).join('\n');
    expect(text).toContain('state dir /srv/neo: unit x, running process 7');
  });

  it('does not promise a fence where there is no service', () => {
    const text = planLines(samplePlan({ ranAs: 'foreground' }), paper(200)).join('\n');
    expect(text).toContain('see that nobody starts it by hand');
    expect(text).not.toContain('disabled so that');
  });

  it('is short where only a copy is made', () => {
    const text = syncLines(samplePlan(), paper(80)).join('\n');
    expect(text).toContain('Nothing is stopped');
    expect(text).not.toContain('is stopped, and disabled');
  });

  it('lists everything that stands in the way, not only the first of it', async () => {
    const problems = [
      problem('rsync-missing-old', { message: 'There is no rsync on oldbox.', hint: 'sudo apt-get install rsync' }),
      problem('disk-too-small', { message: 'The copy needs 10 GiB, 2 GiB are free.', hint: 'df -h /home' }),
      ...samplePlan().warnings,
    ];
    const text = obstacleLines(problems, paper(80)).join('\n');
    await expect(`${text}\n`).toMatchFileSnapshot('snapshots/obstacles-80.txt');
  });

  it('prints nothing that the old machine could steer a terminal with', () => {
    const { old } = samplePlan();
    const plan = samplePlan({ old: { ...old, hostname: 'evil\u001b]0;title\u0007\u202e' } });
    expect(planLines(plan, paper(80)).join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });
});
