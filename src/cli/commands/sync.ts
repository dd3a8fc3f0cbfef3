import type { Command } from '../command.ts';
import {
  CONNECTION_FLAGS,
  CONSENT_FLAGS,
  GATEWAY_FLAGS,
  LIMIT_FLAGS,
  OUTPUT_FLAGS,
  type ConnectionFlags,
  type ConsentFlags,
  type GatewayFlags,
  type LimitFlags,
  type OutputFlags,
} from '../flags.ts';
import { requestOf } from '../request.ts';
import { targetOf } from '../words.ts';

type Flags = ConnectionFlags & GatewayFlags & LimitFlags & ConsentFlags & OutputFlags;

export const sync: Command<Flags> = {
  name: 'sync',
  word: 'target',
  describe: 'Copy into staging while the old gateway goes on serving; again, it sends only what changed',
  flags: {
    ...CONNECTION_FLAGS,
    ...GATEWAY_FLAGS,
    ...{ 'no-input': CONSENT_FLAGS['no-input'] },
    ...LIMIT_FLAGS,
    ...OUTPUT_FLAGS,
  },
  async run(called, around) {
    const request = requestOf(targetOf(called.word), called, around);
    const [{ perform }, visits] = await Promise.all([import('../perform.ts'), import('../../visits/sync.ts')]);
    return perform(around, {
      flags: called,
      name: 'sync',
      planIs: 'aside',
      visit: (tools) => visits.sync(tools, request),
    });
  },
};
