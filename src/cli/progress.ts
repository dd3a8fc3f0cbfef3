import type { Event } from '../core/event.ts';
import type { Paper } from './paper.ts';
import { inked, marksOf } from './paper.ts';
import { bytesText, counted, durationText } from './units.ts';
import { shortened } from './wrap.ts';

type ProgressEvent = Extract<Event, { type: 'progress' }>;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** One pass of the copy, as its ticks tell it. */
export interface Pass {
  readonly step: string;
  readonly root: string;
  readonly samples: readonly Sample[];
  readonly last: ProgressEvent;
  /** Is it the first copy of this root, so that its total is what is to come? */
  readonly isFirst: boolean;
}

const WINDOW_MS = 20_000;
const MOST_SAMPLES = 60;
const ENOUGH_SAMPLES = 4;

/** The pass after one more tick; another root or step begins a new one. Pure. */
export function foldProgress(pass: Pass | null, event: ProgressEvent, isFirst: boolean): Pass {
  const sample = { atMs: Date.parse(event.ts), bytes: event.bytes };
  const isSame = pass?.root === event.root && pass.step === event.step;
  if (!isSame) return { step: event.step, root: event.root, samples: [sample], last: event, isFirst };
  // After a broken line rsync counts from nothing again, and what had arrived is not sent twice: the total says no more what is to come.
  if (event.bytes < pass.last.bytes) return { ...pass, samples: [sample], last: event, isFirst: false };
  const recent = pass.samples.filter(({ atMs }) => sample.atMs - atMs <= WINDOW_MS).slice(-MOST_SAMPLES);
  return { ...pass, samples: [...recent, sample], last: event };
}

/** Bytes per second: the median of the rates between ticks of the last 20 s, which a short stall does not bend. Null while unknown. Pure. */
export function rateOf({ samples }: Pass): number | null {
  if (samples.length < ENOUGH_SAMPLES) return null;
  const rates = samples.slice(1).flatMap((sample, at) => {
    const before = samples[at];
    const tookMs = before ? sample.atMs - before.atMs : 0;
    return before && tookMs > 0 ? [((sample.bytes - before.bytes) * 1000) / tookMs] : [];
  });
  const sorted = rates.sort((one, other) => one - other);
  const median = sorted[sorted.length >> 1];
  return median === undefined || median <= 0 ? null : median;
}

/** Time left in milliseconds; null unless the total is known to be what this pass brings, which only a first copy can say. Pure. */
export function leftOf(pass: Pass): number | null {
  const rate = rateOf(pass);
  const { bytes, totalBytes } = pass.last;
  if (!pass.isFirst || rate === null || totalBytes === null || totalBytes < bytes) return null;
  return ((totalBytes - bytes) * 1000) / rate;
}

/** The one line of a copy under way, cut to the paper. Pure. */
export function progressLine(pass: Pass, paper: Paper): string {
  const { bytes, totalBytes, files, root } = pass.last;
  const rate = rateOf(pass);
  const left = leftOf(pass);
  const of = pass.isFirst && totalBytes !== null && totalBytes >= bytes ? ` of ${bytesText(totalBytes)}` : '';
  const parts = [
    `${root}: ${bytesText(bytes)}${of}`,
    counted(files, 'file'),
    ...(rate === null ? [] : [`${bytesText(rate)}/s`]),
    left === null ? 'time left unknown' : `${durationText(left)} left`,
  ];
  const line = `  ${marksOf(paper).busy} ${parts.join(', ')}`;
  return inked(paper, 'cyan', shortened(line, paper.columns - 1));
}
