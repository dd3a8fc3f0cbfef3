import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Clock } from '../core/clock.ts';
import type { Host, SpawnOptions } from '../core/host.ts';
import { fail, ProblemError } from '../core/problem.ts';
import { refusedProblem } from './account-read-only.ts';
import { systemClock } from './clock.ts';
import { printable } from './printable.ts';

/** How a command is run to its end. Without `stdin` its input is empty. */
export interface RunOptions extends SpawnOptions {
  readonly stdin?: string | Buffer;
  /** From the start of the command; 60 s without it. */
  readonly timeoutMs?: number;
  /** Of stdout and stderr each; 8 MiB without it. */
  readonly maxBytes?: number;
  readonly clock?: Clock;
}

/** What a command that ran to its end has said. */
export interface RunResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

const TIMEOUT_MS = 60_000;
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Runs a command to its end and collects what it says; a non-zero exit code is an answer, no error. Throws `command-timeout` and
 * `output-too-large` (the command is ended first, with its group), `account-read-only`, the signal's reason when that aborts, and what `spawn` and
 * `Process.exit` reject with (`connection-lost`, ...).
 */
export async function run(host: Host, argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { stdin = '', timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, clock = systemClock, signal, ...launch } = options;
  signal?.throwIfAborted();
  const cut = new AbortController();
  const over = new AbortController();
  signal?.addEventListener('abort', () => cut.abort(signal.reason), { signal: over.signal });
  try {
    const process = await host.spawn(argv, { ...launch, signal: cut.signal });
    clock.sleep(timeoutMs, over.signal).then(
      () => cut.abort(timedOut(host, argv, timeoutMs)),
      () => undefined,
    );
    const tooLarge = (): void => cut.abort(overlong(host, argv, maxBytes));
    const outputs = [collect(process.stdout, maxBytes, tooLarge), collect(process.stderr, maxBytes, tooLarge)] as const;
    process.stdin.end(stdin);
    const exit = await process.exit;
    const [stdout, stderr] = await Promise.all(outputs);
    cut.signal.throwIfAborted();
    const refused = refusedProblem({ code: exit.code, stderr: stderr.toString() }, host.label);
    if (refused) throw refused;
    return { ...exit, stdout, stderr };
  } finally {
    over.abort();
  }
}

/** As `run`, and throws `command-failed`, with the last line of stderr, when the exit code is not zero. */
export async function runOk(host: Host, argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await run(host, argv, options);
  if (result.code !== 0) throw failed(host, argv, result);
  return result;
}

/** Did a command fail for not being there? Pure. */
export function isCommandNotFound(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.code === 'command-not-found';
}

async function collect(output: Readable, maxBytes: number, tooLarge: () => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  output.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else tooLarge();
  });
  // Where it breaks off early, `exit` tells why.
  await finished(output).catch(() => undefined);
  return Buffer.concat(chunks);
}

function timedOut(host: Host, argv: readonly string[], timeoutMs: number): ProblemError {
  return fail('command-timeout', {
    message: `On ${host.label}, ${named(argv)} did not end within ${timeoutMs / 1000} s and was stopped.`,
    hint: 'See what it waits for by running it there by hand.',
  });
}

function overlong(host: Host, argv: readonly string[], maxBytes: number): ProblemError {
  return fail('output-too-large', {
    message: `On ${host.label}, ${named(argv)} printed more than ${maxBytes} bytes and was stopped.`,
    hint: 'Run it there by hand and look at what it prints.',
  });
}

function failed(host: Host, argv: readonly string[], { code, signal, stderr }: RunResult): ProblemError {
  const how = code === null ? `was ended by signal ${signal ?? 'unknown'}` : `failed with exit code ${code}`;
  const said = lastLine(stderr);
  return fail('command-failed', {
    message: `On ${host.label}, ${named(argv)} ${how}${said === '' ? '.' : `: ${said}`}`,
    hint: 'Run it there by hand to see the whole of what it says.',
  });
}

/** Only the program: its arguments are long, and may be nobody's business. */
function named(argv: readonly string[]): string {
  return printable(argv[0] ?? '', 200);
}

function lastLine(output: Buffer): string {
  const text = output.subarray(-4096).toString('latin1').trimEnd();
  return printable(Buffer.from(text.slice(text.lastIndexOf('\n') + 1), 'latin1')).trim();
}
