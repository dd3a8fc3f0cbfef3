import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foldReport } from '../../src/core/report.ts';
import { pull } from '../../src/visits/pull.ts';
import { moverFor } from '../kit/mover.ts';
import { expectRolledBack, tryMove, type Meanwhile } from '../kit/try-move.ts';

const late = (stateDir: string): string => join(stateDir, 'credentials/late');

/** What nobody has seen in a plan: it is made after that. */
const linkAfter = (moment: 'plan.made' | 'fence-old'): Meanwhile => {
  return (event, { state }) => {
    const isThen = event.type === moment || (event.type === 'step.applied' && event.step === moment);
    if (isThen) symlinkSync('/etc/passwd', late(state.stateDir));
  };
};

describe('an old machine that makes a link once the plan was agreed to', () => {
  it('is found after the first copy: 8, the old gateway never stopped; the same command names it in its plan, and moves; bits that lend rights are dropped and told (F43, F46)', () =>
    tryMove(
      {
        runsAs: 'foreground',
        meanwhile: linkAfter('plan.made'),
        prepare: ({ state }) => {
          chmodSync(join(state.workspaces.main, 'bin/tidy'), 0o4755);
          chmodSync(join(state.workspaces.main, 'bin'), 0o2755);
        },
      },
      async ({ lab, verdict, events }) => {
        expect(verdict).toMatchObject({
          outcome: 'failed',
          running: 'old',
          exitCode: 8,
          problem: { code: 'link-astray' },
        });
        expect(verdict.problem?.hint).toContain('--allow link-astray:state/credentials/late');
        expect(events.some((event) => event.type === 'run.down')).toBe(false);
        const { tools, request, events: told } = moverFor(lab);
        expect(await pull(tools, request)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
        const { audit, warnings, willRun } = foldReport([...events, ...told]);
        expect(audit?.findings).toEqual(
          [
            ['state/workspace/bin', 'had mode 2755'],
            ['state/workspace/bin/tidy', 'had mode 4755'],
          ].map(([name = '', what]) => ({
            id: `setid-dropped:${name}`,
            kind: 'setid-dropped',
            name,
            what,
            verdict: 'dropped',
          })),
        );
        expect(willRun?.listed).toContainEqual({
          kind: 'hook',
          name: 'state/hooks/on-start.sh',
          files: 1,
          sha256: createHash('sha256').update('#!/bin/sh\nexit 0\n').digest('hex'),
        });
        const begins = told.map((event) => (event.type === 'step.before' ? event.step : event.type));
        expect(begins.lastIndexOf('run.will-run')).toBeLessThan(begins.indexOf('doctor'));
        expect(warnings.map(({ code }) => code)).toContain('setid-dropped');
        expect(lstatSync(join(lab.new.home, '.smart-agent-neo/workspace/bin/tidy')).mode & 0o7777).toBe(0o755);
      },
    ));

  it('is found after the stop, before anything uses the copy: 8, rolled back; let through by name it moves', () =>
    tryMove({ runsAs: 'foreground', meanwhile: linkAfter('fence-old') }, async (tried) => {
      const { lab } = tried;
      rmSync(late(lab.state.stateDir));
      expectRolledBack(tried, 8, 'link-astray');
      const allow = ['state/credentials/late'];
      const again = moverFor(lab, { asked: { allow }, onEvent: (event) => linkAfter('fence-old')(event, lab) });
      expect(await pull(again.tools, again.request)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
      expect(foldReport(again.events).audit?.findings).toMatchObject([
        { name: 'state/credentials/late', verdict: 'allowed' },
      ]);
    }));
});
