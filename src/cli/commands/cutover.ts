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

export const cutover: Command<Flags> = {
  name: 'cutover',
  word: 'run',
  describe: 'Move now what sync has staged: look again, copy the rest, cut over',
  flags: { ...CONNECTION_FLAGS, ...CONSENT_FLAGS, ...OUTPUT_FLAGS },
  async run(called, around) {
    const connect = connectOf(called, around);
    const [{ perform }, visits] = await Promise.all([import('../perform.ts'), import('../../visits/cutover.ts')]);
    return perform(around, {
      flags: called,
      name: 'cutover',
      planIs: 'question',
      visit: (tools) => visits.cutover(tools, called.word, connect),
    });
  },
};
