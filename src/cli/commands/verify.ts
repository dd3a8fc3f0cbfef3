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

export const verify: Command<Flags> = {
  name: 'verify',
  word: 'run',
  describe: 'Check a staged copy, or a gateway that was moved, once more; change nothing',
  flags: { ...CONNECTION_FLAGS, ...{ 'no-input': CONSENT_FLAGS['no-input'] }, ...OUTPUT_FLAGS },
  async run(called, around) {
    const connect = connectOf(called, around);
    const [{ perform }, visits] = await Promise.all([import('../perform.ts'), import('../../visits/verify.ts')]);
    return perform(around, {
      flags: called,
      name: 'verify',
      planIs: 'question',
      visit: (tools) => visits.verify(tools, called.word, connect),
    });
  },
};
