import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import type { DaemonOrder } from './daemon-order.ts';
import { REPOSITORY } from './repository.ts';
import { waitFor } from './wait.ts';

/** A stand-in daemon that runs. */
export interface Daemon {
  readonly pid: number;
  /** What it has printed so far. */
  readonly said: readonly string[];
  /** Waits until it has printed this line so often. */
  saw(line: string, times?: number): Promise<void>;
  /** Lets it go on where it waits. */
  goOn(): void;
  signal(name: NodeJS.Signals): void;
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts a stand-in daemon as a process of its own, for the running test, and waits until it takes orders. */
export async function startDaemon(order: DaemonOrder): Promise<Daemon> {
  const folder = await mkdtemp(join(tmpdir(), 'np-daemon-'));
  const program = join(folder, 'daemon.mjs');
  await build({
    entryPoints: [join(REPOSITORY, 'test/kit/daemon-process.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
  });
  const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['pipe', 'pipe', 'pipe'] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => said.push(line));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const saw = async (line: string, times = 1): Promise<void> => {
    await waitFor(`the daemon to say "${line}"`, () => {
      if (child.exitCode !== null && line === 'ready') throw new Error(said.join('\n'));
      return said.filter((one) => one === line).length >= times;
    });
  };
  await saw('ready');
  return {
    pid: child.pid ?? 0,
    said,
    saw,
    goOn: () => void child.stdin.write('\n'),
    signal: (name) => void child.kill(name),
    ended,
  };
}
