import type { Event, Outcome, Running } from '../core/event.ts';
import { EXIT } from '../core/exit.ts';
import { nextSteps } from '../core/next-steps.ts';
import type { Problem } from '../core/problem.ts';
import type { Report } from '../core/report-shape.ts';
import { printable } from '../host/printable.ts';
import { inked, marksOf, type Paper } from './paper.ts';
import { listedProblem } from './problem-lines.ts';
import { rehearsalLines } from './rehearsal-lines.ts';
import { HEADLINES } from './report-words.ts';
import { durationText } from './units.ts';
import { labelled } from './wrap.ts';

export type Finished = Extract<Event, { type: 'run.finished' }>;

/** What the end of a visit is told from. */
export interface Closing {
  readonly finished: Finished;
  /** As it was called: `pull olga@old -p 2222`. */
  readonly command: string;
  /** Of the visit's run, where it has one. */
  readonly report: Report | null;
  readonly reportPath: string | null;
}

const MOST_PARTS = 4;

/** The last lines of a visit: how it ended, who runs the gateway, what it cost, and what can be done next. Pure. */
export function closingLines(closing: Closing, paper: Paper): string[] {
  const { finished, report, reportPath } = closing;
  const line = (label: string, text: string): string[] =>
    labelled(`  ${label.padEnd(13)} `, printable(text, 2000), paper.columns);
  // Where there is no run yet, the four lines of the Problem have said everything.
  if (isBeforeRun(finished)) return [];
  const warnings = finished.outcome === 'moved' && report ? toLookAt(report, finished) : [];
  return [
    '',
    ...headline(closing, paper),
    ...line('Gateway', whoRuns(finished.running, report)),
    ...(report?.rehearsal ? rehearsalLines(report, paper) : []),
    ...(report && finished.outcome !== 'staged' ? downtime(report).flatMap((text) => line('Down time', text)) : []),
    ...(report && finished.outcome === 'moved' ? afterMove(report).flatMap(([label, text]) => line(label, text)) : []),
    ...(report?.followed && finished.outcome === 'rolled-back'
      ? line('Copy', 'kept, and no longer followed: it stays as it is now')
      : []),
    ...(report?.saved ?? []).flatMap(({ what, path }) => line('Kept', `${what}: ${path}`)),
    ...(reportPath === null ? [] : line('Report', reportPath)),
    ...warnings.flatMap((warning) => listedProblem(warning, paper)),
    ...nextLines(closing, paper),
  ];
}

const SENTENCES: Readonly<Record<Exclude<Outcome, 'interrupted'>, string>> = {
  planned: 'Nothing, on neither machine.',
  verified: 'Nothing, on neither machine.',
  refused: 'Nothing, on neither machine.',
  staged: 'Only the private copy on this machine.',
  rehearsed: 'Only the private copy on this machine.',
  moved: 'The gateway runs on this machine.',
  'already-moved': 'Nothing now; the gateway was moved before.',
  'rolled-back': 'Everything was put back as it was. The private copy on this machine is kept for the next try.',
  unfenced: 'The old gateway starts by itself as it did before the move; nothing was started.',
  failed: 'Only the private copy on this machine, which the next try goes on from. The old machine is untouched.',
};

/** What the end of a visit changed, in a sentence; for the third line of a Problem. Pure. */
export function changedSentence({ run, outcome, running, exitCode, problem }: Finished, command: string): string {
  if (problem?.code === 'detached') return 'Nothing by this; what the other neo-pull changes, neo-pull status says.';
  if (problem?.code === 'daemon-lost') return 'As far as the journal says; neo-pull status reads it.';
  if (isLook(command)) return 'Nothing: this was only a look.';
  if (isBeforeRun({ outcome, run })) return SENTENCES.refused;
  if (exitCode === EXIT.unknown)
    return 'Yes, and not everything is in its place. What to do is below; neo-pull status says where things stand.';
  if (exitCode === EXIT.mixed) return 'Some profiles are moved and others are not; the last lines say which.';
  if (exitCode === EXIT.bug) return 'As far as the journal says; neo-pull status reads it.';
  return outcome === 'interrupted' ? interruptedSentence(running) : SENTENCES[outcome];
}

/** Did it end before there was anything to change? */
function isBeforeRun({ outcome, run }: Pick<Finished, 'outcome' | 'run'>): boolean {
  return run === '' && (outcome === 'refused' || outcome === 'interrupted');
}

/** Does the command only look? Then nothing that it finds was changed by it. */
function isLook(command: string): boolean {
  return /^(?:verify|plan)\b/.test(command);
}

function isRehearsal(command: string): boolean {
  return /^rehearse\b/.test(command);
}

function interruptedSentence(running: Running): string {
  if (running === 'new') return 'The gateway was moved; the checks at the end are missing.';
  if (running === 'old') return 'At most the private copy on this machine, which is kept. The old gateway runs.';
  if (running === 'none') return 'At most the private copy on this machine, which is kept. No gateway runs.';
  return 'It broke off in the middle: it cannot be told from here who runs the gateway.';
}

function headline({ finished: { outcome, exitCode, problem }, command }: Closing, paper: Paper): string[] {
  const isGood = exitCode === EXIT.done || exitCode === EXIT.somethingToDo;
  const isHalf = exitCode === EXIT.degraded;
  const { done, warning, failed } = marksOf(paper);
  const mark = isGood ? done : isHalf ? warning : failed;
  const text = isHalf
    ? 'Moved, with something to look at.'
    : outcome === 'failed' && isLook(command)
      ? 'Not all is as it should be.'
      : outcome === 'failed' && isRehearsal(command)
        ? 'The rehearsal failed, as the move would. Nothing live was touched.'
        : problem?.code === 'old-not-running'
          ? 'Rolled back, but the old gateway does not run.'
          : HEADLINES[outcome];
  const ink = isGood ? 'green' : isHalf ? 'yellow' : 'red';
  return labelled(`${mark} `, text, paper.columns).map((line) => inked(paper, ink, line));
}

function whoRuns(running: Running, report: Report | null): string {
  const plan = report?.plan ?? null;
  const name = (side: 'old' | 'new'): string => {
    const known = plan?.[side];
    return known ? ` (${known.user}@${known.hostname}, port ${known.port})` : '';
  };
  const words: Record<Running, string> = {
    old: `runs on the old machine${name('old')}`,
    new: `runs on this machine${name('new')}`,
    none: 'runs nowhere',
    mixed: 'runs partly here and partly on the old machine',
    unknown: 'it is not known where it runs: neo-pull status',
  };
  return words[running];
}

/** A move that was taken back after its commit had two down times, of which the journal's fold knows the first. */
function downtime({ outcome, downtime: { totalMs, parts } }: Report): string[] {
  const isOfTheMove = parts.some(({ step }) => step === 'start-new');
  if (totalMs === null || (outcome === 'rolled-back' && isOfTheMove)) return [];
  const longest = [...parts].sort((one, other) => other.ms - one.ms).slice(0, MOST_PARTS);
  const named = longest.map(({ title, ms }) => `${title} ${durationText(ms)}`);
  return [`${durationText(totalMs)}${named.length > 0 ? `, most of it: ${named.join('; ')}` : ''}`];
}

function afterMove({ checklist, fence, parked }: Report): [string, string][] {
  return [
    ...checklist.map(({ title, ok, seen }, at): [string, string] => [
      at === 0 ? 'Checked' : '',
      `${ok ? '' : 'NO: '}${title} (${seen})`,
    ]),
    ...(fence
      ? [['Old machine', `data untouched; the gateway is off, fence ${fence.fence}: ${fence.how}`] as [string, string]]
      : []),
    ...parked.map(({ livePath, parkedPath }): [string, string] => ['Parked', `${livePath} is now ${parkedPath}`]),
  ];
}

/** What the plan warned of was shown before the question; here only what came up on the way. */
function toLookAt({ warnings }: Report, { problem }: Finished): readonly Problem[] {
  const found = warnings.filter(({ code }) => code === 'channel-not-connected');
  const isListed = found.some(({ message }) => message === problem?.message);
  return problem && !problem.stops && !isListed ? [problem, ...found] : found;
}

function nextLines({ report, finished, command }: Closing, paper: Paper): string[] {
  const { outcome, running } = finished;
  const unbegun = { run: '', follows: false, isMidway: false, isCommitted: false };
  const steps = report?.next ?? nextSteps({ ...unbegun, command, outcome, running });
  if (steps.length === 0) return [];
  const lines = steps.flatMap(({ command: pasteable, purpose }) => [
    `  ${inked(paper, 'bold', printable(pasteable))}`,
    ...labelled('      ', purpose, paper.columns),
  ]);
  return ['', 'Next:', ...lines];
}
