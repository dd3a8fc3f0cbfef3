import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Event } from '../../src/core/event.ts';
import type { LoopbackLab } from './loopback-lab.ts';
import { REPOSITORY } from './repository.ts';

/** How one run of the built program ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What `--json` printed, in order; empty without it. */
  readonly events: readonly Event[];
}

export interface NeoPullOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Without it there is an empty one; `closed` is a process that was started without any. */
  readonly stdin?: 'closed';
  /** Hears what is printed while it runs; gets the pid to send signals to. */
  readonly onOutput?: (text: string, pid: number) => void;
}

/** Runs `dist/main.js` as a process of its own, with no terminal and nothing to read, and waits for its end. */
export function neoPull(argv: readonly string[], { env, cwd, stdin, onOutput }: NeoPullOptions): Promise<Ended> {
  const words = [process.execPath, join(REPOSITORY, 'dist/main.js'), ...argv];
  const [program = '', ...rest] = stdin === 'closed' ? ['/bin/sh', '-c', 'exec "$@" <&-', 'sh', ...words] : words;
  const child = spawn(program, rest, {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  for (const [stream, kept] of [
    [child.stdout, out],
    [child.stderr, err],
  ] as const) {
    stream.on('data', (chunk: Buffer) => {
      kept.push(chunk);
      onOutput?.(chunk.toString(), child.pid ?? 0);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const stdout = Buffer.concat(out).toString();
      resolve({ code, stdout, stderr: Buffer.concat(err).toString(), events: eventsIn(argv, stdout) });
    });
  });
}

/** The flags that lead to a loopback lab's old machine. */
export function leadingTo({ sshd }: Pick<LoopbackLab, 'sshd'>): string[] {
  return ['-i', sshd.identity.path, '--known-hosts', sshd.knownHosts, '-p', String(sshd.port)];
}

/** Short waits, as flags: what takes a real gateway half a minute takes the stand-in a second. */
export const IMPATIENT = [
  '--soak',
  '0',
  '--stop-timeout',
  '8',
  '--start-timeout',
  '15',
  '--doctor-timeout',
  '20',
  '--reconnect-timeout',
  '5',
];

/** What `--json` printed, in order; empty without the flag. */
export function eventsIn(argv: readonly string[], stdout: string): readonly Event[] {
  if (!argv.includes('--json')) return [];
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event);
}
