import { fail, type ProblemError } from '../core/problem.ts';
import { shown } from '../core/shown.ts';
import { isoTime } from '../core/timestamp.ts';
import type { DrainFlags } from './flags.ts';
import { durationText } from './units.ts';

const DAY_MS = 86_400_000;
const DRAIN_MS = 60_000;
/** Further off is likelier a slip than an appointment. */
const FURTHEST_MS = 31 * DAY_MS;

const CLOCK_TIME = /^([01]?\d|2[0-3]):([0-5]\d)$/;
const ISO_TIME = /^(\d{4})-(\d\d)-(\d\d)[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?$/;

/**
 * A moment to come, as ISO 8601 in UTC: `03:00` is the next such time of this machine, `+2h` so long from now, anything else ISO 8601 (of
 * this machine's zone, where it names none). Throws `option-invalid` for what is none, is over, or lies more than a month off.
 */
export function momentOf(name: string, text: string, nowMs: number): string {
  const atMs = nextClockTime(text, nowMs) ?? fromNow(text, nowMs) ?? isoMoment(text);
  if (atMs === null || Number.isNaN(atMs))
    throw invalid(name, text, 'Give a time of day (03:00), a while (+2h) or ISO 8601 (2026-11-22T03:00).');
  if (atMs <= nowMs) throw invalid(name, text, `That is over: it was ${durationText(nowMs - atMs)} ago.`);
  if (atMs - nowMs > FURTHEST_MS) throw invalid(name, text, 'Give a moment within the next 31 days.');
  return isoTime(atMs);
}

/** A while, in milliseconds: `60s`, `5m`, `1h30m`, or a number of seconds. Throws `option-invalid`; a day is the longest. */
export function whileOf(name: string, text: string): number {
  const ms = whileIn(text);
  if (ms !== null && ms > 0 && ms <= DAY_MS) return ms;
  throw invalid(name, text, 'Give a while of at most a day: 60s, 5m, 1h30m, or a number of seconds.');
}

/** How `--drain` and `--force` are meant: without a word of its length, a forced cutover waits for nobody. Throws `option-invalid`. */
export function drainOf({ drain, force = false }: DrainFlags): {
  waitMs: number;
  force: boolean;
} {
  if (drain === undefined) return { waitMs: force ? 0 : DRAIN_MS, force };
  return { waitMs: /^0+s?$/.test(drain) ? 0 : whileOf('--drain', drain), force };
}

/** A time that a change of clocks leaves out is taken an hour later, as alarm clocks do. */
function nextClockTime(text: string, nowMs: number): number | null {
  const [, hour, minute] = CLOCK_TIME.exec(text) ?? [];
  if (hour === undefined || minute === undefined) return null;
  const at = new Date(nowMs);
  at.setHours(Number(hour), Number(minute), 0, 0);
  if (at.getTime() <= nowMs) {
    at.setDate(at.getDate() + 1);
    at.setHours(Number(hour), Number(minute), 0, 0);
  }
  return at.getTime();
}

function fromNow(text: string, nowMs: number): number | null {
  const ms = text.startsWith('+') ? whileIn(text.slice(1)) : null;
  return ms === null ? null : nowMs + ms;
}

/** `Date` takes the 31st of February for a day in March. */
function isoMoment(text: string): number | null {
  const [, year, month, day] = ISO_TIME.exec(text) ?? [];
  if (day === undefined || Number(day) > new Date(Number(year), Number(month), 0).getDate()) return null;
  return Date.parse(text.replace(' ', 'T'));
}

/** A while as `whileOf` takes it, or null for `0`: never. Throws `option-invalid`. */
export function whileOrNever(name: string, text: string): number | null {
  return text === '0' ? null : whileOf(name, text);
}

function whileIn(text: string): number | null {
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const [whole, hours = '0', minutes = '0', seconds = '0'] =
    /^(?:(\d{1,4})h)?(?:(\d{1,6})m(?:in)?)?(?:(\d{1,6})s)?$/.exec(text) ?? [];
  return whole ? ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 : null;
}

function invalid(name: string, text: string, hint: string): ProblemError {
  return fail('option-invalid', { message: `${name} is ${shown(text)}.`, hint });
}
