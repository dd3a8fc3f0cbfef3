import type { Event } from '../core/event.ts';
import type { Listener } from '../run/bus.ts';
import type { Screenlike } from './surroundings.ts';

/** Prints every event as one line of JSON. */
export function ndjson(stdout: Screenlike): Listener {
  return (event) => void stdout.write(`${jsonLine(event)}\n`);
}

/** JSON in which nothing is left that a terminal obeys or that reorders what is read. Pure. */
export function jsonLine(value: Event | object): string {
  return escapedJson(JSON.stringify(value));
}

/** One line of JSON with the same meaning, in which nothing is left that a terminal obeys or that reorders what is read. Pure. */
export function escapedJson(json: string): string {
  return json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    [...Array(char.length).keys()].map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}
