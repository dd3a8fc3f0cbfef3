import { START, START_CASES } from './journey-start.ts';
import { describeJourney } from './step-cases.ts';

describeJourney('the first gateway on the new machine', START, START_CASES);
