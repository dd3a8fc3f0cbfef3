import type { Command } from '../command.ts';
import {
  CONNECTION_FLAGS,
  CONSENT_FLAGS,
  DRAIN_FLAGS,
  DRY_RUN_FLAG,
  GATEWAY_FLAGS,
  LIMIT_FLAGS,
  OUTPUT_FLAGS,
  SETTINGS_FLAGS,
  type ConnectionFlags,
  type ConsentFlags,
  type DrainFlags,
  type GatewayFlags,
  type LimitFlags,
  type OutputFlags,
  type SettingsFlags,
} from '../flags.ts';
import { drainOf } from '../moment.ts';
import { requestOf } from '../request.ts';
import { readSettings } from '../settings-file.ts';
import { targetOf } from '../words.ts';

type Flags = ConnectionFlags &
  GatewayFlags &
  LimitFlags &
  ConsentFlags &
  DrainFlags &
  OutputFlags &
  SettingsFlags & { 'dry-run'?: boolean };

export const pull: Command<Flags> = {
  name: 'pull',
  word: 'target',
  describe: 'Move the gateway of the old machine to this one',
  flags: {
    ...CONNECTION_FLAGS,
    ...GATEWAY_FLAGS,
    ...SETTINGS_FLAGS,
    ...CONSENT_FLAGS,
    ...DRAIN_FLAGS,
    ...DRY_RUN_FLAG,
    ...LIMIT_FLAGS,
    ...OUTPUT_FLAGS,
  },
  async run(called, around) {
    const { products } = await readSettings(called, around);
    const request = requestOf(targetOf(called.word), called, { ...around, products });
    const drain = drainOf(called);
    const { perform } = await import('../perform.ts');
    if (called['dry-run'] === true) {
      const { plan } = await import('../../visits/plan.ts');
      const visit = (tools: Parameters<typeof plan>[0]) => plan(tools, request, { exitCode: false });
      return perform(around, { flags: called, name: 'pull', planIs: 'answer', visit });
    }
    const visits = await import('../../visits/pull.ts');
    return perform(around, {
      flags: called,
      name: 'pull',
      planIs: 'question',
      visit: (tools) => visits.pull({ ...tools, drain }, request),
    });
  },
};
