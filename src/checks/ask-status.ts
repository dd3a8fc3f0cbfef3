import path from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { AnyProduct } from '../core/product.ts';
import { ProblemError } from '../core/problem.ts';
import { run } from '../host/run.ts';
import { readGatewayStatus, type GatewayStatus } from '../gateway/answers.ts';
import { DEFAULT_PROFILE, envNames } from '../gateway/product.ts';
import { readJsonAnswer } from '../gateway/json-answer.ts';
import type { MachineSeen } from './machine-seen.ts';
import { launchesOf } from './product-seen.ts';
import type { StatusWord } from './status-word.ts';

/** How the product is asked. */
export interface StatusQuestion {
  readonly product: AnyProduct;
  /** Starts its CLI, absolute. */
  readonly argv: readonly string[];
  readonly binDir: string;
  readonly home: string;
  /** Those that the person named: of one alone it is asked, else of the default one. */
  readonly profiles?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** It is one word of several, and the weakest: whoever takes longer is not waited for. */
export const STATUS_MS = 5000;
const MOST_BYTES = 1024 * 1024;

/**
 * Asks the product where its gateway lies, by `gateway status --json --no-probe`: it does not speak to the gateway and writes nothing. Null
 * when it does not answer in time, in JSON and with a place, or may not be started at all (a limited key). Read-only. Throws only
 * what `signal` aborts with.
 */
export async function askStatus(host: Host, question: StatusQuestion): Promise<StatusWord | null> {
  const { argv, binDir, home, clock, signal } = question;
  const profile = profileIn(question);
  const flags = profile === DEFAULT_PROFILE ? [] : ['--profile', profile];
  const words = [...argv, ...flags, 'gateway', 'status', '--json', '--no-probe'];
  // Its `.env` is read where it is started; a cache that it filled would be a change of the old machine.
  const env = {
    PATH: `${binDir}:/usr/local/bin:/usr/bin:/bin`,
    ...{ NO_COLOR: '1', NODE_OPTIONS: '', NODE_DISABLE_COMPILE_CACHE: '1', NO_UPDATE_NOTIFIER: '1' },
  };
  const limits = { timeoutMs: STATUS_MS, maxBytes: MOST_BYTES, clock, ...(signal && { signal }) };
  try {
    const { stdout } = await run(host, words, { env, cwd: home, ...limits });
    const status = readGatewayStatus(readJsonAnswer(stdout));
    return status && wordIn(status, question);
  } catch (thrown) {
    signal?.throwIfAborted();
    if (thrown instanceof ProblemError) return null;
    throw thrown;
  }
}

function profileIn({ profiles = [] }: StatusQuestion): string {
  return (profiles.length === 1 ? profiles[0] : null) ?? DEFAULT_PROFILE;
}

/**
 * How a service starts the product, where one tells: it can then be asked while the rest is looked at. Null where it has to be found
 * first, or was named. Pure.
 */
export function launchKnown(
  { services }: Pick<MachineSeen, 'services'>,
  { product, productBin }: { readonly product: AnyProduct; readonly productBin?: string | undefined },
): Pick<StatusQuestion, 'argv' | 'binDir'> | null {
  const [launch] = launchesOf(services, product);
  if (productBin !== undefined || !launch) return null;
  const { program, entry } = launch;
  return { argv: entry === '' ? [program] : [program, entry], binDir: path.posix.dirname(program) };
}

/** What the service would do counts before what this login would. */
function wordIn(status: GatewayStatus, question: StatusQuestion): StatusWord | null {
  const { product, home } = question;
  const { environment, programArguments } = status.service;
  const config = (programArguments && status.serviceConfigPath) ?? status.configPath;
  const configPath = placeIn(config, home);
  if (configPath === null) return null;
  const name = envNames(product, 'STATE_DIR').find((one) => environment[one] !== undefined);
  const told = name === undefined ? null : placeIn(environment[name] ?? null, home);
  const port = status.port !== null && status.port > 0 && status.port < 65_536 ? status.port : null;
  return { profile: profileIn(question), stateDir: told ?? path.posix.dirname(configPath), configPath, port };
}

/** A path that a gateway can lie in, or null: what it prints is data. */
function placeIn(text: string | null, home: string): string | null {
  if (text === null || text.length > 4096) return null;
  const whole = text.startsWith('~/') ? path.posix.join(home, text.slice(2)) : text;
  if (!whole.startsWith('/') || /[\u0000-\u001f\u007f]/.test(whole)) return null;
  return path.posix.normalize(whole).replace(/(?<=.)\/$/, '');
}
