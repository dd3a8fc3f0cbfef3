import { censusOf, isKind, type Census, type Unread } from '../core/census.ts';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { programOutput } from '../host/program-output.ts';
import { linesOf } from './lines.ts';
import { PROGRAM_TEXT } from './program.generated.ts';
import { encodeRequest, type CensusRequest } from './request.ts';
import type { Item } from './tables.ts';

export interface CensusOptions extends Omit<CensusRequest, 'bound'> {
  /** The Node of that machine, absolute; any from 18 on. */
  readonly node: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const STALL_MS = 2 * 60_000;
const LONGEST_NAME = 4096;
const LONGEST_WHY = 300;

/**
 * Counts what a gateway owns, on whichever machine it lies, from its files and databases. Read-only there, but for `scratch`; repeatable. Names are made printable.
 * Throws `answer-malformed` for lines that the program would not have written, and what `programOutput` throws.
 */
export async function takeCensus(host: Host, options: CensusOptions): Promise<Census> {
  const { node, clock, signal, ...places } = options;
  const { state } = places;
  const request = encodeRequest(places);
  const doing = `the count of what lies in ${printable(state)}`;
  const lines = linesOf(
    programOutput(host, { node, text: PROGRAM_TEXT, request, doing, clock, signal, stallMs: STALL_MS }),
    () => malformed(host, state),
  );
  const items: Item[] = [];
  const unread: Unread[] = [];
  for await (const line of lines) {
    const said = saidIn(line);
    if (said === 'end') return censusOf(items, unread);
    if (said === null) throw malformed(host, state);
    if ('file' in said) unread.push(said);
    else items.push(said);
  }
  throw malformed(host, state);
}

function saidIn(line: string): Item | Unread | 'end' | null {
  try {
    const value: unknown = JSON.parse(line);
    if (!Array.isArray(value)) return null;
    const [kind, name, why] = value as unknown[];
    if (kind === 'unread' && typeof name === 'string' && (why === null || typeof why === 'string'))
      return { file: printable(name, LONGEST_NAME), why: why === null ? null : printable(why, LONGEST_WHY) };
    if (value.length === 1 && kind === 'end') return 'end';
    return isKind(kind) && typeof name === 'string' ? [kind, printable(name, LONGEST_NAME)] : null;
  } catch {
    return null;
  }
}

function malformed(host: Host, state: string): ProblemError {
  return fail('answer-malformed', {
    message: `On ${host.label}, counting what lies in ${printable(state)} gave an answer that cannot be read.`,
    hint: 'Something on that machine stands between us and its Node. Look at what a plain `ssh` command prints there.',
  });
}
