import type { Command } from '../command.ts';
import {
  AFTER_COMMIT_FLAG,
  CONNECTION_FLAGS,
  CONSENT_FLAGS,
  OUTPUT_FLAGS,
  type ConnectionFlags,
  type ConsentFlags,
  type OutputFlags,
} from '../flags.ts';
import { connectOf } from '../request.ts';

type Flags = ConnectionFlags & ConsentFlags & OutputFlags & { 'after-commit'?: boolean };

export const rollback: Command<Flags> = {
  name: 'rollback',
  word: 'run',
  describe: 'Put everything back: the old gateway runs as it ran, this machine has its former state',
  flags: { ...CONNECTION_FLAGS, ...CONSENT_FLAGS, ...AFTER_COMMIT_FLAG, ...OUTPUT_FLAGS },
  async run(called, around) {
    const options = { connect: connectOf(called, around), afterCommit: called['after-commit'] === true };
    const [{ perform }, visits] = await Promise.all([import('../perform.ts'), import('../../visits/rollback.ts')]);
    return perform(around, {
      flags: called,
      name: 'rollback',
      planIs: 'question',
      visit: (tools) => visits.rollback(tools, called.word, options),
    });
  },
};
