import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import { ProblemError } from '../core/problem.ts';
import { programInput } from '../host/input.ts';
import { printable } from '../host/printable.ts';
import { run } from '../host/run.ts';
import { databaseAnswer, type DatabaseAnswer, type DatabaseRequest } from './contract.ts';
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
  const { node, timeoutMs, clock, signal } = asking;
  const words = Buffer.from(JSON.stringify(request)).toString('base64');
  const failed = (failure: string): DatabaseAnswer => {
    return { engine: null, failure: printable(failure, 500), rewrites: [], left: [], isLookedThrough: false };
  };
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
      return failed(`its program ended with ${code ?? 'a signal'}: ${stderr.toString().trim().slice(-300)}`);
    const answer = databaseAnswer.safeParse(JSON.parse(stdout.toString()));
    if (!answer.success) return failed('its program answered something else');
    const { failure } = answer.data;
    return { ...answer.data, failure: failure === null ? null : printable(failure, 500) };
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof ProblemError) return failed(thrown.problem.message);
    return failed(String(thrown));
  }
}
