/** One pass over all roots while the old gateway served. */
export interface Round {
  /** Was the whole tree looked at, or only what the watcher had told of? */
  readonly full: boolean;
  readonly startedMs: number;
  readonly tookMs: number;
  /** Over the line, both directions: what rsync had to send of what changed, after its deltas. */
  readonly wireBytes: number;
  /** So long had changes gathered when it began: since the start of the round before; null for the first, which brings everything. */
  readonly gatheredMs: number | null;
}

/** What the rounds have taught; null where none has yet. */
export interface Rates {
  /** How fast a round brings what changed. */
  readonly bytesPerSecond: number | null;
  /** How fast changes gather, in bytes over the line. */
  readonly dirtyBytesPerSecond: number | null;
  /** How long a full pass takes that finds nothing. */
  readonly scanMs: number | null;
  /** How long a pass over what was told takes that finds nothing. */
  readonly targetedMs: number | null;
}

/** One part of a forecast. `isLearned` is false for what nothing has been measured of yet. */
export interface ForecastPart {
  readonly part: string;
  readonly ms: number;
  readonly isLearned: boolean;
}

export interface Forecast {
  readonly totalMs: number;
  readonly parts: readonly ForecastPart[];
}

/** What a forecast stands on beside the rounds. */
export interface Known {
  /** Milliseconds of each part of a cutover but the copy, by its step, as far as an earlier cutover or a look has measured them. */
  readonly steps: ReadonlyMap<string, number>;
  /** Of all roots together. */
  readonly entries: number;
  readonly bytes: number;
  /** Will the last pass look at the whole tree? */
  readonly lastIsFull: boolean;
  /** How long changes will have gathered when the last pass begins. */
  readonly gatheringMs: number;
}

/** Rounds that brought less say nothing of the line. */
const TELLING_BYTES = 256 * 1024;
/** Two processes and some round trips: a fit that says less is an accident. */
const LEAST_START_UP_MS = 100;
/** Of the newest rounds only: a gateway is quiet at night. */
const NEWEST = 8;
/** After so many the gain of one more is nothing to wait for. */
const MOST_ROUNDS = 5;
/** A forecast that fell by less than this share has stopped falling. */
const LEAST_GAIN = 0.1;

/** A stop that nothing is known of. */
export const USUAL_STOP_MS = 2500;

/** Where nothing is known: what the real commands of the product took on a two-core machine, and hashing at 300 MB/s. */
const USUAL = {
  stopMs: USUAL_STOP_MS,
  doctorMs: 3500,
  startMs: 3500,
  restMs: 1000,
  bytesPerMs: 300_000,
  entriesPerMs: 20,
} as const;
const USUAL_SCAN_ENTRIES_PER_MS = 60;
const USUAL_BYTES_PER_SECOND = 10_000_000;

/**
 * What the rounds so far say about the line and about the writer, by `took = start-up + bytes / speed`: the line that fits the first copy and
 * the newest rounds best. Pure.
 */
export function learn(rounds: readonly Round[]): Rates {
  const newest = rounds.slice(-NEWEST);
  const [first] = rounds;
  const sample = first && !newest.includes(first) ? [first, ...newest] : newest;
  const whole = fitted(sample.filter(({ full }) => full));
  const told = fitted(sample.filter(({ full }) => !full));
  const msPerByte = whole?.msPerByte ?? told?.msPerByte ?? null;
  return {
    bytesPerSecond: msPerByte === null ? null : 1000 / msPerByte,
    dirtyBytesPerSecond: dirtOf(newest),
    scanMs: whole?.startUpMs ?? null,
    targetedMs: told?.startUpMs ?? null,
  };
}

/**
 * Least squares, relative to how long each round took, for that is how the noise of a machine goes. Null without a round; the speed is null
 * where the rounds do not tell it from the start-up.
 */
function fitted(rounds: readonly Round[]): { startUpMs: number; msPerByte: number | null } | null {
  if (rounds.length === 0) return null;
  const weighted = rounds.map(({ tookMs, wireBytes }) => ({ weight: 1 / Math.max(tookMs, 1) ** 2, tookMs, wireBytes }));
  const total = sum(weighted.map(({ weight }) => weight));
  const mean = (of: (round: Round | (typeof weighted)[number]) => number): number =>
    sum(weighted.map((one) => one.weight * of(one))) / total;
  const meanBytes = mean(({ wireBytes }) => wireBytes);
  const meanMs = mean(({ tookMs }) => tookMs);
  const spread = sum(weighted.map(({ weight, wireBytes }) => weight * (wireBytes - meanBytes) ** 2));
  const joint = sum(
    weighted.map(({ weight, wireBytes, tookMs }) => weight * (wireBytes - meanBytes) * (tookMs - meanMs)),
  );
  const slope = spread > 0 ? joint / spread : 0;
  if (slope <= 0 || Math.max(...rounds.map(({ wireBytes }) => wireBytes)) < TELLING_BYTES)
    return { startUpMs: meanMs, msPerByte: null };
  return { startUpMs: Math.max(LEAST_START_UP_MS, meanMs - slope * meanBytes), msPerByte: slope };
}

function dirtOf(rounds: readonly Round[]): number | null {
  const later = rounds.flatMap(({ gatheredMs, wireBytes }) => (gatheredMs === null ? [] : [{ gatheredMs, wireBytes }]));
  const ms = sum(later.map(({ gatheredMs }) => gatheredMs));
  return ms === 0 ? null : (sum(later.map(({ wireBytes }) => wireBytes)) * 1000) / ms;
}

/**
 * How long the gateway would be down if it were taken over now, by part: `T(stop) + T(scan) + V/B + T(verify) + T(swap) + T(doctor) +
 * T(start)`, V being what gathers until the last pass begins. Pure.
 */
export function forecastOf(rates: Rates, known: Known): Forecast {
  const parts: ForecastPart[] = [
    part('stop', known, ['claim', 'arm-dead-man', 'stop-old', 'fence-old', 'old-is-dead'], USUAL.stopMs),
    copyPart(rates, known),
    part('verify', known, ['copy-is-whole', 'copy-as-planned'], verifyMs(known)),
    part('swap', known, ['reconcile', 'stop-new', 'swap'], USUAL.restMs),
    part('doctor', known, ['doctor'], USUAL.doctorMs),
    part(
      'start',
      known,
      ['start-quiet', 'it-works', 'stop-quiet', 'nothing-moved-meanwhile', 'disarm-dead-man', 'commit', 'start-new'],
      USUAL.startMs,
    ),
  ];
  return { totalMs: sum(parts.map(({ ms }) => ms)), parts };
}

function copyPart({ bytesPerSecond, dirtyBytesPerSecond, scanMs, targetedMs }: Rates, known: Known): ForecastPart {
  const learned = known.lastIsFull ? scanMs : (targetedMs ?? scanMs);
  const scan = learned ?? 500 + known.entries / USUAL_SCAN_ENTRIES_PER_MS;
  const dirt = ((dirtyBytesPerSecond ?? 0) * known.gatheringMs) / 1000;
  const ms = scan + (dirt * 1000) / (bytesPerSecond ?? USUAL_BYTES_PER_SECOND);
  return { part: 'copy', ms: Math.round(ms), isLearned: learned !== null };
}

function verifyMs({ bytes, entries }: Known): number {
  return 500 + bytes / USUAL.bytesPerMs + entries / USUAL.entriesPerMs;
}

function part(name: string, { steps }: Known, ids: readonly string[], usualMs: number): ForecastPart {
  const measured = ids.flatMap((id) => steps.get(id) ?? []);
  const isLearned = measured.length > 0;
  return { part: name, ms: Math.round(isLearned ? sum(measured) : usualMs), isLearned };
}

/** Are further rounds of any use? */
export interface Convergence {
  readonly converged: boolean;
  /** For people; null while it has not converged. */
  readonly why: 'within-budget' | 'no-gain' | 'enough-rounds' | null;
}

/**
 * Is it of any use to wait for further rounds before the cutover? Not when the forecast is within the budget, when the last round gained
 * less than a tenth, or after five. `forecasts` are those after each round since the first copy, oldest first. Pure.
 */
export function convergenceOf(forecasts: readonly number[], budgetMs: number | null): Convergence {
  const [before, now] = [forecasts.at(-2), forecasts.at(-1)];
  if (now === undefined) return { converged: false, why: null };
  if (budgetMs !== null && now <= budgetMs) return { converged: true, why: 'within-budget' };
  if (before !== undefined && (before - now) / before < LEAST_GAIN) return { converged: true, why: 'no-gain' };
  if (forecasts.length >= MOST_ROUNDS) return { converged: true, why: 'enough-rounds' };
  return { converged: false, why: null };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
