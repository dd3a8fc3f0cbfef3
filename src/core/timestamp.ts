/** A moment as events carry it: ISO 8601, UTC, milliseconds. Pure. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** The moment in a text that `isoTime` made, in milliseconds since the epoch. Pure. */
export function parseIsoTime(text: string): number {
  return Date.parse(text);
}

/** A moment as run ids carry it: `20261122-143015`, UTC. Sorts as time does. Pure. */
export function compactTime(epochMs: number): string {
  const iso = isoTime(epochMs);
  return `${iso.slice(0, 10).replaceAll('-', '')}-${iso.slice(11, 19).replaceAll(':', '')}`;
}

/** The moment in a text that `compactTime` made, in milliseconds since the epoch; NaN for any other text. Pure. */
export function parseCompactTime(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (!parts) return Number.NaN;
  const [, year, month, day, hour, minute, second] = parts;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** Milliseconds from one ISO 8601 moment to another. Pure. */
export function msBetween(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from);
}
