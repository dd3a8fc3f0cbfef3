import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TrapName } from '../traps.ts';
import { PREFIX } from './names.ts';

interface Settings {
  /** Directory that stands for the networks of the channels. */
  readonly hub?: string;
  /** File outside of the state dir that notes each write once it was made. */
  readonly ack?: string;
  /** File that lists every long-running process of this installation. */
  readonly pids?: string;
}

function readJson(name: string): unknown {
  try {
    return JSON.parse(readFileSync(join(PREFIX, name), 'utf8'));
  } catch {
    return null;
  }
}

/** What ties this installation to its test: `STAND_IN_*` in the environment wins over `<prefix>/stand-in.json`. */
export function settings(): Settings {
  const file = (readJson('stand-in.json') ?? {}) as Settings;
  const { STAND_IN_HUB: hub, STAND_IN_ACK: ack, STAND_IN_PIDS: pids } = process.env;
  return { ...file, ...(hub ? { hub } : {}), ...(ack ? { ack } : {}), ...(pids ? { pids } : {}) };
}

/** The value of a trap (`true`, or its number), or undefined when it is not set. Read anew each time, so that tests can switch. */
export function trap(name: TrapName): number | boolean | undefined {
  const text = process.env['STAND_IN_TRAPS'];
  const set = text ? (JSON.parse(text) as unknown) : readJson('traps.json');
  if (Array.isArray(set)) return set.includes(name) || undefined;
  return (set as Partial<Record<TrapName, number | boolean>> | null)?.[name];
}
