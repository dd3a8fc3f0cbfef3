import path from 'node:path';
import type { GatewayFacts, Saying } from '../core/inventory.ts';
import { gathered } from './sayings.ts';
import type { Claim } from './claims.ts';

/** The name under which the product's own word is shown. */
export const STATUS_SOURCE = 'gateway status';

/**
 * What `gateway status` of the product says of its gateway: the weakest word there is, for it is that of a program started by our login
 * and not by what runs the gateway.
 */
export interface StatusWord {
  readonly profile: string;
  readonly stateDir: string;
  readonly configPath: string;
  /** Null where it does not tell. */
  readonly port: number | null;
}

/** The gateway that the word is about, by its place as it is named or really lies; undefined when it names another place. Pure. */
export function meantBy(word: StatusWord, gateways: readonly GatewayFacts[]): GatewayFacts | undefined {
  const dirs = (gateway: GatewayFacts): readonly string[] => [gateway.stateDir, gateway.realStateDir];
  const byConfig = gateways.find((gateway) => gateway.configPath === word.configPath);
  return byConfig ?? gateways.find((gateway) => dirs(gateway).includes(word.stateDir));
}

/**
 * Must it be seen what lies in the place that the word names? Only where it names another one than all gateways, and no process, unit or
 * person says which is the gateway of its profile. Pure.
 */
export function isOpen(word: StatusWord, gateways: readonly GatewayFacts[]): boolean {
  if (meantBy(word, gateways)) return false;
  return !gateways.some((gateway) => gateway.profile === word.profile && isBelieved(gateway));
}

/**
 * The gateways with the word beside the others. It is shown wherever it contradicts, and decides nothing that anybody else says. What lies in
 * the place that it names (`there`, null where nothing does or it was not looked at) is a gateway of its own, between which and the one
 * of the usual name only a person can choose. Pure.
 */
export function withStatus(
  gateways: readonly GatewayFacts[],
  word: StatusWord,
  there: GatewayFacts | null,
): readonly GatewayFacts[] {
  const meant = meantBy(word, gateways) ?? gateways.find(({ realStateDir }) => realStateDir === there?.realStateDir);
  if (meant) return gateways.map((gateway) => (gateway === meant ? agreed(gateway, word) : gateway));
  if (there) return [...gateways, { ...there, sayings: said(there.sayings, [portIn(word)].flat()) }];
  const against = gateways.filter(({ profile }) => profile === word.profile);
  const contradicted = against.find(isBelieved) ?? against[0];
  // Of another place, the port tells nothing.
  return gateways.map((gateway) =>
    gateway === contradicted ? { ...gateway, sayings: said(gateway.sayings, placeIn(word)) } : gateway,
  );
}

/** The word as a claim, to have its place looked into. Pure. */
export function statusClaim({ profile, stateDir, configPath }: StatusWord): Claim {
  return {
    ...{ kind: 'status', source: STATUS_SOURCE, profile, stateDir, configPath, configs: [configPath] },
    said: [{ what: 'config', value: configPath, source: STATUS_SOURCE }],
    ...{ service: null, process: null },
  };
}

function isBelieved({ sources }: GatewayFacts): boolean {
  return sources.some((source) => !source.startsWith('default') && source !== STATUS_SOURCE);
}

function agreed(gateway: GatewayFacts, word: StatusWord): GatewayFacts {
  const sayings = said(gateway.sayings, [...placeIn(word, gateway), ...portIn(word)]);
  return { ...gateway, sources: [...gateway.sources, STATUS_SOURCE], sayings };
}

type Word = Omit<Saying, 'sources'> & { readonly source: string };

/** By their names in `gateway` where it is only the way to them that differs. */
function placeIn(word: StatusWord, gateway?: GatewayFacts): Word[] {
  const stateDir = word.stateDir === gateway?.realStateDir ? gateway.stateDir : word.stateDir;
  const isSameConfig =
    path.posix.relative(word.stateDir, word.configPath) ===
    path.posix.relative(gateway?.stateDir ?? '/', gateway?.configPath ?? '/');
  const configPath = gateway && isSameConfig && stateDir === gateway.stateDir ? gateway.configPath : word.configPath;
  return [
    { what: 'state dir', value: stateDir, source: STATUS_SOURCE },
    { what: 'config', value: configPath, source: STATUS_SOURCE },
  ];
}

function portIn({ port }: StatusWord): Word[] {
  return port === null ? [] : [{ what: 'port', value: String(port), source: STATUS_SOURCE }];
}

/** Behind all that is said already, so that it counts only where nothing else does. */
function said(sayings: readonly Saying[], words: readonly Word[]): readonly Saying[] {
  const before = sayings.flatMap(({ what, value, sources }) => sources.map((source) => ({ what, value, source })));
  return gathered([...before, ...words]);
}
