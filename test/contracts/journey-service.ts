import { whileItStarts, whileItStops } from './half-done.ts';
import type { JourneyOptions } from './journey.ts';
import { MANAGER_FOLDERS, OUR_FOLDERS } from './spared.ts';
import type { StepCase } from './step-cases.ts';
import { installTrial, leaveTrial } from './trial.ts';

/** The old gateway is a service, and on the new machine one that somebody has tried out is a service too. */
export const SERVICE: JourneyOptions = {
  lab: { runsAs: 'service' },
  furnish: leaveTrial,
  meanwhile: { 'stop-new': installTrial },
};

export const SERVICE_CASES: readonly StepCase[] = [
  {
    id: 'stop-old',
    where: 'a service',
    living: ['old'],
    cuts: 1,
    partials: { 'a stop that takes its time': whileItStops('old') },
  },
  { id: 'fence-old', where: 'an enabled service', cuts: 2 },
  {
    id: 'stop-new',
    where: 'a service',
    living: ['new'],
    cuts: 1,
    spares: [OUR_FOLDERS],
    partials: { 'a stop that takes its time': whileItStops('new') },
  },
  {
    id: 'start-new',
    where: 'a service where there was one',
    living: ['new'],
    cuts: 1,
    spares: [MANAGER_FOLDERS, OUR_FOLDERS],
    partials: { 'a start that takes its time': whileItStarts('new') },
  },
];
