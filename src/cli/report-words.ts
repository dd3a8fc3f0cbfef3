import type { Outcome } from '../core/event.ts';
import type { Report, ReportStep } from '../core/report-shape.ts';

/** From so many on, how many paths were rewritten in each file is told first. */
export const MANY_REWRITES = 20;

/** How a step stands, for people. */
export const STEP_STATES: Readonly<Record<ReportStep['state'], string>> = {
  begun: 'begun, not finished',
  applied: 'done',
  undoing: 'half undone',
  undone: 'undone',
};

/** Where the gateway runs, for people. */
export const WHERE_IT_RUNS: Readonly<Record<Report['running'], string>> = {
  old: 'the old machine',
  new: 'the new machine',
  none: 'neither machine',
  mixed: 'both, by profile',
  unknown: 'not known',
};

/** How a run ended, in a sentence. */
export const HEADLINES: Readonly<Record<Outcome, string>> = {
  planned: 'This is the plan. Nothing was changed.',
  staged: 'Copied. The old gateway was not touched.',
  rehearsed: 'Rehearsed, and all went well. The old gateway was not touched.',
  verified: 'Checked: all is as it should be.',
  moved: 'Moved. The gateway runs on this machine now.',
  'already-moved': 'Already moved: the gateway runs on this machine, and the old one is off. Nothing was done.',
  'rolled-back': 'Rolled back. Everything is as it was before.',
  unfenced: 'The old machine may run its gateway again. It was not started.',
  refused: 'Refused before anything was changed.',
  failed: 'Failed.',
  interrupted: 'Interrupted.',
};
