import { isIP } from 'node:net';
import { basename } from 'node:path/posix';
import type { ByHand } from '../core/by-hand.ts';
import { pasteable } from '../host/pasteable.ts';
import { printable } from '../host/printable.ts';
import { inTailnet, isLoopback, productHere, type Bound } from './by-hand-names.ts';
import { member } from './gateway-config.ts';

/** What the config says of the old machine itself: its addresses, its tailnet, its keychains, its system. Pure. */
export function configByHand(bound: Bound): ByHand[] {
  return [
    ...bind(bound),
    ...tailscale(bound),
    ...proxies(bound),
    ...iMessage(bound),
    ...blueBubbles(bound),
    ...keychains(bound),
  ];
}

function bind(bound: Bound): ByHand[] {
  const { config, here } = bound;
  const mode = member(config, 'gateway', 'bind');
  const key = mode === 'custom' ? 'customBindHost' : 'bind';
  const address = member(config, 'gateway', key);
  if (mode === 'tailnet' && !inTailnet(here.addresses)) return [noTailnet('gateway.bind', 'bound to its tailnet')];
  if (typeof address !== 'string' || isIP(address) === 0) return [];
  if (isLoopback(address) || here.addresses.includes(address)) return [];
  const [other] = here.addresses.filter((one) => isIP(one) === isIP(address));
  const has = here.addresses.length === 0 ? 'none' : here.addresses.join(', ');
  return [
    {
      id: `config:gateway.${key}`,
      what: `gateway.${key} is the address ${printable(address)}`,
      why: `This machine does not have it (it has ${has}), so the gateway cannot listen there.`,
      command: other === undefined ? null : `${productHere(bound)} config set gateway.${key} ${pasteable(other)}`,
    },
  ];
}

function noTailnet(key: string, how: string): ByHand {
  return {
    id: `config:${key}`,
    what: `the gateway is ${how} (${key})`,
    why: 'This machine has no address in a tailnet.',
    command: 'sudo tailscale up',
  };
}

/** The name under which a tailnet serves it is that of the machine. */
function tailscale({ config, here, plan }: Bound): ByHand[] {
  const mode = member(config, 'gateway', 'tailscale', 'mode');
  if (mode !== 'serve' && mode !== 'funnel') return [];
  if (!inTailnet(here.addresses)) return [noTailnet('gateway.tailscale', `served by Tailscale (${mode})`)];
  return [
    {
      id: 'config:gateway.tailscale',
      what: `the gateway is served by Tailscale (${mode})`,
      why: `Its name in the tailnet is that of this machine now, and no longer that of ${printable(plan.old.hostname)}: put the new one where the old one is used.`,
      command: `tailscale ${mode} status`,
    },
  ];
}

function proxies({ config, plan }: Bound): ByHand[] {
  const value = member(config, 'gateway', 'trustedProxies');
  const listed = Array.isArray(value) ? (value as unknown[]).filter((one) => typeof one === 'string') : [];
  if (listed.length === 0) return [];
  const own = listed.filter((one) => isLoopback(one)).map((one) => printable(one));
  const { hostname, gateway } = plan.new;
  const there =
    own.length === 0
      ? ''
      : ` The one at ${own.join(', ')} ran on the old machine itself, and has to be set up on this one.`;
  return [
    {
      id: 'config:gateway.trustedProxies',
      what: `reverse proxies in front of the gateway: ${listed.map((one) => printable(one)).join(', ')}`,
      why: `They forward to the old machine: let them forward to ${printable(hostname)}:${gateway.port}.${there}`,
      command: null,
    },
  ];
}

function isSwitchedOn(channel: unknown): boolean {
  return typeof channel === 'object' && channel !== null && member(channel, 'enabled') !== false;
}

function iMessage(bound: Bound): ByHand[] {
  const { config, plan } = bound;
  const channel = member(config, 'channels', 'imessage');
  const isLocal = typeof member(channel, 'remoteHost') !== 'string';
  if (!isSwitchedOn(channel) || !isLocal || plan.old.platform !== 'darwin') return [];
  const isMac = plan.new.platform === 'darwin';
  return [
    {
      id: 'config:channels.imessage',
      what: 'the channel iMessage',
      why: isMac
        ? 'It speaks with the Messages of the old Mac: sign in to Messages here, and give the gateway Full Disk Access.'
        : 'It needs the Messages of a Mac, and this machine is none: it cannot move here.',
      command: isMac ? null : `${productHere(bound)} config set channels.imessage.enabled false`,
    },
  ];
}

/** Its server is a program on a Mac, which stays where it is. */
function blueBubbles(bound: Bound): ByHand[] {
  const { config, plan } = bound;
  const channel = member(config, 'channels', 'bluebubbles');
  const url = member(channel, 'serverUrl');
  if (!isSwitchedOn(channel) || typeof url !== 'string' || !URL.canParse(url)) return [];
  const { hostname, protocol, port } = new URL(url);
  if (!isLoopback(hostname)) return [];
  const there = `${protocol}//${printable(plan.old.hostname)}${port === '' ? '' : `:${port}`}`;
  return [
    {
      id: 'config:channels.bluebubbles.serverUrl',
      what: 'the server of BlueBubbles runs on the old machine',
      why: `It stays there: name it by the old machine's name here, and let it send its webhooks to ${printable(plan.new.hostname)}:${plan.new.gateway.port}.`,
      command: `${productHere(bound)} config set channels.bluebubbles.serverUrl ${pasteable(there)}`,
    },
  ];
}

/** Programs that hand out what a keychain or a login of theirs holds, and how that is made anew. */
const KEEPERS: Readonly<Record<string, { name: string; command: string | null }>> = {
  op: { name: '1Password', command: 'op signin' },
  bw: { name: 'Bitwarden', command: 'bw login' },
  security: { name: "the Mac's Keychain", command: null },
  'secret-tool': { name: 'the secret service of the desktop', command: null },
  'kwallet-query': { name: 'KWallet', command: null },
  keyring: { name: 'the keyring', command: null },
  pass: { name: 'the password store', command: null },
  gopass: { name: 'the password store', command: null },
  vault: { name: 'Vault', command: 'vault login' },
};

function keychains({ config }: Bound): ByHand[] {
  const providers = member(config, 'secrets', 'providers');
  const found = typeof providers === 'object' && providers !== null ? Object.entries(providers) : [];
  const byCommand = found.flatMap(([name, provider]: [string, unknown]) => {
    const command = member(provider, 'command');
    const keeper = typeof command === 'string' ? KEEPERS[basename(command)] : undefined;
    return keeper ? [keptBy(`secrets.providers.${printable(name)}`, keeper)] : [];
  });
  const isNamed = byCommand.some(({ command }) => command === KEEPERS['op']?.command);
  const { op } = KEEPERS;
  return !isNamed && op && namesOnePassword(config) ? [...byCommand, keptBy('op:// references', op)] : byCommand;
}

function keptBy(where: string, { name, command }: { name: string; command: string | null }): ByHand {
  return {
    id: `keychain:${where}`,
    what: `secrets that the config takes from ${name} (${where})`,
    why: `What ${name} holds, or who is logged in to it, is of the old machine and was not copied: ${command === null ? 'store it here again' : 'log in here'}.`,
    command,
  };
}

function namesOnePassword(value: unknown): boolean {
  if (typeof value === 'string') return value.startsWith('op://');
  return typeof value === 'object' && value !== null && Object.values(value).some(namesOnePassword);
}
