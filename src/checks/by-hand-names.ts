import { isIP } from 'node:net';
import type { BoundFacts } from '../census/bound-answer.ts';
import { printable } from '../host/printable.ts';
import { pasteable } from '../host/pasteable.ts';
import { productNames } from '../gateway/product.ts';
import type { Plan } from '../core/plan.ts';
import { member } from './gateway-config.ts';

/** What the list of things to do by hand is made from. */
export interface Bound {
  readonly plan: Plan;
  /** The whole config, or null. */
  readonly config: unknown;
  readonly old: BoundFacts;
  readonly here: BoundFacts['machine'];
  /** What the old gateway took for its time zone. */
  readonly timeZone: string;
}

/** Is this a name or address of the old machine, and none of the new one? In any case of letters. Pure. */
export function isOldName(host: string, { plan, old, here }: Bound): boolean {
  const name = bare(host);
  const mine = namesOf(plan.new.hostname, here);
  if (name === '' || isLoopback(name) || mine.includes(name)) return false;
  if ([...namesOf(plan.old.hostname, old.machine), plan.connect.host.toLowerCase()].includes(name)) return true;
  const [short = ''] = plan.old.hostname.toLowerCase().split('.');
  const isShared = short === '' || short === 'localhost' || plan.new.hostname.toLowerCase().split('.')[0] === short;
  return !isShared && isIP(name) === 0 && name.startsWith(`${short}.`);
}

/** What takes the place of a name of the old machine: a name in a domain keeps that domain. Pure. */
export function newName(host: string, { plan }: Bound): string {
  const { hostname } = plan.new;
  const domain = /^[a-z0-9-]+(\..+)$/i.exec(host)?.[1] ?? '';
  const isFull = isIP(host) !== 0 || hostname.includes('.') || host.toLowerCase() === plan.connect.host.toLowerCase();
  return isFull ? hostname : `${hostname}${domain}`;
}

export function isLoopback(host: string): boolean {
  const name = bare(host);
  return name === 'localhost' || name === '::1' || /^127(?:\.\d{1,3}){3}$/.test(name) || isAnyAddress(name);
}

export function isAnyAddress(host: string): boolean {
  return ['0.0.0.0', '::'].includes(bare(host));
}

/** Does one of these lie in the range of a tailnet? */
export function inTailnet(addresses: readonly string[]): boolean {
  return addresses.some((address) => /^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(address));
}

/** Where the new gateway is reached, and how where it listens to its own machine alone. Pure. */
export function newAddress({ plan, config }: Bound): {
  host: string;
  port: number;
  url: string;
  tunnel: string | null;
} {
  const { hostname: host, user, gateway } = plan.new;
  const { port } = gateway;
  const scheme = member(config, 'gateway', 'tls', 'enabled') === true ? 'wss' : 'ws';
  const bind = member(config, 'gateway', 'bind');
  const mode = member(config, 'gateway', 'tailscale', 'mode');
  const isAlone = (bind === undefined || bind === 'loopback') && mode !== 'serve' && mode !== 'funnel';
  const tunnel = isAlone ? `ssh -N -L ${port}:127.0.0.1:${port} ${pasteable(`${user}@${host}`)}` : null;
  return { host: printable(host), port, url: `${scheme}://${printable(host)}:${port}`, tunnel };
}

/** The product's own command for the gateway that moved, for this machine. Pure. */
export function productHere({ plan }: Bound): string {
  const { product, profile } = plan.new.gateway;
  const { command } = productNames(product);
  return profile === 'default' ? command : `${command} --profile ${pasteable(profile)}`;
}

function namesOf(hostname: string, machine: BoundFacts['machine']): string[] {
  const names = [hostname, machine.hostname].map((name) => name.toLowerCase()).filter((name) => name !== '');
  return [...names, ...names.map((name) => `${name}.local`), ...machine.addresses.map((one) => one.toLowerCase())];
}

function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
