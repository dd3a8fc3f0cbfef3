import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import { ProblemError } from '../core/problem.ts';
import { programInput } from '../host/input.ts';
import { printable } from '../host/printable.ts';
import { run } from '../host/run.ts';
import {
  databaseAnswer,
  soundnessAnswer,
  type DatabaseAnswer,
  type DatabaseRequest,
  type SoundnessAnswer,
  type SoundnessRequest,
} from './contract.ts';
import { PROGRAM_TEXT } from './program.generated.ts';

/** How it is asked: by which Node, and how long it may take. */
export interface Asking {
  readonly node: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Has the database program rewrite a copy. What it cannot do, for whatever reason, is the `failure` of the answer, printable; throws
 * only when the signal is aborted.
 */
export async function askDatabase(host: Host, request: DatabaseRequest, asking: Asking): Promise<DatabaseAnswer> {
  const said = await ask(host, request, asking);
  const answer = said.failure === null ? databaseAnswer.safeParse(said.answer) : null;
  if (answer?.success !== true) {
    const failure = printable(said.failure ?? 'its program answered something else', 500);
    return { engine: null, failure, rewrites: [], left: [], isLookedThrough: false };
  }
  const { failure } = answer.data;
  return { ...answer.data, failure: failure === null ? null : printable(failure, 500) };
}

/**
 * Has the database program check databases, each on a copy. When it cannot be asked that is the `failure`, printable, and nothing is known of
 * any of them; throws only when the signal is aborted.
 */
export async function askWhetherSound(
  host: Host,
  request: SoundnessRequest,
  asking: Asking,
): Promise<SoundnessAnswer & { failure: string | null }> {
  const said = await ask(host, request, asking);
  const answer = said.failure === null ? soundnessAnswer.safeParse(said.answer) : null;
  if (answer?.success === true) return { ...answer.data, failure: null };
  return { engine: null, failures: [], failure: printable(said.failure ?? 'its program answered something else', 500) };
}

type Said = { readonly answer: unknown; readonly failure: null } | { readonly failure: string };

async function ask(host: Host, request: DatabaseRequest | SoundnessRequest, asking: Asking): Promise<Said> {
  const { node, timeoutMs, clock, signal } = asking;
  const words = Buffer.from(JSON.stringify(request)).toString('base64');
  try {
    const options = {
      stdin: programInput({ program: PROGRAM_TEXT, request: words }),
      env: { NODE_OPTIONS: '' },
      timeoutMs,
      maxBytes: 64 * 1024 * 1024,
      clock,
      signal,
    };
    const { code, stdout, stderr } = await run(host, [node, '-'], options);
    if (code !== 0)
      return { failure: `its program ended with ${code ?? 'a signal'}: ${stderr.toString().trim().slice(-300)}` };
    return { answer: JSON.parse(stdout.toString()) as unknown, failure: null };
  } catch (thrown) {
    signal.throwIfAborted();
    return { failure: thrown instanceof ProblemError ? thrown.problem.message : String(thrown) };
  }
}
