import { STILL, STILL_CASES } from './journey-still.ts';
import { describeJourney } from './step-cases.ts';

describeJourney('nothing runs on either machine', STILL, STILL_CASES);
