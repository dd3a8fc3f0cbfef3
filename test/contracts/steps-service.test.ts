import { SERVICE, SERVICE_CASES } from './journey-service.ts';
import { describeJourney } from './step-cases.ts';

describeJourney('gateways that are services', SERVICE, SERVICE_CASES);
