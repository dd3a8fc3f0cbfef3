import { FOREGROUND, FOREGROUND_CASES } from './journey-foreground.ts';
import { describeJourney } from './step-cases.ts';

describeJourney('gateways in terminals', FOREGROUND, FOREGROUND_CASES);
