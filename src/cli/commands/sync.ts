import type { Command } from '../command.ts';
import {
  CONNECTION_FLAGS,
  CONSENT_FLAGS,
  FOLLOW_FLAG,
  GATEWAY_FLAGS,
  LIMIT_FLAGS,
  OUTPUT_FLAGS,
  SETTINGS_FLAGS,
  type ConnectionFlags,
  type ConsentFlags,
  type FollowFlag,
  type GatewayFlags,
  type LimitFlags,
  type OutputFlags,
  type SettingsFlags,
} from '../flags.ts';
import { requestOf } from '../request.ts';
import { readSettings } from '../settings-file.ts';
import { targetOf } from '../words.ts';

type Flags = ConnectionFlags & GatewayFlags & LimitFlags & ConsentFlags & OutputFlags & SettingsFlags & FollowFlag;

export const sync: Command<Flags> = {
  name: 'sync',
  word: 'target',
  describe: 'Copy into staging while the old gateway goes on serving; again, it sends only what changed',
  flags: {
    ...CONNECTION_FLAGS,
    ...GATEWAY_FLAGS,
    ...SETTINGS_FLAGS,
    ...{ 'no-input': CONSENT_FLAGS['no-input'] },
    ...FOLLOW_FLAG,
    ...LIMIT_FLAGS,
    ...OUTPUT_FLAGS,
  },
  async run(called, around) {
    const { products } = await readSettings(called, around);
    const request = requestOf(targetOf(called.word), called, { ...around, products });
    const isFollowing = called.follow === true;
    const [{ perform }, visit] = await Promise.all([
      import('../perform.ts'),
      isFollowing
        ? import('../../visits/follow.ts').then(({ follow }) => follow)
        : import('../../visits/sync.ts').then(({ sync: once }) => once),
    ]);
    return perform(around, {
      flags: called,
      name: 'sync',
      planIs: 'aside',
      visit: (tools) => visit(tools, request),
    });
  },
};
