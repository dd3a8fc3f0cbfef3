import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { MachineFacts } from '../core/inventory.ts';
import type { Asked } from '../core/plan.ts';
import { survey } from './survey.ts';

/** Both machines as a whole, whichever gateway is to move. */
export interface Surveyed {
  readonly old: MachineFacts;
  readonly here: MachineFacts;
}

/** Surveys both machines, for a look at one gateway or several. Read-only. Throws as `survey`. */
export async function surveyBoth(
  machines: { readonly old: Host; readonly new: Host },
  asked: Asked,
  waiting: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Surveyed> {
  const { product } = asked;
  const [old, here] = await Promise.all([
    survey(machines.old, {
      ...waiting,
      product,
      profiles: asked.profiles ?? undefined,
      stateDir: asked.stateDir ?? undefined,
      configPath: asked.configPath ?? undefined,
      productBin: asked.remoteGatewayBin ?? undefined,
    }),
    survey(machines.new, { ...waiting, product, productBin: asked.gatewayBin ?? undefined }),
  ]);
  return { old, here };
}
