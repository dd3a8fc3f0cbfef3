import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { startBench } from './follower.ts';
import type { Target } from './target.ts';

const FILES = 1000;
/** What comes first is no idling: heaps that grow, and the start of the watcher. */
const WARM_MS = 30_000;
/** What Linux counts time in for programs. */
const TICK_MS = 10;

/** What one following costs both machines while nothing happens, not even a gateway that writes, with the defaults: time of processors, and bytes on the line. */
export const idle: Target = {
  id: 'idle',
  async measure({ quick, minutes }) {
    const forMs = (quick ? 1 : Math.min(minutes, 5)) * 60_000;
    const bench = await startBench({ files: FILES, directories: 20, runsAs: 'stopped' });
    try {
      await pause(WARM_MS);
      const { here, there } = bench.pids();
      const now = () => ({
        here: cpuMsOf(here),
        watcher: cpuMsOf(there),
        session: cpuMsOf(parentOf(there)),
        bytes: bench.wireBytes(),
        passes: bench.events.filter(({ type }) => type === 'round.done').length,
        atMs: performance.now(),
      });
      const before = now();
      await pause(forMs);
      const after = now();
      const took = (after.atMs - before.atMs) / 60_000;
      const perMinute = (what: keyof typeof before): number => (after[what] - before[what]) / took;
      const figures = {
        minutes: took,
        hereMsPerMinute: perMinute('here'),
        watcherMsPerMinute: perMinute('watcher'),
        sshdMsPerMinute: perMinute('session'),
        bytesPerMinute: perMinute('bytes'),
        passes: after.passes - before.passes,
      };
      const what = `what following ${String(FILES)} files costs while nothing happens`;
      return [{ id: 'idle', what, target: 'next to nothing', met: null, figures, runs: [figures.hereMsPerMinute] }];
    } finally {
      await bench.end();
    }
  },
};

/** Of a process and of those of its children that have ended, rsync among them. */
function cpuMsOf(pid: number): number {
  return statOf(pid)
    .slice(11, 15)
    .reduce((sum, ticks) => sum + Number(ticks) * TICK_MS, 0);
}

function parentOf(pid: number): number {
  return Number(statOf(pid)[1]);
}

/** The fields behind the name, which may hold anything. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
