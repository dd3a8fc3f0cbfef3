/** A wait as the clock saw it. All in milliseconds. */
export interface Waited {
  readonly startedMs: number;
  readonly endedMs: number;
  /** It should have taken no longer. */
  readonly waitMs: number;
}

/** A clock that is put right by less is no other clock. */
const SET_BACK_MS = 1000;

/**
 * What a wait says of this machine: that it slept (or was stopped, or its clock was set ahead) when the wait took `sleptMs` too long, that
 * its clock was set back, or null: nothing of the kind. Pure.
 */
export function timeGap({ startedMs, endedMs, waitMs }: Waited, sleptMs: number): string | null {
  const tookMs = endedMs - startedMs;
  if (tookMs < -SET_BACK_MS) return `the clock of this machine was set back by ${seconds(-tookMs)}`;
  const lateMs = tookMs - waitMs;
  return lateMs < sleptMs ? null : `this machine slept, or its clock was set ahead, for ${seconds(lateMs)}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
