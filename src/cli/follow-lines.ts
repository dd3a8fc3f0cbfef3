import type { FollowStatus } from '../core/order.ts';
import { msBetween, isoTime } from '../core/timestamp.ts';
import { printable } from '../host/printable.ts';
import { inked, type Paper } from './paper.ts';
import { bytesText, counted, durationText } from './units.ts';
import { labelled } from './wrap.ts';

const PHASES: Readonly<Record<FollowStatus['phase'], string>> = {
  seeding: 'makes the first copy',
  following: 'follows the old machine',
  paused: 'is paused',
  polling: 'follows by looking again and again',
  'waiting-for-line': 'waits for the line to the old machine',
  'cutover-waiting': 'waits for the moment to cut over',
  'cutting-over': 'cuts over now',
  halted: 'has halted, for safety',
};

const MOST_PARTS = 4;

/** What it does, in words. Pure. */
export function phaseWords(phase: FollowStatus['phase']): string {
  return PHASES[phase];
}

/** Where a neo-pull that follows stands, for people: what it does, how far the copy is behind, what a cutover would cost. Pure. */
export function followLines(
  status: FollowStatus,
  { run, nowMs }: { run: string; nowMs: number },
  paper: Paper,
): string[] {
  const line = (label: string, text: string): string[] =>
    labelled(`  ${label.padEnd(9)} `, printable(text, 1000), paper.columns);
  const ago = (at: string): string => `${durationText(Math.max(0, msBetween(at, isoTime(nowMs))))} ago`;
  const { phase, engine, pid, since, rounds, lastRoundAt, lastFullAt, pending, note } = status;
  return [
    ...line('Daemon', `${PHASES[phase]} (${engine}; pid ${pid}, begun ${ago(since)})`),
    ...line(
      'Copy',
      `${pending === 0 ? 'nothing is known to be missing' : `${counted(pending, 'path')} to come`}; ${counted(rounds, 'round')}` +
        `${lastRoundAt === null ? '' : `, the last ${ago(lastRoundAt)}`}${lastFullAt === null ? '' : `, the last over everything ${ago(lastFullAt)}`}`,
    ),
    ...rates(status).flatMap((text) => line('Rates', text)),
    ...forecast(status).flatMap((text) => line('Cutover', text)),
    ...(note === null ? [] : line('Note', note)),
    ...nextLines(phase, run, paper),
  ];
}

function rates({ dirtyBytesPerSecond, bytesPerSecond }: FollowStatus): string[] {
  const texts = [
    ...(dirtyBytesPerSecond === null ? [] : [`${bytesText(dirtyBytesPerSecond)}/s change on the old machine`]),
    ...(bytesPerSecond === null ? [] : [`the line carries ${bytesText(bytesPerSecond)}/s`]),
  ];
  return texts.length === 0 ? [] : [texts.join('; ')];
}

function forecast({ forecast: expected, converged }: FollowStatus): string[] {
  if (!expected) return [];
  const longest = [...expected.parts].sort((one, other) => other.ms - one.ms).slice(0, MOST_PARTS);
  const named = longest.map(({ part, ms }) => `${part} ${durationText(ms)}`);
  const parts = named.length === 0 ? '' : ` (most of it: ${named.join('; ')})`;
  return [
    `would be down for about ${durationText(expected.totalMs)}${parts}${converged ? '' : ', and still getting shorter'}`,
  ];
}

function nextLines(phase: FollowStatus['phase'], run: string, paper: Paper): string[] {
  if (phase === 'cutting-over') return [];
  const rests = phase === 'paused' || phase === 'halted';
  const steps = [
    { command: 'cutover', purpose: 'move now; later with --at 03:00 or --when-idle 60s' },
    rests
      ? { command: 'continue', purpose: 'follow again' }
      : { command: 'pause', purpose: 'leave the old machine alone for a while' },
    { command: 'stop', purpose: 'end it; the copy is kept' },
  ];
  const lines = steps.flatMap(({ command, purpose }) => [
    `  ${inked(paper, 'bold', `neo-pull ${command} ${run}`)}`,
    ...labelled('      ', purpose, paper.columns),
  ]);
  return ['', 'Next:', ...lines];
}
