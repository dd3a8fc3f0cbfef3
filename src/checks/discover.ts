import { readConfig } from '../core/config-text.ts';
import type { GatewayFacts, MachineFacts, Saying } from '../core/inventory.ts';
import type { AnyProduct } from '../core/product.ts';
import { fail, ProblemError } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { DEFAULT_PROFILE, productNames, stateDirOf } from '../gateway/product.ts';
import { member } from './gateway-config.ts';
import { pasteable } from '../host/pasteable.ts';
import { portOf, portsInDoubt } from './port.ts';
import { wordsOn } from './sayings.ts';

export interface Choice {
  readonly product: AnyProduct;
  /** Profiles that the person named; null when none. */
  readonly profile: readonly string[] | null;
  /** A state dir that the person named, as they did; it decides over everything else. */
  readonly stateDir?: string | undefined;
  /** A config that a person named, where several are said. */
  readonly configPath?: string | undefined;
  /** A port that a person named; it counts unless a running gateway listens elsewhere. */
  readonly port?: number | undefined;
  /** Products of which there is nothing either, where none was named. */
  readonly absent?: readonly AnyProduct[] | undefined;
}

/**
 * Picks the gateway that is to move. Pure. Throws `state-dir-missing` and `product-missing-old` (nothing there, with or without
 * the product), `profile-missing`, `profile-ambiguous`, `discovery-conflict` and `remote-mode`.
 */
export function discover(facts: MachineFacts, choice: Choice): GatewayFacts {
  const there = named(facts.gateways, choice);
  if (there.length === 0) throw nothingThere(facts, choice);
  const wanted = there.flatMap((gateway) => withProfile(gateway, choice.profile));
  if (wanted.length === 0) throw noSuchProfile(there, choice);
  const profiles = [...new Set(wanted.map((gateway) => gateway.profile))];
  if (profiles.length > 1) throw severalProfiles(wanted, choice);
  const [gateway, other] = wanted;
  if (!gateway || other) throw disagreement(wanted);
  refuseDoubt(gateway, choice);
  refuseRemote(gateway);
  return gateway;
}

/** Who names the state dir has not yet said which of its configs, and the other way round. */
function named(gateways: readonly GatewayFacts[], { stateDir, configPath }: Choice): readonly GatewayFacts[] {
  const flagged = gateways.filter((gateway) => gateway.sources.includes('flag')).map((gateway) => gateway.realStateDir);
  const inDir = stateDir === undefined ? gateways : gateways.filter((one) => flagged.includes(one.realStateDir));
  return configPath === undefined ? inDir : inDir.filter((gateway) => gateway.configPath === configPath);
}

/** A gateway whose sources disagree on its profile is each of them; the one that was named is then the one. */
function withProfile(gateway: GatewayFacts, profiles: readonly string[] | null): GatewayFacts[] {
  if (profiles === null || profiles.includes(gateway.profile)) return [gateway];
  const said = wordsOn('profile', gateway.sayings).find(({ value }) => profiles.includes(value));
  return said === undefined ? [] : [{ ...gateway, profile: said.value }];
}

function refuseDoubt(gateway: GatewayFacts, choice: Choice): void {
  const profiles = wordsOn('profile', gateway.sayings);
  if (choice.profile === null && profiles.length > 1) {
    throw doubt('profiles', profiles, `--profile ${pasteable(gateway.profile)}`);
  }
  const ports = portsInDoubt(gateway);
  if (choice.port === undefined && ports.length > 1) {
    throw doubt('ports', ports, `--gateway-port ${pasteable(ports[0]?.value ?? '')}`);
  }
}

function doubt(what: string, sayings: readonly Saying[], flag: string): ProblemError {
  const words = sayings.map(({ value, sources }) => `${printable(value)} (${printable(sources.join(' and '))})`);
  return fail('discovery-conflict', {
    message: `The old machine names different ${what} for one gateway: ${words.join(', ')}.`,
    hint: `Name the right one: ${flag}`,
    detail: sayings.map(({ value, sources }) => ({ value, sources: [...sources] })),
  });
}

function nothingThere({ gateways, home, product, user, hostname }: MachineFacts, choice: Choice): ProblemError {
  const { configPath } = choice;
  if (configPath !== undefined && gateways.length > 0) return noSuchConfig(gateways, configPath);
  const looked =
    choice.stateDir === undefined
      ? [DEFAULT_PROFILE, '*'].map((profile) => stateDirOf(choice.product, home, profile))
      : [choice.stateDir];
  const legacy = choice.stateDir === undefined ? productNames(choice.product).legacyStateDirNames : [];
  const places = [...looked, ...legacy.map((name) => `${home}/${name}`)].map((place) => printable(place)).join(', ');
  const account = printable(`${user}@${hostname}`);
  const title = productNames(choice.product).title;
  const others = (choice.absent ?? []).filter((other) => other !== choice.product);
  const nor =
    others.length === 0
      ? ''
      : ` Nothing there is named after ${others.map((one) => productNames(one).title).join(' or ')} either.`;
  if (product === null && gateways.length === 0 && choice.stateDir === undefined) {
    return fail('product-missing-old', {
      message: `${account} has neither ${title} nor a state dir of it. Looked in ${places}, and at services and processes.${nor}`,
      hint: 'Connect as the user that runs the gateway, or name its state dir with --state-dir and its program with --remote-gateway-bin.',
    });
  }
  const installed = product === null ? `${title} was not found` : `${title} is installed as ${printable(product.path)}`;
  return fail('state-dir-missing', {
    message: `${account} has no state dir of ${title} in ${places}. ${installed}.${nor}`,
    hint: 'Connect as the user that runs the gateway, or name its state dir with --state-dir.',
  });
}

function noSuchConfig(gateways: readonly GatewayFacts[], configPath: string): ProblemError {
  const configs = gateways.map((gateway) => printable(gateway.configPath)).join(', ');
  return fail('state-dir-missing', {
    message: `No gateway on the old machine uses the config ${printable(configPath)}. There are: ${configs}.`,
    hint: 'Name one of these with --gateway-config, or name the state dir that belongs to it with --state-dir as well.',
  });
}

function noSuchProfile(there: readonly GatewayFacts[], { profile, product }: Choice): ProblemError {
  const names = (profile ?? []).map((name) => printable(name)).join(', ');
  return fail('profile-missing', {
    message: `There is no profile ${names} on the old machine. There are: ${listed(there, product)}.`,
    hint: `Name one of these: --profile ${pasteable(there[0]?.profile ?? DEFAULT_PROFILE)}`,
    detail: detailOf(there, product),
  });
}

function severalProfiles(wanted: readonly GatewayFacts[], { product }: Choice): ProblemError {
  const lead = wanted.find((gateway) => gateway.process ?? gateway.service?.active) ?? wanted[0];
  return fail('profile-ambiguous', {
    message: `There are ${String(wanted.length)} gateways: ${listed(wanted, product)}.`,
    hint: `Name the one to move: --profile ${pasteable(lead?.profile ?? DEFAULT_PROFILE)}. Or move all: --all-profiles`,
    detail: detailOf(wanted, product),
  });
}

function disagreement(wanted: readonly GatewayFacts[]): ProblemError {
  const words = wanted.map(({ sources, realStateDir, configPath }) => {
    return `${printable(sources.join(' and '))}: state dir ${printable(realStateDir)}, config ${printable(configPath)}`;
  });
  const [first] = wanted;
  const isOneDir = wanted.every(({ realStateDir }) => realStateDir === first?.realStateDir);
  const flag = isOneDir
    ? `--gateway-config ${pasteable(first?.configPath ?? '')}`
    : `--state-dir ${pasteable(first?.stateDir ?? '')}`;
  return fail('discovery-conflict', {
    message: `For profile ${printable(wanted[0]?.profile ?? '')} the old machine names different places. ${words.join('; ')}.`,
    hint: `Name the right one: ${flag}`,
    detail: wanted.map(({ sources, realStateDir, configPath }) => ({
      sources: [...sources],
      realStateDir,
      configPath,
    })),
  });
}

/** A config that does not parse is no reason here: pre-flight refuses it, with its own words. */
function refuseRemote(gateway: GatewayFacts): void {
  const config = configOrNull(gateway);
  if (member(config, 'gateway', 'mode') !== 'remote') return;
  const url = member(config, 'gateway', 'remote', 'url');
  const host = typeof url === 'string' ? hostIn(url) : null;
  throw fail('remote-mode', {
    message:
      host === null
        ? 'The gateway there is in remote mode: it is only a client of another one, and its config does not say of which.'
        : `The gateway there is in remote mode: it is only a client of the one on ${host}, where the state is.`,
    hint: host === null ? 'Move the machine that it is a client of.' : `Move that one instead: neo-pull ${host}`,
  });
}

function configOrNull(gateway: GatewayFacts): unknown {
  if (gateway.configText === null) return null;
  try {
    return readConfig(gateway.configText);
  } catch (thrown) {
    if (thrown instanceof ProblemError) return null;
    throw thrown;
  }
}

function hostIn(url: string): string | null {
  return URL.canParse(url) ? printable(new URL(url).hostname) || null : null;
}

function listed(gateways: readonly GatewayFacts[], product: AnyProduct): string {
  return gateways
    .map((gateway) => {
      const port = portOf(gateway, { config: configOrNull(gateway), product });
      return `${printable(gateway.profile)} (${printable(gateway.stateDir)}, port ${String(port)}, ${running(gateway)})`;
    })
    .join(', ');
}

function detailOf(gateways: readonly GatewayFacts[], product: AnyProduct) {
  return gateways.map((gateway) => ({
    profile: gateway.profile,
    stateDir: gateway.stateDir,
    port: portOf(gateway, { config: configOrNull(gateway), product }),
    running: running(gateway) === 'running',
  }));
}

function running({ service, process }: GatewayFacts): 'running' | 'stopped' {
  return service?.active || process ? 'running' : 'stopped';
}
