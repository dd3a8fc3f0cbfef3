import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { Inventory } from '../core/inventory.ts';
import type { Gateway } from '../core/plan.ts';
import { run } from '../host/run.ts';
import { readIncludes } from './includes.ts';
import { wholeConfig } from './whole-config.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/** A config as it is at this moment. */
export interface ConfigNow {
  /** Null where there is none. */
  readonly text: string | null;
  readonly includes: Inventory['includes'];
  /** As `wholeConfig` gives it. */
  readonly whole: unknown;
}

/** Reads the config of a gateway and all that it includes, on its machine. Read-only. Throws `config-malformed`, and as `readIncludes`. */
export async function configNow(
  host: Host,
  { configPath }: Pick<Gateway, 'configPath'>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ConfigNow> {
  const { code, stdout } = await run(host, ['cat', '--', configPath], { clock, signal, maxBytes: MAX_BYTES });
  const text = code === 0 ? stdout.toString() : null;
  const now = { configPath, configText: text };
  const includes = await readIncludes(host, now, { clock, signal });
  return { text, includes, whole: wholeConfig(now, includes) };
}
