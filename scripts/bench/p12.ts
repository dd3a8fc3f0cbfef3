import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileAt, startBench } from './follower.ts';
import { quantile, type Target } from './target.ts';

/** Bytes on the wire for one changed file among 50,000: all that goes over TCP, from before the change until it is staged and all is still. */
export const p12: Target = {
  id: 'P12',
  async measure({ quick }) {
    const directories = 200;
    const bench = await startBench({ files: quick ? 2000 : 50_000, directories, runsAs: 'stopped', sessions: 3 });
    const runs: number[] = [];
    try {
      await bench.quiet(3000);
      const [from, to] = [bench.lab.state.stateDir, bench.staging()];
      for (let at = 0; at < (quick ? 3 : 15); at += 1) {
        const before = bench.wireBytes();
        appendFileSync(fileAt(from, { at, directories }), 'one more line\n');
        const text = readFileSync(fileAt(from, { at, directories }), 'utf8');
        while (readFileSync(fileAt(to, { at, directories }), 'utf8') !== text) await pause(3);
        await pause(500);
        runs.push(bench.wireBytes() - before);
        await bench.quiet(500);
      }
    } finally {
      await bench.end();
    }
    const figures = { medianBytes: quantile(runs, 0.5), mostBytes: Math.max(...runs) };
    const what = 'bytes on the wire for one changed file of 50,000';
    return [{ id: 'P12', what, target: '≤ 20,000', met: figures.medianBytes <= 20_000, figures, runs }];
  },
};
