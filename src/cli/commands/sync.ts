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
import type { Settings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Request, Tools, Verdict } from '../../visits/visit.ts';
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
    const settings = await readSettings(called, around);
    const request = requestOf(targetOf(called.word), called, { ...around, ...settings });
    const isFollowing = called.follow === true;
    const [{ perform }, visit] = await Promise.all([
      import('../perform.ts'),
      isFollowing ? following(called, around, settings) : import('../../visits/sync.ts').then(({ sync: once }) => once),
    ]);
    return perform(around, {
      flags: called,
      name: 'sync',
      planIs: 'aside',
      visit: (tools) => visit(tools, request),
    });
  },
};

/** Follows, with an ear for new settings. */
async function following(called: Flags, around: Surroundings, before: Settings) {
  const [{ follow }, { watchSettings }] = await Promise.all([
    import('../../visits/follow.ts'),
    import('../settings-watch.ts'),
  ]);
  const settings = watchSettings(called, around, before);
  return (tools: Tools, request: Request): Promise<Verdict> =>
    follow({ ...tools, following: { ...tools.following, ...(settings && { settings }) } }, request);
}
