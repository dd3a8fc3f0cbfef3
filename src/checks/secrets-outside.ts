import type { Inventory, ProductName, ServiceFacts } from '../core/inventory.ts';
import type { OutsideVariable } from '../core/outside.ts';
import { problem, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { PRODUCTS } from '../gateway/product.ts';
import { member } from './gateway-config.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';

/** Will the new gateway have the variables that the old one has? `config` is the whole config, as `wholeConfig` gives it. */
export function secretChecks(inventory: Inventory, config: unknown): readonly PureCheck[] {
  return [
    pureCheck('secrets-move', 'The secrets that the gateway uses move with it', () => [
      ...leftBehind(inventory),
      ...commandsOf(config),
    ]),
  ];
}

/** Of what kind of gateway, and whether what can be fetched is to be carried. */
interface Carrying {
  readonly product: ProductName;
  readonly carryEnv: boolean;
}

/**
 * The variables that the config uses (`${NAME}`, references to the environment) or that the old service sets, and how the new gateway
 * comes by each: `.env` in the state dir or the config's own `env` have it, the service manager of the new machine does, it is to be
 * carried, or it is left. What only moves is not from outside, and not listed. Pure.
 */
export function secretsOutside(inventory: Inventory, config: unknown, carrying: Carrying): readonly OutsideVariable[] {
  const { gateway } = inventory;
  const asked = namesIn(config);
  const set = Object.keys(gateway.service?.setBy ?? {});
  return [...new Set([...asked, ...set])]
    .filter((name) => name !== 'HOME' && (asked.includes(name) || !isOrdinary(name, carrying.product)))
    .sort()
    .map((name): OutsideVariable => {
      const setBy = setters(inventory, name);
      return { name, isAskedFor: asked.includes(name), setBy, ...fateOf(name, { inventory, config, carrying }) };
    })
    .filter(({ fate, setBy }) => fate !== 'moves' || setBy.some((one) => !one.startsWith('running process')));
}

function setters({ gateway, old }: Inventory, name: string): string[] {
  return [
    ...serviceSays(gateway.service, name),
    ...(gateway.process?.variables?.includes(name) ? [`running process ${String(gateway.process.pid)}`] : []),
    ...(old.exports ?? []).filter((one) => one.name === name).map((one) => one.file),
  ];
}

interface Facts {
  readonly inventory: Inventory;
  readonly config: unknown;
  readonly carrying: Carrying;
}

function fateOf(name: string, { inventory, config, carrying }: Facts): Pick<OutsideVariable, 'fate' | 'satisfiedBy'> {
  const { gateway, new: here } = inventory;
  if (gateway.dotEnv?.includes(name)) return { fate: 'moves', satisfiedBy: '.env of the state dir' };
  if (ownNames(config).includes(name)) return { fate: 'moves', satisfiedBy: 'the config' };
  const file = (here.exports ?? []).find((one) => one.name === name && one.file.includes('/environment.d/'))?.file;
  if (file !== undefined) return { fate: 'here', satisfiedBy: file };
  // What only a shell exports has no value until that shell runs: nothing of the old machine is evaluated.
  const isToBeHad = gateway.process?.variables?.includes(name) === true || gateway.service?.setBy?.[name] !== undefined;
  const isCarried = carrying.carryEnv && isToBeHad && !isOrdinary(name, carrying.product);
  return { fate: isCarried ? 'carried' : 'left', satisfiedBy: null };
}

function serviceSays(service: ServiceFacts | null, name: string): string[] {
  const by = service?.setBy?.[name];
  if (service === null || by === undefined) return [];
  return [`unit ${service.unit}${by === 'unit' ? '' : ` (${by})`}`];
}

function leftBehind({ gateway, outside = [] }: Inventory): Problem[] {
  const left = outside.filter(({ fate }) => fate === 'left');
  if (left.length === 0) return [];
  const words = left.map(({ name, isAskedFor, setBy }) => {
    const where = setBy.length === 0 ? 'not seen to be set by anything' : `set by ${setBy.join(', ')}`;
    return `${name} (${isAskedFor ? 'used by the config, ' : ''}${where})`;
  });
  const byHand = `write NAME=value lines into ${printable(gateway.stateDir)}/.env on the old machine, which moves; or set them for the service here.`;
  // With the flag, what is left is what the flag cannot bring.
  const isOffered = outside.every(({ fate }) => fate !== 'carried');
  return [
    problem('secret-left-behind', {
      message: `Not in the state that moves: ${printable(words.join('; '), 2000)}.`,
      hint: isOffered
        ? `Give --carry-env, which brings what the gateway's process or its unit has; or ${byHand}`
        : `These cannot be carried: ${byHand}`,
      detail: left.map(({ name, isAskedFor, setBy }) => ({ name, isAskedFor, setBy: [...setBy] })),
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
