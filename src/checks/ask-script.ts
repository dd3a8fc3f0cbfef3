import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import { fail, ProblemError, type ProblemCode } from '../core/problem.ts';
import { scriptInput } from '../host/input.ts';
import { printable } from '../host/printable.ts';
import { run } from '../host/run.ts';
import { parseAnswer, type Answer } from './survey-answer.ts';

export interface ScriptQuestion {
  /** What it is that takes so long or fails, for people: `The survey of the product`. */
  readonly what: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** More than this no machine has to say of itself; the largest part of it are configs of at most 4 MiB each. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What says that a machine cannot be looked at; while looking, nothing is cut over yet. */
const UNANSWERED: readonly ProblemCode[] = ['command-timeout', 'output-too-large', 'command-not-found'];

/**
 * Hands a script and its arguments to `/bin/sh` on a machine, by its stdin, and reads what it answers. Read-only as far as the script is.
 * Throws `survey-failed` when it fails, takes too long, says too much or nothing that can be read; `connection-lost`.
 */
export async function askScript(host: Host, question: ScriptQuestion): Promise<Answer> {
  const { what, timeoutMs, clock, signal } = question;
  const limits = { timeoutMs, maxBytes: MOST_BYTES, clock, ...(signal ? { signal } : {}) };
  const stdin = scriptInput(question);
  const result = await run(host, ['/bin/sh', '-s'], { stdin, ...limits }).catch((thrown: unknown) => {
    if (!(thrown instanceof ProblemError) || !UNANSWERED.includes(thrown.problem.code)) throw thrown;
    throw failed(what, thrown.message, thrown);
  });
  if (result.code === 0) return parseAnswer(result.stdout, host.label);
  const ending = result.code === null ? `signal ${String(result.signal)}` : `exit code ${String(result.code)}`;
  const words = printable(result.stderr.subarray(-400));
  throw failed(what, `On ${host.label}, the shell ended with ${ending}${words === '' ? '' : `: ${words}`}.`);
}

function failed(what: string, message: string, cause?: unknown): ProblemError {
  return fail(
    'survey-failed',
    {
      message: `${what} failed. ${message}`,
      hint: 'Nothing was changed. Log in there by hand and see that `/bin/sh -c date` answers at once, then try again.',
    },
    { cause },
  );
}
