import type { BoundFacts } from '../census/bound-answer.ts';
import type { ByHand } from '../core/by-hand.ts';
import { productNames } from '../gateway/product.ts';
import { pasteable } from '../host/pasteable.ts';
import { isOldName, newAddress, productHere, type Bound } from './by-hand-names.ts';

/** What of the files of the state is of use on the old machine only, or belongs to a third one. Pure. */
export function stateByHand(bound: Bound): ByHand[] {
  return [
    ...devices(bound),
    ...nodeHost(bound),
    ...browsers(bound),
    ...containers(bound),
    ...jobs(bound),
    ...certificates(bound),
  ];
}

function devices(bound: Bound): ByHand[] {
  return bound.old.devices.map((device) => {
    const { list, id, name, platform, client, isNode } = device;
    const about = [platform, client].filter((word) => word !== '').join(', ');
    return {
      id: `device:${list}:${id}`,
      what: `${isNode ? 'node' : 'client'} ${name}${about === '' ? '' : ` (${about})`}`,
      ...pointedAnew(kindOf(device), bound),
    };
  });
}

type Kind = 'app' | 'browser' | 'node' | 'client';

function kindOf({ platform, client, isNode }: BoundFacts['devices'][number]): Kind {
  const words = `${platform} ${client}`.toLowerCase();
  if (/control-ui|webchat/.test(words)) return 'browser';
  if (/\bios\b|ipados|android|-macos|\bmac app\b|iphone|ipad/.test(words)) return 'app';
  return isNode ? 'node' : 'client';
}

/** Its token moved with the gateway: only the address is another. */
function pointedAnew(kind: Kind, bound: Bound): Pick<ByHand, 'why' | 'command'> {
  const { host, port, url, tunnel } = newAddress(bound);
  const { command } = productNames(bound.plan.new.gateway.product);
  const still = `It still calls the old machine; the gateway is ${url} now.`;
  if (tunnel !== null) {
    const why = `${still} It listens on the loopback of this machine only: with this tunnel, opened on that device, it is ws://127.0.0.1:${port} there.`;
    return { why, command: kind === 'app' ? null : tunnel };
  }
  if (kind === 'app') return { why: `${still} Put that address into the settings of the app.`, command: null };
  if (kind === 'browser')
    return { why: `${still} Open ${url.replace(/^ws/, 'http')}/ in that browser.`, command: null };
  const run =
    kind === 'node'
      ? `node install --force --host ${pasteable(host)} --port ${port}`
      : `config set gateway.remote.url ${pasteable(url)}`;
  return { why: `${still} Run this on that device.`, command: `${command} ${run}` };
}

function nodeHost(bound: Bound): ByHand[] {
  const { nodeHost: name, machine } = bound.old;
  if (name === null) return [];
  const { why, command } = pointedAnew('node', bound);
  return [
    {
      id: 'node-host',
      what: `node ${name}: the old machine (${machine.hostname}) is a node itself, by node.json in the state`,
      why: `${why} That device is the old machine. Its identity was copied: do not start a node here with it.`,
      command,
    },
  ];
}

/** What holds the key of the cookies stays: a Mac's Keychain, the keyring of a desktop. */
function browsers({ plan, old }: Bound): ByHand[] {
  const isMac = plan.old.platform === 'darwin';
  const isOther = plan.old.platform !== plan.new.platform;
  return old.browsers
    .filter(({ hasLogins, isByKeyring }) => hasLogins && (isMac || isOther || isByKeyring))
    .map(({ profile }) => ({
      id: `browser:${profile}`,
      what: `logins in the browser profile ${profile}`,
      why: `Its cookies are encrypted with a key in the ${isMac ? 'Keychain' : 'keyring'} of the old machine, which does not move: log in again there.`,
      command: null,
    }));
}

/** The list of them is left out, so they are made anew when they are next wanted. */
function containers({ plan, old }: Bound): ByHand[] {
  return old.containers.map(({ name, image }) => ({
    id: `container:${name}`,
    what: `sandbox container ${name}${image === '' ? '' : ` of the image ${image}`}`,
    why: 'It is on the old machine only. The gateway makes another one when it is needed, if this machine has the image; what was installed inside of the container is gone.',
    command: image === '' ? null : `ssh ${pasteable(plan.target)} docker save ${pasteable(image)} | docker load`,
  }));
}

function jobs(bound: Bound): ByHand[] {
  const { old, here, timeZone } = bound;
  if (zone(timeZone) === zone(here.timeZone)) return [];
  return old.jobs.map(({ id, name }) => ({
    id: `cron-job:${id}`,
    what: `cron job ${name === '' ? id : name}`,
    why: `It has no time zone of its own and followed that of the old machine, ${timeZone}; this one is in ${here.timeZone}.`,
    command: `${productHere(bound)} cron edit ${pasteable(id)} --tz ${pasteable(timeZone)}`,
  }));
}

/** The one zone that has many names. */
function zone(name: string): string {
  return /^(?:Etc\/)?(?:UTC|UCT|GMT|Zulu|Universal|Greenwich|GMT[+-]?0)$/.test(name) ? 'UTC' : name;
}

function certificates(bound: Bound): ByHand[] {
  const { plan, old } = bound;
  const name = plan.new.hostname.toLowerCase();
  return old.certificates.flatMap(({ path, names }) => {
    const stale = names.filter((one) => isOldName(one, bound));
    if (stale.length === 0 || names.some((one) => one.toLowerCase() === name)) return [];
    return [
      {
        id: `certificate:${path}`,
        what: `TLS certificate ${path}, which is for ${stale.join(', ')}`,
        why: `It does not name this machine (${plan.new.hostname}): clients that check it will refuse. Get one for this name, and put it in the same place.`,
        command: null,
      },
    ];
  });
}
