import { describe, expect, it } from 'vitest';
import { changedSentence, closingLines, type Finished } from '../../src/cli/closing.ts';
import { problem } from '../../src/core/problem.ts';
import type { Event } from '../../src/core/event.ts';
import { foldReport } from '../../src/core/report.ts';
import { movedJournal, told } from './sample.ts';

const PAPER = { columns: 200, colour: false, live: false, unicode: true };

function finished(changes: Partial<Finished>): Finished {
  const body = { outcome: 'moved', running: 'new', exitCode: 0, downtimeMs: null, problem: null } as const;
  const [event] = told([0, { type: 'run.finished', ...body }]);
  if (event?.type !== 'run.finished') throw new Error('not finished');
  return { ...event, ...changes };
}

function closing(end: Finished, { command = 'pull o@h', hasReport = true } = {}): string {
  const report = hasReport ? foldReport(movedJournal()) : null;
  return closingLines({ finished: end, command, report, reportPath: hasReport ? '/r/report.md' : null }, PAPER).join(
    '\n',
  );
}

describe('the end of a visit', () => {
  it('says who runs the gateway, what it cost, and how to take it back', () => {
    const text = closing(finished({}));
    expect(text).toContain('runs on this machine (nick@newbox, port 18789)');
    expect(text).toContain('Down time     5.0 s');
    expect(text).toContain('neo-pull rollback');
    expect(text).toContain('/r/report.md');
  });

  it('shows what stands when the move is only half good', () => {
    const lost = problem('channel-not-connected', { message: 'telegram is not connected.', hint: 'Look at it.' });
    const text = closing(finished({ exitCode: 14, problem: lost }));
    expect(text).toContain('! Moved, with something to look at.');
    expect(text).toContain('! telegram is not connected.');
  });

  it('offers the move after a plan', () => {
    const end = finished({ outcome: 'planned', running: 'old', run: '' });
    const text = closing(end, { command: 'plan o@h --exit-code -p 23', hasReport: false });
    expect(text).toContain('neo-pull o@h -p 23\n');
    expect(text).toContain('neo-pull sync o@h -p 23');
  });

  it('says that nothing follows any more once the cutover of what was followed was taken back, and what follows on', () => {
    const [start] = told([0, { type: 'run.started', command: 'sync o@h -p 23 --follow', version: '', target: 'o@h' }]);
    const events = movedJournal().filter(({ type }) => type !== 'run.committed' && type !== 'run.finished');
    const end = finished({ outcome: 'rolled-back', exitCode: 9, running: 'old' });
    const lines = (begun: readonly Event[]): string => {
      const report = foldReport([...begun, ...told([9000, { type: 'step.undone', step: 'claim' }]), end]);
      return closingLines({ finished: end, command: 'cutover', report, reportPath: null }, PAPER).join('\n');
    };
    const followed = lines([...events, ...(start ? [start] : [])]);
    expect(followed).toMatch(/Copy +kept, and no longer followed/);
    expect(followed).toMatch(/neo-pull sync o@h -p 23 --follow\n +follow on from the copy/);
    expect(lines(events)).not.toContain('followed');
  });

  it('does not speak of failure where only a look found something', () => {
    const end = finished({ outcome: 'failed', exitCode: 8, running: 'old', run: '' });
    expect(closing(end, { command: 'verify', hasReport: false })).toContain('Not all is as it should be.');
    expect(changedSentence(end, 'verify')).toContain('Nothing');
  });

  it.each([
    [{ outcome: 'refused', exitCode: 3, run: '' }, 'Nothing'],
    [{ outcome: 'interrupted', exitCode: 130, run: '' }, 'Nothing'],
    [{ outcome: 'interrupted', exitCode: 130, running: 'old' }, 'private copy'],
    [{ outcome: 'interrupted', exitCode: 143, running: 'new' }, 'was moved'],
    [{ outcome: 'interrupted', exitCode: 130, running: 'none' }, 'private copy'],
    [{ outcome: 'failed', exitCode: 7, running: 'old' }, 'old machine is untouched'],
    [{ outcome: 'failed', exitCode: 10, running: 'unknown' }, 'Yes, and not everything'],
    [{ outcome: 'failed', exitCode: 1, running: 'unknown' }, 'as the journal says'],
    [{ outcome: 'rolled-back', exitCode: 9, running: 'old' }, 'put back'],
  ] as const)('after %j says what is changed', (end, said) => {
    expect(changedSentence(finished(end), 'pull o@h').toLowerCase()).toContain(said.toLowerCase());
  });
});
