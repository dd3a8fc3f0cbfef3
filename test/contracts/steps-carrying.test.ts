import { CARRYING, CARRYING_CASES } from './journey-carrying.ts';
import { describeJourney } from './step-cases.ts';

describeJourney('variables are carried over', CARRYING, CARRYING_CASES);
