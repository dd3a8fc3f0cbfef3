import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import type { Event } from '../../src/core/event.ts';
import type { MoverOrder } from './mover-order.ts';
import { stateOf } from './processes.ts';
import { REPOSITORY } from './repository.ts';
import { waitFor } from './wait.ts';

export type Finished = Event & { type: 'run.finished' };

/** How a mover process ended, and what it told until then. */
export interface MoverEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly events: readonly Event[];
  /** For whoever has to find out why: stderr, as it came. */
  readonly said: string;
  readonly ms: number;
}

export interface MoverWatch {
  /** Told each event as it arrives, with a way to signal the process. */
  readonly onEvent?: (event: Event, signal: (name: NodeJS.Signals) => void) => void;
  /** SIGKILL after so long, if it still runs. */
  readonly killAfterMs?: number;
  /** Once it holds still, as it was ordered to; what it is to do then is up to this. */
  readonly onHeld?: (pid: number) => Promise<void>;
}

/** The mover as one file that `node` runs. */
export interface MoverProgram {
  readonly run: (order: MoverOrder, watch?: MoverWatch) => Promise<MoverEnd>;
  readonly remove: () => void;
}

/** Bundles the mover once, for any number of runs. */
export async function makeMoverProgram(): Promise<MoverProgram> {
  const folder = mkdtempSync(join(tmpdir(), 'np-mover-'));
  const outfile = join(folder, 'mover.cjs');
  await build({
    entryPoints: [join(REPOSITORY, 'test/kit/mover-process.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // What ssh2 does without where it is not to be had.
    external: ['cpu-features'],
    logLevel: 'error',
  });
  return {
    run: (order, watch = {}) => run(outfile, order, watch),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs one command in a process group of its own, to its end or its death. */
async function run(program: string, order: MoverOrder, watch: MoverWatch): Promise<MoverEnd> {
  const began = performance.now();
  const child = spawn(process.execPath, [program, JSON.stringify(order)], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: Event[] = [];
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as Event;
    events.push(event);
    watch.onEvent?.(event, (name) => child.kill(name));
  });
  const timer = watch.killAfterMs === undefined ? null : setTimeout(() => child.kill('SIGKILL'), watch.killAfterMs);
  const held = watch.onHeld ? whenHeld(child, watch.onHeld) : null;
  await once(child, 'close');
  await held;
  if (timer) clearTimeout(timer);
  return { code: child.exitCode, signal: child.signalCode, events, said, ms: performance.now() - began };
}

async function whenHeld(child: ChildProcess, onHeld: NonNullable<MoverWatch['onHeld']>): Promise<void> {
  const { pid = 0 } = child;
  const isHeld = await waitFor(
    'it holds still, or is over',
    () => {
      if (child.exitCode !== null || child.signalCode !== null) return 'over';
      return stateOf(pid) === 'T' && 'held';
    },
    120_000,
  );
  if (isHeld === 'held') await onHeld(pid);
}

/** The last word of a mover that came to its own end. */
export function finished({ events, said }: MoverEnd): Finished {
  const last = events.at(-1);
  if (last?.type === 'run.finished') return last;
  throw new Error(`it ended without a word, after ${JSON.stringify(last)}: ${said}`);
}
