import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { programOutput } from '../host/program-output.ts';
import { boundIn, type BoundFacts } from './bound-answer.ts';
import { linesOf } from './lines.ts';
import { PROGRAM_TEXT } from './program.generated.ts';
import { encodeRequest, type BoundRequest, type CensusRequest } from './request.ts';

export interface BoundOptions extends CensusRequest {
  readonly bound: BoundRequest;
  /** The Node of that machine, absolute; any from 18 on. */
  readonly node: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Longer than the program looks for native files. */
const STALL_MS = 3 * 60_000;

/**
 * Asks what of a gateway is bound to its machine, from the files and the machine alone. Read-only there; repeatable. Names are made
 * printable. Throws `answer-malformed` for what the program would not have said, and what `programOutput` throws.
 */
export async function takeBound(host: Host, options: BoundOptions): Promise<BoundFacts> {
  const { state, apart, workspaces, bound, ...rest } = options;
  const request = encodeRequest({ state, apart, workspaces, bound });
  const doing = 'the look for what is bound to the machine';
  const output = programOutput(host, { ...rest, text: PROGRAM_TEXT, request, doing, stallMs: STALL_MS });
  const said: unknown[] = [];
  for await (const line of linesOf(output, () => malformed(host))) said.push(valueIn(line));
  const [first, end, ...more] = said;
  const facts = Array.isArray(first) && first[0] === 'bound' ? boundIn(first[1]) : null;
  if (facts === null || !Array.isArray(end) || end[0] !== 'end' || more.length > 0) throw malformed(host);
  return facts;
}

function valueIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function malformed(host: Host): ProblemError {
  return fail('answer-malformed', {
    message: `On ${host.label}, looking for what is bound to the machine gave an answer that cannot be read.`,
    hint: 'Something on that machine stands between us and its Node. Look at what a plain `ssh` command prints there.',
  });
}
