import { whileItInstalls, whileItStarts } from './half-done.ts';
import type { JourneyOptions } from './journey.ts';
import { ENDED, LOGS, MANAGER_FOLDERS, MANIFESTS, OUR_FOLDERS, WATCHED } from './spared.ts';
import type { StepCase } from './step-cases.ts';

/** Nothing runs yet, and the product has never been used on the new machine: the moved gateway is the first there. */
export const START: JourneyOptions = { lab: { runsAs: 'stopped' }, limits: { deadManMs: 3_600_000 } };

export const START_CASES: readonly StepCase[] = [
  { id: 'arm-dead-man', cuts: 1, spares: [WATCHED] },
  {
    id: 'start-quiet',
    living: ['new'],
    cuts: 1,
    spares: [LOGS],
    partials: { 'a start that takes its time': whileItStarts('new') },
  },
  { id: 'it-works', living: ['new'], cuts: 1 },
  { id: 'stop-quiet', living: ['new'], cuts: 1, spares: [ENDED] },
  { id: 'nothing-moved-meanwhile', living: ['new'], cuts: 1, spares: [MANIFESTS] },
  { id: 'disarm-dead-man', living: ['new'], cuts: 1, spares: [WATCHED] },
  {
    id: 'start-new',
    where: 'a service where there was none',
    living: ['new'],
    cuts: 1,
    spares: [MANAGER_FOLDERS, OUR_FOLDERS],
    partials: { 'a start that takes its time': whileItStarts('new'), 'an install under way': whileItInstalls },
  },
  { id: 'soak', living: ['new'], cuts: 1 },
];
