import type { Outcome, Running } from './event.ts';

/** A command, and what it is for. */
export interface NextStep {
  readonly command: string;
  readonly purpose: string;
}

/** What there is to know of a run to say how it goes on. */
export interface Standing {
  /** Empty before there is a run. */
  readonly run: string;
  /** As it was called: `pull olga@old -p 2222`. */
  readonly command: string;
  /** Did that follow the old machine? Once it has ended nothing does. */
  readonly follows: boolean;
  /** How the last visit ended; null when it did not: it runs still, or was broken off. */
  readonly outcome: Outcome | null;
  readonly running: Running;
  /** Is something changed that is neither final nor undone? */
  readonly isMidway: boolean;
  readonly isCommitted: boolean;
}

/** What can be done next, the likeliest first; every command can be pasted. Pure. */
export function nextSteps(standing: Standing): readonly NextStep[] {
  const { run, outcome, isMidway } = standing;
  if (run === '') return withoutRun(standing);
  if (outcome === 'moved') return whenMoved(run);
  if (isMidway) return whenMidway(standing);
  if (standing.command.startsWith('rehearse ')) return whenRehearsed(standing);
  if (outcome === 'staged') return whenStaged(standing);
  if (outcome === 'rolled-back') return whenBack(standing);
  if (outcome !== null && standing.command.startsWith('sync ')) return whenCopyEnded(standing);
  return [
    { command: `neo-pull resume ${run}`, purpose: 'go on from where it ended; what was copied is kept' },
    { command: `neo-pull report ${run}`, purpose: 'read what happened' },
  ];
}

function withoutRun({ outcome, command }: Standing): NextStep[] {
  if (outcome !== 'planned') return [];
  const words = command.replace(/^(?:plan|pull) /, '').replace(/ ?(?:--dry-run|-n|--exit-code)\b/g, '');
  return [
    { command: `neo-pull ${words}`, purpose: 'move it' },
    { command: `neo-pull sync ${words}`, purpose: 'copy now and stop nothing; move later with neo-pull cutover' },
  ];
}

function whenMoved(run: string): NextStep[] {
  return [
    { command: `neo-pull verify ${run}`, purpose: 'check once more that it works and the old one stays off' },
    { command: `neo-pull rollback ${run}`, purpose: 'give the gateway back to the old machine' },
    { command: `neo-pull report ${run}`, purpose: 'read what was done' },
  ];
}

function whenMidway({ run, isCommitted }: Standing): NextStep[] {
  return [
    { command: `neo-pull resume ${run}`, purpose: 'go on from where it was broken off' },
    {
      command: `neo-pull rollback ${run}`,
      purpose: isCommitted ? 'give the gateway back to the old machine' : 'put everything back as it was',
    },
    { command: `neo-pull report ${run}`, purpose: 'read what happened' },
  ];
}

function whenStaged({ run, command, follows }: Standing): NextStep[] {
  return [
    { command: `neo-pull cutover ${run}`, purpose: 'move now: only what changed since is still to be copied' },
    {
      command: `neo-pull ${command}`,
      purpose: follows ? 'follow on from this copy' : 'bring the copy up to date, any number of times',
    },
    { command: `neo-pull verify ${run}`, purpose: 'compare the copy with the old machine' },
  ];
}

function whenRehearsed({ run, command, outcome }: Standing): NextStep[] {
  const report = { command: `neo-pull report ${run}`, purpose: 'read what was found, part by part' };
  if (outcome === null)
    return [
      { command: `neo-pull rollback ${run}`, purpose: 'remove what a rehearsal that was broken off has left' },
      report,
    ];
  const again = { command: `neo-pull ${command}`, purpose: 'rehearse again, once what ended it is mended' };
  const words = command.replace(/^rehearse /, '');
  return outcome === 'rehearsed' ? [{ command: `neo-pull ${words}`, purpose: 'move it' }, report] : [again, report];
}

function whenCopyEnded({ run, command }: Standing): NextStep[] {
  return [
    { command: `neo-pull ${command}`, purpose: 'go on, once what ended it is mended; what was copied is kept' },
    { command: `neo-pull report ${run}`, purpose: 'read what happened' },
  ];
}

function whenBack({ run, command, follows }: Standing): NextStep[] {
  const onlyCopies = command.startsWith('sync ');
  return [
    { command: `neo-pull report ${run}`, purpose: 'read what happened' },
    {
      command: `neo-pull ${command}`,
      purpose: follows
        ? 'follow on from the copy, which nothing keeps up to date now; then neo-pull cutover moves after all'
        : onlyCopies
          ? 'bring the copy up to date; then neo-pull cutover moves after all'
          : 'move after all',
    },
  ];
}
