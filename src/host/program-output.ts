import type { Clock } from '../core/clock.ts';
import type { Exit, Host, Process } from '../core/host.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { refusedProblem } from './account-read-only.ts';
import { programInput } from './input.ts';
import { printable } from './printable.ts';
import { quoteWord } from './quote.ts';

export interface ProgramOptions {
  /** The Node to run it with, absolute. */
  readonly node: string;
  /** The program's text, one file. */
  readonly text: string;
  /** Base64. */
  readonly request: string;
  /** What it does, for messages: `the walk of /home/al/.smart-agent-neo`. */
  readonly doing: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** So long it may say nothing at all. */
  readonly stallMs: number;
}

/** Nothing that the machine sets up for its own programs is to get into ours. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  NODE_OPTIONS: '',
  NODE_PATH: '',
  UV_THREADPOOL_SIZE: '8',
};

const LAST_WORDS_BYTES = 8 * 1024;

/**
 * Runs a program of ours on a Host, its request and its text on stdin so that it leaves no file and shows no path there, and yields what it prints as it comes.
 * Ends the program when the consumer stops early. Throws what the Host throws, the signal's reason, `command-timeout` after
 * `stallMs` of silence, `account-read-only`, `command-not-found` without that Node, `command-failed` for any other end than exit code 0.
 */
export async function* programOutput(host: Host, options: ProgramOptions): AsyncGenerator<Buffer, void, undefined> {
  const { node, text, request, signal } = options;
  signal.throwIfAborted();
  const cut = new AbortController();
  const over = new AbortController();
  signal.addEventListener('abort', () => cut.abort(signal.reason), { signal: over.signal });
  try {
    const argv = [node, '--input-type=commonjs', '-'];
    const program = await host.spawn(argv, { env: ENVIRONMENT, signal: cut.signal });
    const heard = onSilence(options, over.signal, () => cut.abort(silent(host, options)));
    const lastWords = lastWordsOf(program);
    program.stdin.end(programInput({ program: text, request }));
    yield* outputOf(program, heard, cut);
    const exit = await program.exit;
    cut.signal.throwIfAborted();
    if (exit.code !== 0) throw failed(host, options, { exit, words: lastWords() });
  } finally {
    over.abort();
    cut.abort();
  }
}

async function* outputOf(
  program: Process,
  heard: () => void,
  cut: AbortController,
): AsyncGenerator<Buffer, void, undefined> {
  // A consumer that leaves early never comes to ask how it ended.
  program.exit.catch(() => undefined);
  try {
    for await (const chunk of program.stdout as AsyncIterable<Buffer>) {
      heard();
      yield chunk;
    }
  } catch (error) {
    // A stream only knows that it was cut short; the Host, or whoever cut it, knows why.
    cut.abort(error);
    await program.exit;
    cut.signal.throwIfAborted();
  }
}

/** Calls `act` once when nothing was heard for `stallMs`, unless `over` comes before. Returns what to call on hearing something. */
function onSilence({ clock, stallMs }: ProgramOptions, over: AbortSignal, act: () => void): () => void {
  let heardAt = clock.now();
  const wait = async (): Promise<void> => {
    for (let leftMs = stallMs; leftMs > 0; leftMs = heardAt + stallMs - clock.now()) await clock.sleep(leftMs, over);
  };
  wait().then(act, () => undefined);
  return () => {
    heardAt = clock.now();
  };
}

/** Keeps the end of what a program says on stderr; what is returned gives, printable, the line that tells most. */
export function lastWordsOf(program: Process): () => string {
  let kept = Buffer.alloc(0);
  program.stderr.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-LAST_WORDS_BYTES);
  });
  return () => {
    const lines = kept
      .toString('latin1')
      .split('\n')
      .filter((line) => line.trim() !== '');
    // After an exception Node's last line is its own version, which is no reason.
    const telling = lines.find((line) => /Error\b.*:/.test(line)) ?? lines.at(-1) ?? 'it gave no reason';
    return printable(Buffer.from(telling, 'latin1')).trim();
  };
}

function silent(host: Host, { doing, stallMs }: ProgramOptions): ProblemError {
  return fail('command-timeout', {
    message: `On ${host.label}, ${doing} has said nothing for ${stallMs / 1000} s and was stopped.`,
    hint: 'See there whether its disk still answers (dmesg | tail), then try again.',
  });
}

function failed(
  host: Host,
  { node, doing }: ProgramOptions,
  { exit, words }: { exit: Exit; words: string },
): ProblemError {
  const refused = refusedProblem({ code: exit.code, stderr: words }, host.label);
  if (refused) return refused;
  if (exit.code === 127) {
    return fail('command-not-found', {
      message: `On ${host.label}, ${printable(node, 200)} could not be started: ${words}`,
      hint: `See there whether it is installed and executable: ls -l ${quoteWord(printable(node, 200))}`,
    });
  }
  const how = exit.code === null ? `was ended by signal ${exit.signal}` : `failed with exit code ${exit.code}`;
  return fail('command-failed', {
    message: `On ${host.label}, ${doing} ${how}: ${words}`,
    hint: 'Nothing was changed by it. Try again.',
  });
}
