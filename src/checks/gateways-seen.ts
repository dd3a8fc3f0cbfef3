import type { GatewayFacts } from '../core/inventory.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { DEFAULT_PROFILE } from '../gateway/product.ts';
import type { Claim } from './claims.ts';
import { sayingsOf } from './sayings.ts';
import { countOf, groupsOf, listOf, valueOf, valuesOf, type Answer } from './survey-answer.ts';

/** A config longer than this is none that a person wrote. */
const MOST_CONFIG_BYTES = 4 * 1024 * 1024;

/**
 * Puts together the claims that mean the same state dir and config, and what was found there. A state dir without a config counts
 * only if it holds `agents/` or `credentials/`. Pure. Throws `survey-failed` when one could not be counted or its config is too long.
 */
export function gatewaysSeen(claims: readonly Claim[], answer: Answer): GatewayFacts[] {
  const places = placesOf(claims);
  const groups = groupsOf(answer, 'state');
  const merged = new Map<string, { claims: Claim[]; group: Answer }>();
  for (const claim of claims) {
    const nth = String(places.findIndex((place) => isSame(place, claim)));
    const group = groups.find((one) => valueOf(one, 'state.nth') === nth);
    if (group === undefined || !counts(group)) continue;
    const key = `${realOf(group)}\0${valueOf(group, 'state.config-real') ?? ''}`;
    const same = merged.get(key) ?? sameDirUnsaid(merged, claim, group);
    if (same) same.claims.push(claim);
    else merged.set(key, { claims: [claim], group });
  }
  return [...merged.values()].map((one) => factsOf(one.claims, one.group));
}

/** Each state dir that is to be looked into, with the places of its config; every one once, in the order of the claims. Pure. */
function placesOf(claims: readonly Claim[]): readonly Claim[] {
  return claims.filter((claim, at) => claims.findIndex((other) => isSame(other, claim)) === at);
}

/** The arguments of `GATEWAY_SCRIPT` that name these places. Pure. */
export function placeArgs(claims: readonly Claim[]): string[] {
  return placesOf(claims).flatMap(({ stateDir, configs }) => [stateDir, String(configs.length), ...configs]);
}

function isSame(one: Claim, other: Claim): boolean {
  return one.stateDir === other.stateDir && one.configs.join('\0') === other.configs.join('\0');
}

function counts(group: Answer): boolean {
  if (valueOf(group, 'state.real') === null) return false;
  const config = valueOf(group, 'state.config') ?? valueOf(group, 'state.config-unreadable');
  return config !== null || valuesOf(group, 'state.has').length > 0;
}

function realOf(group: Answer): string {
  return valueOf(group, 'state.real') ?? '';
}

/** A source that says nothing of the config agrees with whatever a more believed one says. */
function sameDirUnsaid(
  merged: ReadonlyMap<string, { claims: Claim[]; group: Answer }>,
  claim: Claim,
  group: Answer,
): { claims: Claim[]; group: Answer } | undefined {
  if (claim.configPath !== null) return undefined;
  return [...merged.values()].find((one) => realOf(one.group) === realOf(group));
}

function factsOf(claims: readonly Claim[], group: Answer): GatewayFacts {
  const [first] = claims;
  if (!first) throw new Error('a gateway that nothing claims');
  const entries = countOf(group, 'state.entries');
  const bytes = countOf(group, 'state.bytes');
  if (entries === null || bytes === null) throw uncounted(first.stateDir);
  const configPath = valueOf(group, 'state.config-path') ?? '';
  const unreadable = listOf(group, 'state.unreadable');
  const blocked = valueOf(group, 'state.config-unreadable') !== null && !unreadable.includes(configPath);
  const sayings = sayingsOf(claims, configPath);
  const process = claims.map((claim) => claim.process).find((one) => one !== null) ?? null;
  const services = claims.flatMap((claim) => claim.service ?? []);
  // Several may mean the same state dir; the one that runs it is the gateway's, whichever was found first.
  const service =
    services.find(({ mainPid }) => mainPid !== null && mainPid === process?.pid) ??
    services.find(({ active }) => active) ??
    services[0] ??
    null;
  const named = sayings.find(({ what }) => what === 'profile')?.value;
  return {
    profile: named ?? DEFAULT_PROFILE,
    stateDir: first.stateDir,
    realStateDir: realOf(group),
    configPath,
    configText: configText(group, configPath),
    sources: [...new Set(claims.map((claim) => claim.source))],
    sayings,
    service,
    otherUnits: services.filter((one) => one !== service && (one.enabled || one.active)).map(({ unit }) => unit),
    process,
    entries,
    bytes,
    unreadable: blocked ? [...unreadable, configPath] : unreadable,
    queued: countOf(group, 'state.queued') ?? 0,
    dotEnv: listOf(group, 'state.env'),
  };
}

function configText(group: Answer, configPath: string): string | null {
  const text = valueOf(group, 'state.config');
  if (text === null || Buffer.byteLength(text) <= MOST_CONFIG_BYTES) return text;
  throw fail('survey-failed', {
    message: `The config ${printable(configPath)} is larger than 4 MiB.`,
    hint: 'Nothing was changed. See what made it so large, or name another state dir with --state-dir.',
  });
}

function uncounted(stateDir: string): ProblemError {
  return fail('survey-failed', {
    message: `Counting what lies in ${printable(stateDir)} took longer than 5 minutes.`,
    hint: 'Nothing was changed. See whether its file system answers (`ls`, `df`), then try again.',
  });
}
