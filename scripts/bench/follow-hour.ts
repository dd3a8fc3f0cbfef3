import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { rssOf, startBench } from './follower.ts';
import { slopeOf, type Target } from './target.ts';

const EVERY_MS = 20;
const SAMPLE_MS = 5000;
/** Until then heaps grow to what they need. */
const WARM_MS = 90_000;

/** Memory of both ends while a writer is followed that writes 50 times a second, for so many minutes. */
export const followHour: Target = {
  id: 'follow-hour',
  async measure({ quick, minutes }) {
    const bench = await startBench({ files: quick ? 500 : 5000, directories: 50, runsAs: 'service', sessions: 3 });
    const samples: { atMs: number; here: number; there: number }[] = [];
    let writes = 0;
    const startedMs = performance.now();
    const elapsed = (): number => performance.now() - startedMs;
    try {
      const folder = join(bench.lab.state.stateDir, 'media/written');
      mkdirSync(folder);
      for (let sampledMs = 0; elapsed() < minutes * 60_000; writes += 1) {
        appendFileSync(join(folder, `${String(writes % 20)}.jsonl`), `{"line":${String(writes)}}\n`);
        if (elapsed() - sampledMs >= SAMPLE_MS) {
          sampledMs = elapsed();
          const { here, there } = bench.pids();
          samples.push({ atMs: sampledMs, here: rssOf(here), there: rssOf(there) });
        }
        await pause(Math.max(0, writes * EVERY_MS - elapsed()));
      }
    } finally {
      await bench.end();
    }
    const warm = samples.filter(({ atMs }) => atMs >= Math.min(WARM_MS, minutes * 20_000));
    const slope = (end: 'here' | 'there'): number =>
      slopeOf(warm.map(({ atMs, [end]: kib }) => [atMs / 3_600_000, kib / 1024] as const));
    const most = (end: 'here' | 'there'): number => Math.max(...samples.map(({ [end]: kib }) => kib / 1024));
    const rounds = bench.events.filter(({ type }) => type === 'round.done').length;
    const figures = {
      ...{ minutes, writes, rounds, writesPerSecond: (writes * 1000) / elapsed() },
      ...{ hereMiBPerHour: slope('here'), thereMiBPerHour: slope('there') },
      ...{ hereMostMiB: most('here'), thereMostMiB: most('there') },
    };
    const runs = samples.flatMap(({ here, there }) => [here, there]);
    return [
      {
        id: 'follow-hour',
        what: 'memory while following 50 writes a second',
        target: 'flat',
        met: null,
        figures,
        runs,
      },
    ];
  },
};
