import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileAt, startBench } from './follower.ts';
import { quantile, type Result, type Target } from './target.ts';

/** A change on the old machine until it is in staging: 10,000 files, one change at a time, at no regular times. */
export const p8: Target = {
  id: 'P8',
  async measure({ quick }) {
    return [await changes('stopped', quick), await changes('service', quick)];
  },
};

async function changes(runsAs: 'stopped' | 'service', quick: boolean): Promise<Result> {
  const directories = 100;
  const bench = await startBench({ files: quick ? 1000 : 10_000, directories, runsAs, sessions: 3 });
  const runs: number[] = [];
  try {
    await bench.quiet(runsAs === 'stopped' ? 1000 : 0);
    const [from, to] = [bench.lab.state.stateDir, bench.staging()];
    for (let nth = 0; nth < (quick ? 10 : 150); nth += 1) {
      const place = { at: (nth * 37) % 1000, directories };
      const text = `change ${String(nth)}\n`;
      const startedMs = performance.now();
      writeFileSync(fileAt(from, place), text);
      while (readFileSync(fileAt(to, place), 'utf8') !== text) await pause(3);
      runs.push(performance.now() - startedMs);
      await pause(Math.random() * 1500);
    }
  } finally {
    await bench.end();
  }
  const [p50Ms, p95Ms] = [quantile(runs, 0.5), quantile(runs, 0.95)];
  return {
    id: 'P8',
    what: `change → staged, ${quick ? '1,000' : '10,000'} files, ${runsAs === 'stopped' ? 'nothing else writes' : 'the gateway writes as well'}`,
    target: 'p50 ≤ 500 ms, p95 ≤ 1500 ms',
    met: p50Ms <= 500 && p95Ms <= 1500,
    figures: { p50Ms, p95Ms },
    runs,
  };
}
