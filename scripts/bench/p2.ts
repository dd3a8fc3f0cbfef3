import { appendFileSync } from 'node:fs';
import { fileAt, startBench } from './follower.ts';
import { downtimeOf, type Downtime } from '../../src/core/downtime.ts';
import type { Target } from './target.ts';

const CHANGED = 100;
const DIRECTORIES = 200;

/** The downtime of a cutover out of the following with the same 100 changed files, in trees of different sizes; with its parts. */
export const p2: Target = {
  id: 'P2',
  async measure({ quick }) {
    const sizes = quick ? [1000, 5000] : [5000, 50_000];
    const runs: Downtime[] = [];
    for (const files of sizes) runs.push(await downtime(files));
    const totals = runs.map(({ totalMs }) => totalMs ?? Number.NaN);
    const growth = (totals[1] ?? Number.NaN) / (totals[0] ?? Number.NaN);
    const parts = runs.flatMap(({ parts: each }, at) =>
      each.map(({ step, ms }) => [`${String(sizes[at])} ${step} ms`, ms] as const),
    );
    const figures = { growth, ...Object.fromEntries(parts) };
    const what = `downtime, ${String(CHANGED)} changed files, ${sizes.join(' and ')} files`;
    return [{ id: 'P2', what, target: 'grows < 2 ×', met: growth < 2, figures, runs: totals }];
  },
};

async function downtime(files: number): Promise<Downtime> {
  const bench = await startBench({ files, directories: DIRECTORIES, runsAs: 'service', sessions: 3 });
  try {
    for (let at = 0; at < CHANGED; at += 1)
      appendFileSync(fileAt(bench.lab.state.stateDir, { at, directories: DIRECTORIES }), 'one more line\n');
    await bench.cutover();
    const last = bench.events.at(-1);
    if (last?.type !== 'run.finished' || last.outcome !== 'moved') throw new Error(JSON.stringify(last));
    return downtimeOf(bench.events);
  } finally {
    await bench.end();
  }
}
