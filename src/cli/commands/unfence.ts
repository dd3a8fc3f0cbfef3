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

export const unfence: Command<Flags> = {
  name: 'unfence',
  word: 'run',
  describe: 'Let the old gateway start by itself again as it did, once the new one is off; starts nothing',
  flags: { ...CONNECTION_FLAGS, ...CONSENT_FLAGS, ...OUTPUT_FLAGS },
  async run(called, around) {
    const connect = connectOf(called, around);
    const [{ perform }, visits] = await Promise.all([import('../perform.ts'), import('../../visits/unfence.ts')]);
    return perform(around, {
      flags: called,
      name: 'unfence',
      planIs: 'question',
      visit: (tools) => visits.unfence(tools, called.word, connect),
    });
  },
};
