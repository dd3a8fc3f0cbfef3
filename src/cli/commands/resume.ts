import type { Command } from '../command.ts';
import {
  CONNECTION_FLAGS,
  CONSENT_FLAGS,
  DRAIN_FLAGS,
  OUTPUT_FLAGS,
  type ConnectionFlags,
  type ConsentFlags,
  type DrainFlags,
  type OutputFlags,
} from '../flags.ts';
import { drainOf } from '../moment.ts';
import { connectOf } from '../request.ts';

type Flags = ConnectionFlags & ConsentFlags & DrainFlags & OutputFlags;

export const resume: Command<Flags> = {
  name: 'resume',
  word: 'run',
  describe: 'Go on with a run that was broken off, forward or back, as its journal says',
  flags: { ...CONNECTION_FLAGS, ...CONSENT_FLAGS, ...DRAIN_FLAGS, ...OUTPUT_FLAGS },
  async run(called, around) {
    const connect = connectOf(called, around);
    const drain = drainOf(called);
    const [{ perform }, visits] = await Promise.all([import('../perform.ts'), import('../../visits/resume.ts')]);
    return perform(around, {
      flags: called,
      name: 'resume',
      planIs: 'question',
      visit: (tools) => visits.resume({ ...tools, drain }, called.word, connect),
    });
  },
};
