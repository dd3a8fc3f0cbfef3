import type { Inventory, ServiceFacts } from '../core/inventory.ts';
import type { AnyProduct } from '../core/product.ts';
import type { OutsideVariable } from '../core/outside.ts';
import { problem, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { isCredential, isOwn, staysBehind } from './credential-names.ts';
import { member } from './gateway-config.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';

/** Will the new gateway have the variables that the old one has? `config` is the whole config, as `wholeConfig` gives it. */
export function secretChecks(inventory: Inventory, config: unknown, product: AnyProduct): readonly PureCheck[] {
  const needed = neededOf(inventory, config, product);
  return [
    pureCheck('secrets-needed', 'The new gateway has every variable that its config needs', () =>
      needed.length === 0 ? [] : [missing(inventory, needed)],
    ),
    pureCheck('secrets-move', 'The secrets that the gateway uses move with it', () => [
      ...leftBehind(inventory, needed),
      ...commandsOf(config),
    ]),
  ];
}

/** Of what kind of gateway, and whether what can be fetched is to be carried. */
interface Carrying {
  readonly product: AnyProduct;
  readonly carryEnv: boolean;
}

/**
 * The variables that the config uses (`${NAME}`, references to the environment), that the old service sets, or that the old gateway has
 * and reads without being told (by their names they are credentials), and how the new gateway comes by each: `.env` in the state dir or
 * the config's own `env` have it, the new machine does, it is to be carried, or it is left. What only moves is not from outside, and not
 * listed. Pure.
 */
export function secretsOutside(inventory: Inventory, config: unknown, carrying: Carrying): readonly OutsideVariable[] {
  const { product } = carrying;
  const asked = [...substitutedIn(config), ...referencesIn(config)];
  const set = Object.keys(inventory.gateway.service?.setBy ?? {});
  const listed = [
    ...asked,
    ...set.filter((name) => !staysBehind(name, product) && !isOwn(name, product)),
    ...inherited(inventory, config).filter(
      (name) => isCredential(name) && !(isOwn(name, product) && set.includes(name)),
    ),
  ];
  return [...new Set(listed)]
    .filter((name) => name !== 'HOME')
    .sort()
    .map((name): OutsideVariable => {
      const setBy = setters(inventory, name);
      return { name, isAskedFor: asked.includes(name), setBy, ...fateOf(name, { inventory, config, carrying }) };
    })
    .filter(({ fate, setBy }) => fate !== 'moves' || setBy.some((one) => !one.startsWith('running process')));
}

/**
 * All that the old gateway was started with. Where that cannot be seen, what it would be started with: from the files of the service
 * manager, and from those of a shell where nothing else starts it or the product is to ask one.
 */
function inherited({ gateway, old }: Inventory, config: unknown): string[] {
  const seen = gateway.process?.variables;
  const isByShell = asksShell(config) || (seen === undefined && gateway.service === null);
  const files = (old.exports ?? []).filter(({ file }) => (isOfManager(file) ? seen === undefined : isByShell));
  return [...(seen ?? []), ...files.map(({ name }) => name)];
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
  const isRead = (file: string): boolean => isOfManager(file) || asksShell(config);
  const file = (here.exports ?? []).find((one) => one.name === name && isRead(one.file))?.file;
  if (file !== undefined) return { fate: 'here', satisfiedBy: file };
  // What only a shell exports has no value until that shell runs: nothing of the old machine is evaluated.
  const isToBeHad = gateway.process?.variables?.includes(name) === true || gateway.service?.setBy?.[name] !== undefined;
  const isCarried = carrying.carryEnv && isToBeHad && !staysBehind(name, carrying.product);
  return { fate: isCarried ? 'carried' : 'left', satisfiedBy: null };
}

function isOfManager(file: string): boolean {
  return file.includes('/environment.d/');
}

/** Is the product to start a login shell and take what it lacks from there? */
function asksShell(config: unknown): boolean {
  return member(config, 'env', 'shellEnv', 'enabled') === true;
}

function serviceSays(service: ServiceFacts | null, name: string): string[] {
  const by = service?.setBy?.[name];
  if (service === null || by === undefined) return [];
  return [`unit ${service.unit}${by === 'unit' ? '' : ` (${by})`}`];
}

/**
 * What the config cannot be loaded without: `${NAME}` of a variable that is left. One that the running gateway is seen to do without is
 * none of them: its release only warns.
 */
function neededOf({ gateway, outside = [] }: Inventory, config: unknown, product: AnyProduct): OutsideVariable[] {
  const needed = substitutedIn(config);
  const doesWithout = (one: OutsideVariable): boolean =>
    one.setBy.length === 0 && gateway.process?.variables !== undefined;
  return outside.filter(
    (one) => one.fate === 'left' && needed.includes(one.name) && !staysBehind(one.name, product) && !doesWithout(one),
  );
}

function missing(inventory: Inventory, needed: readonly OutsideVariable[]): Problem {
  return problem('secret-needed', {
    message: `The config needs ${told(needed)}, which the new gateway would not have: it could not start.`,
    ...byHandOrCarried(inventory, needed),
  });
}

function leftBehind(inventory: Inventory, needed: readonly OutsideVariable[]): Problem[] {
  const left = (inventory.outside ?? []).filter((one) => one.fate === 'left' && !needed.includes(one));
  if (left.length === 0) return [];
  const message = `Not in the state that moves: ${told(left)}.`;
  return [problem('secret-left-behind', { message, ...byHandOrCarried(inventory, left) })];
}

function told(left: readonly OutsideVariable[]): string {
  const words = left.map(({ name, isAskedFor, setBy }) => {
    const where = setBy.length === 0 ? 'not seen to be set by anything' : `set by ${setBy.join(', ')}`;
    return `${name} (${isAskedFor ? 'used by the config, ' : ''}${where})`;
  });
  return printable(words.join('; '), 2000);
}

function byHandOrCarried({ gateway, outside = [] }: Inventory, left: readonly OutsideVariable[]) {
  const byHand = `write NAME=value lines into ${printable(gateway.stateDir)}/.env on the old machine, which moves; or set them for the service here.`;
  // With the flag, what is left is what the flag cannot bring.
  const isOffered = outside.every(({ fate }) => fate !== 'carried');
  return {
    hint: isOffered
      ? `Give --carry-env, which brings what the gateway's process or its unit has; or ${byHand}`
      : `These cannot be carried: ${byHand}`,
    detail: left.map(({ name, isAskedFor, setBy }) => ({ name, isAskedFor, setBy: [...setBy] })),
  };
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

/** Every `${NAME}` in a string (`$${` is none): without one of them a config is not loaded. */
function substitutedIn(value: unknown): string[] {
  if (typeof value === 'string') {
    return [...value.matchAll(/(\$?)\$\{([A-Z_][A-Z0-9_]*)\}/g)].flatMap(([, escape, name]) =>
      escape === '' && name !== undefined ? [name] : [],
    );
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(substitutedIn) : [];
}

/** Each reference `{ source: 'env', id: 'NAME' }`. */
function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const id = member(value, 'id');
  const own = member(value, 'source') === 'env' && typeof id === 'string' && /^\w{1,200}$/.test(id) ? [id] : [];
  return [...own, ...Object.values(value).flatMap(referencesIn)];
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
