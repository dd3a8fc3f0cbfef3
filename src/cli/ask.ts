import type { Readable, Writable } from 'node:stream';
import type * as Prompts from '@clack/prompts';
import type { Ask } from '../core/ask.ts';
import { fail, ProblemError } from '../core/problem.ts';
import type { ConsentFlags, OutputFlags } from './flags.ts';
import type { Secrets } from './secrets.ts';
import type { Surroundings } from './surroundings.ts';

/** What the questions need beside the terminal. */
export interface AskOptions {
  readonly signal: AbortSignal;
  readonly secrets: Secrets;
  /** Called before a question is put and after it was answered: nothing else may draw meanwhile. */
  readonly quiet: (asking: boolean) => void;
}

/** Is there a person who can be asked? Where the input or the questions' screen is no terminal, and in CI, there is none. Pure. */
export function hasPerson({ stdin, stderr, env }: Surroundings, flags: ConsentFlags & OutputFlags): boolean {
  if (flags['no-input'] === true || flags.json === true) return false;
  const inCi = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  return stdin.isTTY === true && stderr.isTTY === true && !inCi;
}

/** Questions on the terminal, on stderr. Ctrl-C at a question throws `interrupted`. */
export function terminalAsk(around: Surroundings, { signal, secrets, quiet }: AskOptions): Ask {
  const streams = { input: around.stdin, output: around.stderr as unknown as Writable, signal } satisfies {
    input: Readable;
    output: Writable;
    signal: AbortSignal;
  };
  const put = async <T extends string | boolean | undefined>(
    question: (prompts: typeof Prompts) => Promise<T | symbol>,
  ): Promise<T> => {
    signal.throwIfAborted();
    const prompts = await import('@clack/prompts');
    quiet(true);
    try {
      const answer = await question(prompts);
      if (typeof answer !== 'symbol') return answer;
      throw refused(signal);
    } finally {
      quiet(false);
    }
  };
  return {
    secret: async (message) => secrets.keep(await put<string>(({ password }) => password({ ...streams, message }))),
    // Enter alone is an answer too; clack has no value for it.
    text: async (message) => (await put<string | undefined>(({ text }) => text({ ...streams, message }))) ?? '',
    confirm: (message) => put<boolean>(({ confirm }) => confirm({ ...streams, message, initialValue: false })),
  };
}

/** A signal that came meanwhile says more than the question that it closed. */
function refused(signal: AbortSignal): ProblemError {
  if (signal.reason instanceof ProblemError) return signal.reason;
  return fail('interrupted', {
    message: 'Interrupted at a question (Ctrl-C).',
    hint: '`neo-pull status` says who is running; nothing was changed by the question.',
  });
}
