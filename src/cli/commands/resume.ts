import type { Command } from '../command.ts';
import {
  CONNECTION_FLAGS,
  CONSENT_FLAGS,
  OUTPUT_FLAGS,
  type ConnectionFlags,
  type ConsentFlags,
  type OutputFlags,
} from '../flags.ts';
import { connectOf } from '../request.ts';

type Flags = ConnectionFlags & ConsentFlags & OutputFlags;

export const resume: Command<Flags> = {
  name: 'resume',
  word: 'run',
  describe: 'Go on with a run that was broken off, forward or back, as its journal says',
  flags: { ...CONNECTION_FLAGS, ...CONSENT_FLAGS, ...OUTPUT_FLAGS },
  async run(called, around) {
    const connect = connectOf(called, around);
    const [{ perform }, visits] = await Promise.all([import('../perform.ts'), import('../../visits/resume.ts')]);
    return perform(around, {
      flags: called,
      name: 'resume',
      planIs: 'question',
      visit: (tools) => visits.resume(tools, called.word, connect),
    });
  },
};
