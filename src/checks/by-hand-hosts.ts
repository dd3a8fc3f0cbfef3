import type { ByHand } from '../core/by-hand.ts';
import { pasteable } from '../host/pasteable.ts';
import { printable } from '../host/printable.ts';
import { isLoopback, isOldName, newName, productHere, type Bound } from './by-hand-names.ts';

/** Told with words of their own. */
const ELSEWHERE =
  /^(?:meta|gateway\.(?:bind|customBindHost|trustedProxies)|channels\.bluebubbles\.serverUrl|browser)(?:[.[]|$)/;
const WEBHOOK = /(?:webhook(?:public)?|public)url$/i;
const HOST_KEY = /(?:host|address|origin|domain|server|endpoint|proxy|bind)\w*(?:\[\d+\])?$/i;
const LONGEST = 2048;

/**
 * Values of the config that name the old machine, webhooks that come by a public name, and services that ran beside the old gateway. Of
 * a URL only what names the machine is told, for the rest may be a secret. Pure.
 */
export function hostsByHand(bound: Bound): ByHand[] {
  return [...stringsIn(bound.config, '')].flatMap(({ at, value }) => {
    if (ELSEWHERE.test(at) || value.length > LONGEST) return [];
    const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) && URL.canParse(value) ? new URL(value) : null;
    return url === null ? bareName(at, value, bound) : named(at, { url, value }, bound);
  });
}

function named(at: string, { url, value }: { url: URL; value: string }, bound: Bound): ByHand[] {
  const { host, hostname, port, protocol } = url;
  const origin = `${protocol}//${printable(host)}`;
  if (isOldName(hostname, bound)) {
    const isPlain = value.replace(/\/$/, '').toLowerCase() === `${protocol}//${host}`;
    const moved = `${protocol}//${newName(hostname, bound)}${port === '' ? '' : `:${port}`}`;
    return [oldNamed(at, origin, { moved: isPlain ? moved : null, bound })];
  }
  if (isLoopback(hostname) && port !== '' && !isOwnPort(Number(port), bound)) return [service(at, origin)];
  return WEBHOOK.test(at) && !isLoopback(hostname) ? [webhook(at, printable(hostname), bound)] : [];
}

function bareName(at: string, value: string, bound: Bound): ByHand[] {
  const [, host = value, port = ''] = /^([^:\s]+)(:\d{1,5})$/.exec(value) ?? [];
  // A single word may be the name of anything; where a host is meant the key says so.
  if (port === '' && !/[.:]/.test(host) && !HOST_KEY.test(at)) return [];
  if (!isOldName(host, bound)) return [];
  return [oldNamed(at, printable(value), { moved: `${newName(host, bound)}${port}`, bound })];
}

function oldNamed(at: string, seen: string, { moved, bound }: { moved: string | null; bound: Bound }): ByHand {
  return {
    id: `config:${at}`,
    what: `${at} names the old machine: ${seen}`,
    why: `This one is ${printable(bound.plan.new.hostname)}. Put that there, unless it is something else on the old machine that is meant${moved === null ? '; the rest of the value stays' : ''}.`,
    command: moved === null ? null : `${productHere(bound)} config set ${pasteable(at)} ${pasteable(moved)}`,
  };
}

function service(at: string, origin: string): ByHand {
  return {
    id: `service:${at}`,
    what: `${at} uses a service of the old machine: ${origin}`,
    why: 'It listened there beside the gateway and does not move with it: set it up here, or name it by the name of the old machine.',
    command: null,
  };
}

function webhook(at: string, host: string, { plan }: Bound): ByHand {
  return {
    id: `webhook:${at}`,
    what: `${at} lets others call ${host}`,
    why: `See that this name leads to this machine (${printable(plan.new.hostname)}) and no longer to the old one.`,
    command: `nslookup ${pasteable(host)}`,
  };
}

/** The gateway's own ports lie within twenty of the first. */
function isOwnPort(port: number, { plan }: Bound): boolean {
  const first = plan.old.gateway.port;
  return port >= first && port < first + 20;
}

function* stringsIn(value: unknown, at: string): Generator<{ at: string; value: string }> {
  if (typeof value === 'string') yield { at, value };
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    const step = Array.isArray(value) ? `${at}[${name}]` : at === '' ? name : `${at}.${name}`;
    yield* stringsIn(inner, printable(step));
  }
}
