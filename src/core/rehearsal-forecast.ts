import { USUAL_STOP_MS } from './converge.ts';
import type { Plan } from './plan.ts';

/** What a time stands on: the rehearsal, an earlier cutover of the same gateway, nothing but what is usual, or a setting. */
export type Basis = 'measured' | 'earlier' | 'estimated' | 'set';

export interface RehearsedPart {
  readonly part: string;
  readonly title: string;
  readonly ms: number;
  readonly basis: Basis;
}

/** What the real move is expected to take, by part. */
export interface RehearsalForecast {
  /** While no gateway serves. */
  readonly downtimeMs: number;
  /** From the start of the copy to the end of the watching. */
  readonly wholeMs: number;
  readonly down: readonly RehearsedPart[];
  /** Before the stop and after the start, while a gateway serves. */
  readonly around: readonly RehearsedPart[];
}

/** Steps that the rehearsal makes under their own name with this before it. */
export const REHEARSED = 'rehearse-';

const BEFORE: readonly (readonly [part: string, title: string, steps: readonly string[]])[] = [
  ['seed', 'Copy while the old gateway serves', ['seed', 'catch-up']],
  ['prepare', 'Prepare on this machine', ['old-paths', 'warm-new', 'know']],
];
const STOP = ['claim', 'carry-env', 'stop-old', 'fence-old', 'old-is-dead'];
const DOWN: readonly (readonly [part: string, title: string, steps: readonly string[]])[] = [
  ['copy', 'Copy what changed since', ['last-delta']],
  ['compare', 'Compare the copy with the old machine', ['copy-is-whole']],
  ['reconcile', 'Set modes and rewrite the old paths', ['reconcile', 'copy-as-planned']],
  ['swap', 'Put the copy in its place', ['swap']],
  ['doctor', "Run the product's doctor", ['doctor']],
  ['quiet', 'Start with the channels off, and stop again', ['start-quiet', 'stop-quiet']],
  ['check', 'See that the new gateway works', ['it-works']],
  ['last-look', 'Look at the old machine once more', ['nothing-moved-meanwhile']],
];

/**
 * The forecast of a move from its rehearsal. `times` are the milliseconds of the rehearsal's steps; `earlier` those of a cutover of this gateway
 * that was made before. What a rehearsal cannot do, stopping the old gateway and starting the new one for real, is estimated. Pure.
 */
export function forecastRehearsed(
  { roots, limits }: Pick<Plan, 'roots' | 'limits'>,
  times: ReadonlyMap<string, number>,
  earlier: ReadonlyMap<string, number>,
): RehearsalForecast {
  const parking = roots.some(({ liveExists }) => liveExists)
    ? [unmade('park', 'Stop what runs here and is parked', earlier.get('stop-new') ?? null, USUAL_STOP_MS)]
    : [];
  const down = [
    unmade('stop', 'Stop the old gateway, and keep it from coming back', sumOf(earlier, STOP), USUAL_STOP_MS),
    ...DOWN.map(([part, title, steps]) => made(part, title, sumOf(times, named(steps)))),
    ...parking,
    unmade('start', 'Start it for real', earlier.get('start-new') ?? null, times.get(`${REHEARSED}start-quiet`) ?? 0),
  ];
  const around = [
    ...BEFORE.map(([part, title, steps]) => made(part, title, sumOf(times, steps))),
    { part: 'watch', title: 'Watch the new gateway', ms: limits.soakMs, basis: 'set' } as const,
  ];
  const downtimeMs = total(down);
  return { downtimeMs, wholeMs: downtimeMs + total(around), down, around };
}

function made(part: string, title: string, ms: number | null): RehearsedPart {
  return { part, title, ms: ms ?? 0, basis: 'measured' };
}

function unmade(part: string, title: string, earlierMs: number | null, usualMs: number): RehearsedPart {
  const basis = earlierMs === null ? 'estimated' : 'earlier';
  return { part, title, ms: Math.round(earlierMs ?? usualMs), basis };
}

function named(steps: readonly string[]): string[] {
  return steps.map((step) => REHEARSED + step);
}

/** Null where none of them is known. */
function sumOf(times: ReadonlyMap<string, number>, steps: readonly string[]): number | null {
  const known = steps.flatMap((step) => times.get(step) ?? []);
  return known.length === 0 ? null : known.reduce((sum, ms) => sum + ms, 0);
}

function total(parts: readonly RehearsedPart[]): number {
  return parts.reduce((sum, { ms }) => sum + ms, 0);
}
