import { whileItStarts, whileItStops } from './half-done.ts';
import type { JourneyOptions } from './journey.ts';
import { KEPT, LOGS, OUR_FOLDERS } from './spared.ts';
import type { StepCase } from './step-cases.ts';
import { leaveTrial } from './trial.ts';

const SECRET = 'CANARY-terminal-5e1f';

/** Both gateways were started in a terminal, with a secret in the environment; the new machine has no service manager. */
export const FOREGROUND: JourneyOptions = {
  lab: { runsAs: 'stopped', manager: { new: { bus: 'off' } } },
  async furnish(lab) {
    const secrets = await leaveTrial(lab);
    await lab.startForeground('old', { EXAMPLE_API_KEY: SECRET });
    return [...secrets, SECRET];
  },
  meanwhile: {
    'stop-new': async (lab) => {
      await lab.startForeground('new', { EXAMPLE_API_KEY: SECRET });
    },
  },
};

export const FOREGROUND_CASES: readonly StepCase[] = [
  {
    id: 'stop-old',
    where: 'a gateway in a terminal',
    living: ['old'],
    cuts: 1,
    spares: [KEPT],
    partials: { 'a stop that takes its time': whileItStops('old') },
  },
  { id: 'fence-old', where: 'a gateway without a service', cuts: 1 },
  {
    id: 'stop-new',
    where: 'a gateway in a terminal',
    living: ['new'],
    cuts: 1,
    spares: [OUR_FOLDERS, LOGS],
    alias: { from: /(?<=kept\.json file 600 ).*/g, to: '(and the number of a process)' },
    partials: { 'a stop that takes its time': whileItStops('new') },
  },
  {
    id: 'start-new',
    where: 'without a service manager',
    living: ['new'],
    cuts: 1,
    spares: [LOGS],
    partials: { 'a start that takes its time': whileItStarts('new') },
  },
];
