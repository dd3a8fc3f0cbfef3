import { readFile } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { Inventory } from '../core/inventory.ts';
import { inside } from '../core/only-files.ts';
import type { Gateway, Plan } from '../core/plan.ts';
import type { World } from '../core/step.ts';
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
  return withIncludes(host, { configPath, configText: code === 0 ? stdout.toString() : null }, { clock, signal });
}

/**
 * The config of the old gateway as it was copied last, and what that includes as it is there now. A key that may only look does not read the
 * config itself. Throws as `configNow`.
 */
export async function configCopied(
  plan: Plan,
  { old, clock, signal }: Pick<World, 'old' | 'clock' | 'signal'>,
): Promise<ConfigNow> {
  const { configPath } = plan.old.gateway;
  const [first] = plan.configFiles;
  const root = plan.roots.find(({ id }) => id === first?.root);
  if (!first || !root || !configPath.endsWith(`/${first.file}`))
    return configNow(old, plan.old.gateway, { clock, signal });
  const text = await readFile(inside(root.stagingPath, first.file), 'utf8').catch(() => null);
  return withIncludes(old, { configPath, configText: text }, { clock, signal });
}

async function withIncludes(
  host: Host,
  now: { readonly configPath: string; readonly configText: string | null },
  waiting: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ConfigNow> {
  const includes = await readIncludes(host, now, waiting);
  return { text: now.configText, includes, whole: wholeConfig(now, includes) };
}
