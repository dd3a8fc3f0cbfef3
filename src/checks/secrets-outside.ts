import type { Inventory, ServiceFacts } from '../core/inventory.ts';
import { problem, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { PRODUCTS } from '../gateway/product.ts';
import type { ProductName } from '../core/inventory.ts';
import { member } from './gateway-config.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';

/** A variable that the gateway uses and that does not move with its state. Never a value. */
export interface OutsideSecret {
  readonly name: string;
  /** Does the config ask for it? Else it is only set for the service. */
  readonly isAskedFor: boolean;
  /** Everything on the old machine that sets it; empty where nothing was seen to. */
  readonly setBy: readonly string[];
}

/** Will the new gateway have the variables that the old one has? `config` is the whole config, as `wholeConfig` gives it. */
export function secretChecks(inventory: Inventory, config: unknown, product: ProductName): readonly PureCheck[] {
  return [
    pureCheck('secrets-move', 'The secrets that the gateway uses move with it', () => [
      ...leftBehind(inventory, secretsOutside(inventory, config, product)),
      ...commandsOf(config),
    ]),
  ];
}

/**
 * The variables that the config uses (`${NAME}`, references to the environment) or that the old service sets, as far as neither
 * `.env` in the state dir, nor the config's own `env`, nor the service manager of the new machine has them. Pure.
 */
export function secretsOutside(inventory: Inventory, config: unknown, product: ProductName): readonly OutsideSecret[] {
  const { gateway, old, new: here } = inventory;
  const asked = namesIn(config);
  const set = Object.keys(gateway.service?.setBy ?? {}).filter((name) => !isOrdinary(name, product));
  const moves = new Set([...(gateway.dotEnv ?? []), ...ownNames(config)]);
  const isHere = (name: string): boolean =>
    (here.exports ?? []).some((one) => one.name === name && one.file.includes('/environment.d/'));
  return [...new Set([...asked, ...set])]
    .filter((name) => !moves.has(name) && !isHere(name) && name !== 'HOME')
    .sort()
    .map((name) => ({
      name,
      isAskedFor: asked.includes(name),
      setBy: [
        ...serviceSays(gateway.service, name),
        ...(gateway.process?.variables?.includes(name) ? [`running process ${String(gateway.process.pid)}`] : []),
        ...(old.exports ?? []).filter((one) => one.name === name).map((one) => one.file),
      ],
    }));
}

function serviceSays(service: ServiceFacts | null, name: string): string[] {
  const by = service?.setBy?.[name];
  if (service === null || by === undefined) return [];
  return [`unit ${service.unit}${by === 'unit' ? '' : ` (${by})`}`];
}

function leftBehind({ gateway }: Inventory, secrets: readonly OutsideSecret[]): Problem[] {
  if (secrets.length === 0) return [];
  const words = secrets.map(({ name, isAskedFor, setBy }) => {
    const where = setBy.length === 0 ? 'not seen to be set by anything' : `set by ${setBy.join(', ')}`;
    return `${name} (${isAskedFor ? 'used by the config, ' : ''}${where})`;
  });
  return [
    problem('secret-left-behind', {
      message: `Not in the state that moves: ${printable(words.join('; '), 2000)}.`,
      hint: `Write NAME=value lines into ${printable(gateway.stateDir)}/.env on the old machine, which moves; or set them for the service here.`,
      detail: secrets.map(({ name, isAskedFor, setBy }) => ({ name, isAskedFor, setBy: [...setBy] })),
    }),
  ];
}

/** Programs that hand out secrets: what a keychain or another login holds stays on the old machine. */
function commandsOf(config: unknown): Problem[] {
  const providers = member(config, 'secrets', 'providers');
  if (typeof providers !== 'object' || providers === null) return [];
  const found = Object.entries(providers).flatMap(([name, provider]: [string, unknown]) => {
    const command = member(provider, 'command');
    return typeof command === 'string' ? [`${name} runs ${command}`] : [];
  });
  if (found.length === 0) return [];
  return [
    problem('secret-by-command', {
      message: `Secrets come from programs of the old machine: ${printable(found.join('; '), 2000)}. What they know (a keychain, a login) does not move.`,
      hint: 'Install them here and log in to them here, then try each by hand.',
    }),
  ];
}

/** Every `${NAME}` in a string (`$${` is none), and each reference `{ source: 'env', id: 'NAME' }`. */
function namesIn(value: unknown): string[] {
  if (typeof value === 'string') {
    return [...value.matchAll(/(\$?)\$\{([A-Z_][A-Z0-9_]*)\}/g)].flatMap(([, escape, name]) =>
      escape === '' && name !== undefined ? [name] : [],
    );
  }
  if (typeof value !== 'object' || value === null) return [];
  const id = member(value, 'id');
  const own = member(value, 'source') === 'env' && typeof id === 'string' && /^\w{1,200}$/.test(id) ? [id] : [];
  return [...own, ...Object.values(value).flatMap(namesIn)];
}

/** Variables that the config itself sets. */
function ownNames(config: unknown): string[] {
  const blocks = [member(config, 'env'), member(config, 'env', 'vars')];
  return blocks.flatMap((block) => {
    if (typeof block !== 'object' || block === null) return [];
    return Object.entries(block).flatMap(([name, value]: [string, unknown]) =>
      typeof value === 'string' ? [name] : [],
    );
  });
}

/** What the product writes into every unit, and what has no meaning on another machine. */
function isOrdinary(name: string, product: ProductName): boolean {
  const { envPrefix, legacyEnvPrefixes } = PRODUCTS[product];
  if ([envPrefix, ...legacyEnvPrefixes].some((prefix) => name.startsWith(`${prefix}_`))) return true;
  return /^(HOME|PATH|TMPDIR|LANG|LANGUAGE|LC_\w+|TZ|USER|LOGNAME|SHELL|TERM|NO_COLOR|NODE_\w+|XDG_\w+|DBUS_\w+)$/.test(
    name,
  );
}
