import { censusOf, isKind, type Census } from '../core/census.ts';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { programOutput } from '../host/program-output.ts';
import type { Item } from './count.ts';
import { linesOf } from './lines.ts';
import { PROGRAM_TEXT } from './program.generated.ts';
import { encodeRequest, type CensusRequest } from './request.ts';

export interface CensusOptions extends Omit<CensusRequest, 'bound'> {
  /** The Node of that machine, absolute; any from 18 on. */
  readonly node: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const STALL_MS = 2 * 60_000;
const LONGEST_NAME = 4096;

/**
 * Counts what a gateway owns, on whichever machine it lies, from the files alone. Read-only there; repeatable. Names are made printable.
 * Throws `answer-malformed` for lines that the program would not have written, and what `programOutput` throws.
 */
export async function takeCensus(host: Host, options: CensusOptions): Promise<Census> {
  const { state, apart, workspaces, node, clock, signal } = options;
  const request = encodeRequest({ state, apart, workspaces });
  const doing = `the count of what lies in ${printable(state)}`;
  const lines = linesOf(
    programOutput(host, { node, text: PROGRAM_TEXT, request, doing, clock, signal, stallMs: STALL_MS }),
    () => malformed(host, state),
  );
  const items: Item[] = [];
  for await (const line of lines) {
    const item = itemIn(line);
    if (item === 'end') return censusOf(items);
    if (item === null) throw malformed(host, state);
    items.push(item);
  }
  throw malformed(host, state);
}

function itemIn(line: string): Item | 'end' | null {
  try {
    const value: unknown = JSON.parse(line);
    if (!Array.isArray(value)) return null;
    const [kind, name] = value as unknown[];
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
