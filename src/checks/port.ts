import type { GatewayFacts, Saying } from '../core/inventory.ts';
import type { AnyProduct } from '../core/product.ts';
import { DEFAULT_PORT, envNames } from '../gateway/product.ts';
import { member } from './gateway-config.ts';
import { gathered, wordsOn } from './sayings.ts';

/** What a port follows from. `config` is what `readConfig` gave, or null. */
export interface PortFacts {
  readonly config: unknown;
  readonly product: AnyProduct;
  /** What the person named. */
  readonly flag?: number | null | undefined;
}

/**
 * The port of a gateway: that of the running process, be it set elsewhere as it may, for nobody else knows what is served (its lowest
 * is the gateway's); else what the person named, `--port` of its service, the environment of its service, the config, the product's own. Pure.
 */
export function portOf(gateway: GatewayFacts, facts: PortFacts): number {
  const port = wordsFor(gateway, facts).map(({ value }) => Number(value))[0] ?? DEFAULT_PORT;
  const listening = gateway.process?.ports ?? [];
  return listening.includes(port) ? port : (listening[0] ?? port);
}

/** Every word on the port; the one that counts first. Pure. */
export function portSayings(gateway: GatewayFacts, facts: PortFacts): readonly Saying[] {
  const port = String(portOf(gateway, facts));
  const words = wordsFor(gateway, facts);
  const { process } = gateway;
  const isServed = process?.ports?.includes(Number(port)) ?? false;
  const served = isServed
    ? [{ what: 'port', value: port, source: `running process ${String(process?.pid)}` } as const]
    : [];
  const fallback = { what: 'port', value: port, source: 'default' } as const;
  const all = [...served, ...words];
  const sayings = gathered(all.length === 0 ? [fallback] : all);
  return [...sayings.filter(({ value }) => value === port), ...sayings.filter(({ value }) => value !== port)];
}

/**
 * Units that start one gateway on different ports, while none of them runs: whichever starts first decides, so nobody knows. Empty
 * where there is no such doubt. Pure.
 */
export function portsInDoubt(gateway: GatewayFacts): readonly Saying[] {
  if ((gateway.process?.ports ?? []).length > 0) return [];
  const units = wordsOn('port', gateway.sayings).filter(({ sources }) =>
    sources.some((one) => one.startsWith('unit ')),
  );
  return units.length > 1 ? units : [];
}

type Word = { readonly what: 'port'; readonly value: string; readonly source: string };

function wordsFor({ service, sayings }: GatewayFacts, { config, product, flag }: PortFacts): Word[] {
  const argv = service?.execStart ?? [];
  const at = argv.indexOf('--port');
  const joined = argv.find((word) => word.startsWith('--port='))?.slice('--port='.length);
  const variable = envNames(product, 'GATEWAY_PORT').find((name) => service?.environment[name] !== undefined) ?? '';
  const unit = `unit ${service?.unit ?? ''}`;
  const by = service?.setBy?.[variable] ?? 'unit';
  const others = wordsOn('port', sayings).flatMap(({ value, sources }) =>
    sources.map((source) => [value, source] as const),
  );
  const words: (readonly [unknown, string])[] = [
    [flag, 'flag'],
    [at < 0 ? joined : argv[at + 1], unit],
    [service?.environment[variable], by === 'unit' ? unit : `${unit} (${by})`],
    ...others.filter(([, source]) => source.startsWith('unit ')),
    [member(config, 'gateway', 'port'), 'config'],
    ...others.filter(([, source]) => !source.startsWith('unit ')),
  ];
  return words.flatMap(([value, source]) => {
    const port = portIn(value);
    return port === null ? [] : [{ what: 'port', value: String(port), source }];
  });
}

function portIn(value: unknown): number | null {
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65536 ? port : null;
}
