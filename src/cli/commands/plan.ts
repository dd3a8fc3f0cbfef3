import type { Command } from '../command.ts';
import {
  CONNECTION_FLAGS,
  CONSENT_FLAGS,
  EXIT_CODE_FLAG,
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

type Flags = ConnectionFlags &
  GatewayFlags &
  LimitFlags &
  ConsentFlags &
  OutputFlags &
  SettingsFlags & { 'exit-code'?: boolean };

export const plan: Command<Flags> = {
  name: 'plan',
  word: 'target',
  describe: 'Look at both machines and show what a move would do; change nothing',
  flags: {
    ...CONNECTION_FLAGS,
    ...GATEWAY_FLAGS,
    ...SETTINGS_FLAGS,
    ...{ 'no-input': CONSENT_FLAGS['no-input'] },
    ...LIMIT_FLAGS,
    ...OUTPUT_FLAGS,
    ...EXIT_CODE_FLAG,
  },
  async run(called, around) {
    const { products } = await readSettings(called, around);
    const request = requestOf(targetOf(called.word), called, { ...around, products });
    const [{ perform }, visits] = await Promise.all([import('../perform.ts'), import('../../visits/plan.ts')]);
    const exitCode = called['exit-code'] === true;
    return perform(around, {
      flags: called,
      name: 'plan',
      planIs: 'answer',
      visit: (tools) => visits.plan(tools, request, { exitCode }),
    });
  },
};
