import path from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { KeeperFacts, MachineFacts, ProductFacts } from '../core/inventory.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { productNames } from '../gateway/product.ts';
import { askScript } from './ask-script.ts';
import { askStatus, launchKnown } from './ask-status.ts';
import { claimsOf, type Claim, type Named } from './claims.ts';
import { GATEWAY_SCRIPT } from './gateway-script.ts';
import { gatewaysSeen, placeArgs } from './gateways-seen.ts';
import { identitySeen, machineSeen, type MachineSeen } from './machine-seen.ts';
import { KEEPERS_SCRIPT, keeperNames } from './keepers-script.ts';
import { keepersSeen } from './keepers-seen.ts';
import { launchesOf, productSeen } from './product-seen.ts';
import type { StatusWord } from './status-word.ts';
import { valueOf, type Answer } from './survey-answer.ts';
import { weighStatus } from './weigh-status.ts';
import { MACHINE_SCRIPT, machineArgs } from './survey-script.ts';

export interface SurveyOptions extends Named {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** The product's program on that machine, when the person named it: nothing else is looked for then. */
  readonly productBin?: string | undefined;
  /** Ask the product too where its gateway lies? Never on the new machine, where it is called for its version only. */
  readonly asksStatus?: boolean;
}

const MACHINE_MS = 180_000;
const GATEWAY_MS = 20 * 60_000;

/** What a first look at a machine gives: who it is, and what there goes by the names of one product. */
export interface FirstLook {
  readonly seen: MachineSeen;
  readonly clockSkewMs: number;
}

/**
 * Looks at a machine: what it is, its rsync, the product and every gateway of this account. Two scripts, for where the product and
 * the state dirs are follows from the services and processes that the first one finds. Read-only and repeatable; of the product
 * only `--version` and, where asked for, `gateway status` is run; a login shell is started (and with it the account's rc files) only when neither a service nor PATH
 * leads to the product. Throws `survey-failed`, `option-invalid` (a path that was named and cannot be), `connection-lost`.
 */
export async function survey(host: Host, options: SurveyOptions): Promise<MachineFacts> {
  return secondLook(host, await firstLook(host, options), options);
}

/** The first half of `survey`. Read-only; nothing of the product is run. Throws `survey-failed`, `connection-lost`. */
export async function firstLook(host: Host, options: SurveyOptions): Promise<FirstLook> {
  const { answer, clockSkewMs } = await askMachine(host, options);
  const seen = machineSeen(answer, options.product);
  const { home, uid } = seen.machine;
  if (!home.startsWith('/') || uid < 0) throw unusable(host, seen);
  return { seen, clockSkewMs };
}

/** The second half of `survey`, for the product of the first. Throws as that. */
export async function secondLook(host: Host, first: FirstLook, options: SurveyOptions): Promise<MachineFacts> {
  const { seen, clockSkewMs } = first;
  const { machine } = seen;
  const claims = claimsOf(seen, namedAt(machine.home, options));
  const launch = options.asksStatus === true ? launchKnown(seen, options) : null;
  const ask = (how: Pick<ProductFacts, 'argv' | 'binDir'>): Promise<StatusWord | null> =>
    askStatus(host, { ...how, ...options, home: machine.home });
  const [found, keepers, early] = await Promise.all([
    askGateways(host, seen, claims, options),
    askKeepers(host, seen, options),
    launch && ask(launch),
  ]);
  if (valueOf(found, 'product.flag-missing') !== null) throw noProgram(host, options.productBin ?? '');
  const product = productSeen(found);
  const isLate = !launch && options.asksStatus === true && product !== null;
  const word = isLate ? await ask(product) : early;
  const known = gatewaysSeen(claims, found);
  const gateways = word ? await weighStatus(host, { word, known }, options) : known;
  return { ...machine, clockSkewMs, product, gateways, keepers };
}

/** What the person named, with whole paths. Throws `option-invalid`. Pure. */
export function namedAt(home: string, named: Named): Named {
  const stateDir = fromHome(named.stateDir, home, '--state-dir');
  const configPath = fromHome(named.configPath, home, '--gateway-config');
  return { product: named.product, profiles: named.profiles, stateDir, configPath };
}

/** What names a machine for good, read in one short question: to see that a new connection leads to the same one. Read-only. */
export async function surveyIdentity(
  host: Host,
  { clock, signal }: { clock: Clock; signal?: AbortSignal },
): Promise<Pick<MachineFacts, 'machineId' | 'bootId' | 'hostname' | 'platform' | 'arch'>> {
  const args = machineArgs(null);
  const what = 'Asking the machine who it is';
  return identitySeen(await askScript(host, { what, script: MACHINE_SCRIPT, args, timeoutMs: 30_000, clock, signal }));
}

async function askMachine(host: Host, options: SurveyOptions): Promise<{ answer: Answer; clockSkewMs: number }> {
  const { product, clock, signal } = options;
  const begun = clock.now();
  const answer = await askScript(host, {
    what: 'Looking at the machine',
    script: MACHINE_SCRIPT,
    args: machineArgs(product),
    timeoutMs: MACHINE_MS,
    clock,
    signal,
  });
  // Both clocks are read at the start and at the end, so what the script itself takes cancels out.
  const ours = (begun + clock.now()) / 2;
  const theirs = (momentOf(answer, 'clock.first') + momentOf(answer, 'clock.last')) / 2;
  return { answer, clockSkewMs: Number.isFinite(theirs) ? Math.round(theirs - ours) : 0 };
}

async function askKeepers(host: Host, seen: MachineSeen, options: SurveyOptions): Promise<KeeperFacts[]> {
  const { product, clock, signal } = options;
  const pids = new Set([...seen.processes, ...seen.locks].map(({ facts }) => String(facts.pid)));
  const answer = await askScript(host, {
    what: 'Looking for what keeps the gateway running',
    script: KEEPERS_SCRIPT,
    args: [keeperNames(product), ...pids],
    timeoutMs: MACHINE_MS,
    clock,
    signal,
  });
  return keepersSeen(answer, { product, ...seen.machine });
}

async function askGateways(
  host: Host,
  seen: MachineSeen,
  claims: readonly Claim[],
  options: SurveyOptions,
): Promise<Answer> {
  const { product, clock, signal } = options;
  const launches = launchesOf(seen.services, product);
  const bin = fromHome(options.productBin, seen.machine.home, 'The path of the gateway program') ?? '';
  return askScript(host, {
    what: 'Looking for the gateway',
    script: GATEWAY_SCRIPT,
    args: [
      ...[productNames(product).command, bin, seen.machine.shell, String(launches.length)],
      ...launches.flatMap(({ program, entry, unit }) => [program, entry, `unit ${unit}`]),
      ...placeArgs(claims),
    ],
    timeoutMs: GATEWAY_MS,
    clock,
    signal,
  });
}

/** `date +%s%N`; where `%N` is not known, what comes after the seconds is no digit, and they are taken at their middle. */
function momentOf(answer: Answer, key: string): number {
  const text = valueOf(answer, key) ?? '';
  if (/^\d{19}$/.test(text)) return Number(text.slice(0, 13));
  const seconds = /^\d{10}/.exec(text)?.[0];
  return seconds === undefined ? Number.NaN : Number(seconds) * 1000 + 500;
}

function fromHome(text: string | undefined, home: string, what: string): string | undefined {
  if (text === undefined) return undefined;
  const whole = text === '~' || text.startsWith('~/') ? path.posix.join(home, text.slice(1)) : text;
  if (whole.startsWith('/') && !whole.includes('\0')) return path.posix.normalize(whole).replace(/(?<=.)\/$/, '');
  throw fail('option-invalid', {
    message: `${what} is ${printable(text)}, which is no absolute path.`,
    hint: 'Give the whole path, beginning with / or ~/.',
  });
}

function unusable(host: Host, { machine: { home, uid } }: MachineSeen): ProblemError {
  return fail('survey-failed', {
    message: `The ${host.label} says that this account (number ${String(uid)}) has the home "${printable(home)}".`,
    hint: 'Nothing was changed. Log in there by hand and see what `id` and `echo $HOME` say.',
  });
}

function noProgram(host: Host, bin: string): ProblemError {
  return fail('option-invalid', {
    message: `On ${host.label}, ${printable(bin)} was named as the gateway program, and is no file that can be run.`,
    hint: 'Give the path that `command -v` prints there in a terminal, or leave it out and it will be looked for.',
  });
}
