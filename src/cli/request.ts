import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Asked, Connect, Limits, OwnCommands, Transport } from '../core/plan.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import type { AnyProduct, Product, ProductName } from '../core/product.ts';
import { shown } from '../core/shown.ts';
import { withWholePaths } from '../host/ssh-option-paths.ts';
import { PRODUCT_NAMES, productNames } from '../gateway/product.ts';
import { parseHop, parseTarget } from '../host/target.ts';
import type { Request } from '../visits/visit.ts';
import { closest } from './closest.ts';
import { hasPerson } from './ask.ts';
import type { ConnectionFlags, ConsentFlags, GatewayFlags, LimitFlags, OutputFlags } from './flags.ts';
import { whileOrNever } from './moment.ts';
import { profilesOf } from './profile-flags.ts';
import type { Surroundings } from './surroundings.ts';

const DEFAULT_PRODUCT: ProductName = 'smart-agent-neo';
const TRANSPORTS: readonly Transport[] = ['auto', 'ssh2', 'openssh'];
const DAY_S = 86_400;
const DEAD_MAN_MS = 600_000;

/** The surroundings of a command, and the products that the settings of the person add to those that are known. */
type Around = Surroundings & { readonly products?: readonly Product[] };

/** The flags of a command that looks at the old machine, as a Request. Throws `target-malformed`, `option-invalid`. */
export function requestOf(
  target: string,
  flags: ConnectionFlags & GatewayFlags & LimitFlags & ConsentFlags & OutputFlags,
  around: Around,
): Request {
  const { user, host, port } = parseTarget(target);
  const given = connectOf(flags, around);
  const connect: Connect = {
    ...{ user, host, port },
    identities: [],
    configFile: null,
    jump: null,
    options: [],
    family: null,
    transport: 'auto',
    knownHosts: null,
    hostKeyPin: null,
    passwordFile: null,
    passphraseFile: null,
    ...given,
  };
  const allProfiles = flags['all-profiles'] === true;
  const products: readonly AnyProduct[] = [...PRODUCT_NAMES, ...(around.products ?? [])];
  return {
    ...{ target, connect, limits: { ...limitsOf(flags), deadManMs: deadManOf(flags, around) ?? null } },
    asked: askedOf(flags, productOf(flags.product, products)),
    ...(flags.product === undefined && { among: products }),
    ...(allProfiles && { allProfiles }),
  };
}

/** How the old machine is to be reached, as far as flags say. Throws `option-invalid`. */
export function connectOf(flags: ConnectionFlags, around: Surroundings): Partial<Connect> {
  const path = (text: string): string => placeOf(text, around);
  const pin = flags['host-key'];
  if (pin !== undefined && !/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(pin))
    throw invalid('--host-key', pin, 'Give it as ssh-keygen -lf prints it: SHA256: and 43 characters.');
  return {
    ...(flags.identity && { identities: flags.identity.map((text) => readableAt('--identity', path(text))) }),
    ...(flags.port !== undefined && { port: wholeNumber('--port', flags.port, { from: 1, to: 65_535 }) }),
    ...(flags['ssh-config'] !== undefined && {
      configFile: flags['ssh-config'] === 'none' ? 'none' : readableAt('--ssh-config', path(flags['ssh-config'])),
    }),
    ...(flags.jump !== undefined && { jump: jumpOf(flags.jump) }),
    ...(flags['ssh-option'] && {
      options: flags['ssh-option'].map((option) => withWholePaths(optionOf(option), around.cwd)),
    }),
    ...((flags.ipv4 ?? flags.ipv6) && { family: familyOf(flags) }),
    ...(flags.transport !== undefined && { transport: transportOf(flags.transport) }),
    ...(flags['known-hosts'] !== undefined && { knownHosts: path(flags['known-hosts']) }),
    ...(pin !== undefined && { hostKeyPin: pin }),
    ...(flags['password-file'] !== undefined && { passwordFile: path(flags['password-file']) }),
    ...(flags['passphrase-file'] !== undefined && { passphraseFile: path(flags['passphrase-file']) }),
  };
}

/**
 * After how long without a word from us the old machine is to start its gateway again: null for never, undefined where nothing was said
 * and a person is there to look after it.
 */
export function deadManOf(
  flags: Pick<LimitFlags, 'dead-man'> & ConsentFlags & OutputFlags,
  around: Surroundings,
): number | null | undefined {
  const said = flags['dead-man'];
  if (said !== undefined) return whileOrNever('--dead-man', said);
  return flags.yes !== true && hasPerson(around, flags) ? undefined : DEAD_MAN_MS;
}

/** A wait given in seconds, in milliseconds. Throws `option-invalid`. */
export function secondsOf(name: string, text: string | undefined, ifNotGiven: number): number {
  if (text === undefined) return ifNotGiven * 1000;
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds <= DAY_S)) throw invalid(name, text, `Give a number of seconds, at most ${DAY_S}.`);
  return Math.round(seconds * 1000);
}

function askedOf(flags: GatewayFlags & Pick<OutputFlags, 'owner'>, product: AnyProduct): Asked {
  return {
    product,
    profiles: profilesOf(flags),
    stateDir: flags['state-dir'] ?? null,
    toStateDir: wholePathOf('--to-state-dir', flags['to-state-dir']),
    workspaces: (flags.workspace ?? []).map(workspaceOf),
    gatewayBin: flags['gateway-bin'] ?? null,
    remoteGatewayBin: flags['remote-gateway-bin'] ?? null,
    excludes: flags.exclude ?? [],
    replace: flags.replace ?? false,
    configPath: flags['gateway-config'] ?? null,
    gatewayPort: portOf(flags['gateway-port']),
    rewriteApprovals: flags['rewrite-approvals'] ?? false,
    rootIsMeant: flags.owner === 'root' || flags.owner === '0',
    allow: flags.allow ?? [],
    carryEnv: flags['carry-env'] ?? false,
    commands: { old: commandsOf(flags, ''), new: commandsOf(flags, 'new-') },
  };
}

function portOf(text: string | undefined): number | null {
  return text === undefined ? null : wholeNumber('--gateway-port', text, { from: 1, to: 65_535 });
}

/** `maxDelete` 0: decided by each pass, from what is there. */
function limitsOf(flags: ConnectionFlags & LimitFlags): Limits {
  return {
    stopMs: secondsOf('--stop-timeout', flags['stop-timeout'], 60),
    startMs: secondsOf('--start-timeout', flags['start-timeout'], 90),
    doctorMs: secondsOf('--doctor-timeout', flags['doctor-timeout'], 120),
    soakMs: secondsOf('--soak', flags.soak, 30),
    channelsMs: 60_000,
    stallMs: 120_000,
    reconnectMs: secondsOf('--reconnect-timeout', flags['reconnect-timeout'], 300),
    bwlimitKiBps:
      flags.bwlimit === undefined ? null : wholeNumber('--bwlimit', flags.bwlimit, { from: 1, to: 100_000_000 }),
    maxDelete:
      flags['max-delete'] === undefined ? 0 : wholeNumber('--max-delete', flags['max-delete'], { from: 1, to: 1e9 }),
    maxEntries:
      flags['max-entries'] === undefined
        ? null
        : wholeNumber('--max-entries', flags['max-entries'], { from: 1, to: 999_999_999 }),
    maxBytes: flags['max-bytes'] === undefined ? null : bytesOf('--max-bytes', flags['max-bytes']),
    downtimeMs: optional('--max-downtime', flags['max-downtime']),
    hardDowntimeMs: optional('--max-downtime-hard', flags['max-downtime-hard']),
  };
}

/** A size such as `500M`, by powers of 1024. Throws `option-invalid`. */
function bytesOf(name: string, text: string): number {
  const [, number = '', unit = ''] = /^([1-9]\d{0,8})([KMGT]?)$/i.exec(text) ?? [];
  const bytes = Number(number) * 1024 ** ' KMGT'.indexOf(unit === '' ? ' ' : unit.toUpperCase());
  if (number !== '' && Number.isSafeInteger(bytes)) return bytes;
  throw invalid(name, text, 'Give a size such as 500M, 50G or 2T.');
}

function optional(name: string, text: string | undefined): number | null {
  return text === undefined ? null : secondsOf(name, text, 0);
}

/** Where none was named, the one that is taken where none of them is found. */
function productOf(text: string | undefined, products: readonly AnyProduct[]): AnyProduct {
  if (text === undefined) return DEFAULT_PRODUCT;
  const product = products.find((one) => productNames(one).name === text);
  if (product !== undefined) return product;
  const names = products.map((one) => productNames(one).name);
  const meant = closest(text, names);
  const guess = meant === null ? '' : `Did you mean ${meant}? `;
  throw invalid(
    '--product',
    text,
    `${guess}Known are ${names.join(', ')}. Another one has to be described in the settings file (--config).`,
  );
}

function wholePathOf(name: string, text: string | undefined): string | null {
  if (text === undefined || isWholePath(text)) return text ?? null;
  throw invalid(name, text, 'Give a whole path, beginning with / or ~/.');
}

function isWholePath(text: string): boolean {
  return text.startsWith('/') || text.startsWith('~/');
}

function workspaceOf(text: string): Asked['workspaces'][number] {
  const [from = '', to, ...more] = text.split('=');
  if (more.length > 0 || !isWholePath(from) || (to !== undefined && !isWholePath(to)))
    throw invalid('--workspace', text, 'Give OLD or OLD=NEW, both whole paths beginning with / or ~/.');
  return { from, to: to ?? null };
}

function readableAt(name: string, path: string): string {
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch (cause) {
    throw invalid(name, path, 'Name a file that is there and can be read: ls -l ~/.ssh', { cause });
  }
}

/** Each hop is taken apart when it is reached; a word that could mean more than a name is refused now. */
function jumpOf(text: string): string {
  for (const hop of text.split(',')) parseHop(hop, '-J (--jump)');
  return text;
}

function optionOf(text: string): string {
  if (/^[A-Za-z][A-Za-z0-9]*\s*[=\s]\s*\S/.test(text) && !/[\r\n\0]/.test(text)) return text;
  throw invalid('--ssh-option', text, 'Give it as ssh takes it: -o ConnectTimeout=5');
}

function familyOf({ ipv4, ipv6 }: ConnectionFlags): 4 | 6 {
  if (ipv4 !== true || ipv6 !== true) return ipv4 === true ? 4 : 6;
  throw invalid('-4 and -6', 'both', 'Give one of them, or neither.');
}

function transportOf(text: string): Transport {
  const transport = TRANSPORTS.find((name) => name === text);
  if (transport) return transport;
  throw invalid('--transport', text, `Known are ${TRANSPORTS.join(', ')}.`);
}

function wholeNumber(name: string, text: string, { from, to }: { from: number; to: number }): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= from && number <= to) return number;
  throw invalid(name, text, `Give a whole number from ${from} to ${to}.`);
}

/** One without the other would stop what nobody can start again. */
function commandsOf(flags: GatewayFlags, side: '' | 'new-'): OwnCommands | null {
  const [stop, start] = [flags[`${side}stop-cmd`], flags[`${side}start-cmd`]];
  if (stop === undefined && start === undefined) return null;
  if (stop?.trim() && start?.trim()) return { stop, start };
  throw invalid(`--${side}stop-cmd`, stop ?? '', `Give --${side}stop-cmd and --${side}start-cmd together.`);
}

/** A path of the command line, whole. Shells expand `~` in `--flag ~/x` but not in `--flag=~/x`. Pure. */
export function placeOf(text: string, { cwd, account }: Pick<Surroundings, 'cwd' | 'account'>): string {
  return text.startsWith('~/') ? join(account.home, text.slice(2)) : resolve(cwd, text);
}

function invalid(name: string, value: string, hint: string, options?: { cause: unknown }): ProblemError {
  return fail('option-invalid', { message: `${name} is ${shown(value)}, which cannot be used.`, hint }, options);
}
