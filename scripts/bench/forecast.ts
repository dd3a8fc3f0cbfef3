import { appendFileSync } from 'node:fs';
import { cutoverOrder, startFollowing } from '../../test/kit/following.ts';
import { makeTempLab } from '../../test/kit/temp-lab.ts';
import { diceOf } from '../../test/watch/workload.ts';
import { fileAt, grow } from './follower.ts';
import type { Target } from './target.ts';

/** A tree, and who writes in it how much between two looks. */
interface Load {
  readonly seed: number;
  readonly files: number;
  readonly mostBytes: number;
}

const LOADS: readonly Load[] = [
  { seed: 7, files: 300, mostBytes: 2000 },
  { seed: 19, files: 4000, mostBytes: 500 },
  { seed: 42, files: 1200, mostBytes: 60_000 },
];
const DIRECTORIES = 20;

/** The forecast right before a cutover as a share of what that took, once one that was taken back has taught the parts. */
export const forecast: Target = {
  id: 'forecast',
  async measure() {
    const runs: number[] = [];
    const figures: Record<string, number> = {};
    for (const load of LOADS) {
      const { forecastMs, tookMs } = await forecastAt(load);
      runs.push((100 * forecastMs) / tookMs);
      figures[`seed ${String(load.seed)} forecast ms`] = forecastMs;
      figures[`seed ${String(load.seed)} took ms`] = tookMs;
    }
    const met = runs.every((percent) => Math.abs(percent - 100) <= 30);
    return [{ id: 'forecast', what: 'forecast of the downtime', target: 'within 30 %', met, figures, runs }];
  },
};

async function forecastAt({ seed, files, mostBytes }: Load): Promise<{ forecastMs: number; tookMs: number }> {
  const lab = await makeTempLab({ runsAs: 'service', sessions: 3 });
  const [dice, { stateDir }] = [diceOf(seed), lab.state];
  const change = (): void => {
    for (let nth = 0; nth < 20; nth += 1)
      appendFileSync(fileAt(stateDir, { at: dice(files), directories: DIRECTORIES }), 'x'.repeat(dice(mostBytes)));
  };
  try {
    grow(stateDir, { files, directories: DIRECTORIES });
    const first = await startFollowing(lab, { tools: { failAt: 'nothing-moved-meanwhile' } });
    change();
    await first.order(cutoverOrder({ force: true }));
    await first.ended;
    const second = await startFollowing(lab);
    change();
    const status = await second.caughtUp();
    await second.order(cutoverOrder({ force: true }));
    await second.ended;
    const last = second.events.at(-1);
    if (last?.type !== 'run.finished' || last.outcome !== 'moved') throw new Error(JSON.stringify(last));
    return { forecastMs: status.forecast?.totalMs ?? Number.NaN, tookMs: last.downtimeMs ?? Number.NaN };
  } finally {
    await lab.destroy();
  }
}
