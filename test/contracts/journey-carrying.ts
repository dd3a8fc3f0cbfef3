import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { JourneyOptions } from './journey.ts';
import { DIRTY, OUR_FOLDERS } from './spared.ts';
import type { StepCase } from './step-cases.ts';

const SECRET = 'CANARY carried #1 "7f3c"';

/** The config asks for what only the terminal has that the gateway was started in, and there is no `.env` yet. */
export const CARRYING: JourneyOptions = {
  lab: { runsAs: 'stopped', manager: { old: { bus: 'off' }, new: { bus: 'off' } } },
  asked: { carryEnv: true },
  async furnish(lab) {
    rmSync(join(lab.state.stateDir, '.env'));
    await lab.startForeground('old', { EXAMPLE_API_KEY: SECRET });
    return [SECRET, 'CANARY carried'];
  },
};

export const CARRYING_CASES: readonly StepCase[] = [
  { id: 'carry-env', living: ['old'], spares: [OUR_FOLDERS], cuts: 4 },
  {
    id: 'reconcile',
    where: 'with variables for an .env that is not there yet',
    spares: [OUR_FOLDERS, DIRTY],
    cuts: 2,
    // The list holds the times of what it rewrites, and those come back less exact than they were.
    alias: { from: /(?<=changes\.ndjson file 600 ).*/g, to: '(and times)' },
  },
];
