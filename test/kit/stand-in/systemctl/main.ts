import { supervise } from './supervisor.ts';

void supervise();
