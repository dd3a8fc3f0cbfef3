import type { Command } from '../command.ts';
import {
  CONNECTION_FLAGS,
  CONSENT_FLAGS,
  GATEWAY_FLAGS,
  LIMIT_FLAGS,
  OUTPUT_FLAGS,
  SETTINGS_FLAGS,
  type ConnectionFlags,
  type ConsentFlags,
  type GatewayFlags,
  type LimitFlags,
  type OutputFlags,
  type SettingsFlags,
} from '../flags.ts';
import { requestOf } from '../request.ts';
import { readSettings } from '../settings-file.ts';
import { targetOf } from '../words.ts';

type Flags = ConnectionFlags & GatewayFlags & LimitFlags & ConsentFlags & OutputFlags & SettingsFlags;

export const rehearse: Command<Flags> = {
  name: 'rehearse',
  word: 'target',
  describe: 'Make the whole move on a throwaway copy, with a gateway that says nothing; touches nothing that is live',
  flags: {
    ...CONNECTION_FLAGS,
    ...GATEWAY_FLAGS,
    ...SETTINGS_FLAGS,
    ...{ 'no-input': CONSENT_FLAGS['no-input'] },
    ...LIMIT_FLAGS,
    ...OUTPUT_FLAGS,
  },
  async run(called, around) {
    const { products } = await readSettings(called, around);
    const request = requestOf(targetOf(called.word), called, { ...around, products });
    const [{ perform }, visits] = await Promise.all([import('../perform.ts'), import('../../visits/rehearse.ts')]);
    return perform(around, {
      flags: called,
      name: 'rehearse',
      planIs: 'question',
      visit: (tools) => visits.rehearse(tools, request),
    });
  },
};
