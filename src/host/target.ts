import { isIPv6 } from 'node:net';
import { fail } from '../core/problem.ts';
import { printable } from './printable.ts';

/** What the user typed to reach the old machine, taken apart. What was not given is null. */
export interface Target {
  readonly user: string | null;
  /** A name or an address; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number | null;
}

/**
 * What `ssh` takes as a user name: not what a shell would make something of, for a ProxyCommand may hold it. Beside that, what would be
 * filled in (`%`, `$` but as the last letter, `*?[`, `~`, `#` and `=` where a word begins) or cannot be seen is refused.
 */
const USER = /^(?![-~#= ])(?!.* -)(?:[^\s'"`;&<>|(){}$%*?[\]\p{C}\p{Z}]| )+(?<![\\ ])\$?$/u;
/** What `ssh` takes as a host, an alias may be anything: again without what would be filled in, cannot be seen, or leads up a path. */
const HOST = /^(?![-~#=/])(?!(?:.*\/)?\.{1,2}(?:\/|$))[^\s'"`$\\;&<>|(){},%*?[\]:@\p{C}\p{Z}]+$/u;
/** In a URL, and before a port, it is the name of a machine: a slash would begin something else. */
const MACHINE = /^[^/]+$/;
const URL_MACHINE = /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.))*$/;
const LONGEST_HOST = 253;
const LONGEST_USER = 256;

/**
 * Reads `user@host`, `host`, `ssh://user@host:port` and `[::1]`: what the `ssh` of this machine takes, but for what could mean more than
 * a name to some other program (options, expansions, quotes, control characters). Pure. Throws `target-malformed` for anything else.
 */
export function parseTarget(text: string): Target {
  const target = parse(text, { withPort: false });
  if (typeof target !== 'string') return target;
  throw fail('target-malformed', {
    message: `${JSON.stringify(printable(text, 120))} is not a target: ${target} cannot be used.`,
    hint: 'Give user@host, host, or ssh://user@host:2222 (or a port with --port 2222).',
  });
}

/**
 * Reads a jump host: as a target, and also `user@host:port`, as `ssh -J` takes it. Pure. Throws `option-invalid`; `from` says in it where
 * the hop was given, as in "-J" or "ProxyJump of ~/.ssh/config".
 */
export function parseHop(text: string, from: string): Target {
  const target = parse(text, { withPort: true });
  if (typeof target !== 'string') return target;
  throw fail('option-invalid', {
    message: `${from} names the jump host ${JSON.stringify(printable(text, 120))}, of which ${target} cannot be used.`,
    hint: 'Give each jump host as host, user@host:2222 or ssh://user@host:2222, with commas between and no blanks.',
  });
}

/** The target, or what of it cannot be used. */
function parse(text: string, { withPort }: { withPort: boolean }): Target | string {
  const isUrl = /^ssh:\/\//i.test(text);
  const rest = isUrl ? text.slice('ssh://'.length).replace(/\/$/, '') : text;
  const at = rest.lastIndexOf('@');
  const user = at < 0 ? null : userOf(rest.slice(0, at), isUrl);
  if (user !== null && (user.length > LONGEST_USER || !USER.test(user))) return 'the user name';
  const place = parsePlace(rest.slice(at + 1), isUrl || withPort);
  if (typeof place === 'string') return place;
  const { host } = place;
  if (isIPv6(host)) return { user, ...place };
  const isName = HOST.test(host) && (isUrl ? URL_MACHINE : withPort ? MACHINE : HOST).test(host);
  return isName && host.length <= LONGEST_HOST ? { user, ...place } : 'the host name';
}

/** In a URL letters may be written as `%5C`. */
function userOf(text: string, isUrl: boolean): string {
  try {
    return isUrl ? decodeURIComponent(text) : text;
  } catch {
    return '';
  }
}

function parsePlace(place: string, withPort: boolean): { host: string; port: number | null } | string {
  if (isIPv6(place)) return { host: place, port: null };
  const parts = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(place);
  if (!parts) return 'the host name';
  const [, bracketed, bare, digits] = parts;
  if (bracketed !== undefined && !isIPv6(bracketed)) return 'the address in brackets';
  const host = bracketed ?? bare ?? '';
  if (digits === undefined) return { host, port: null };
  const port = Number(digits);
  return withPort && port >= 1 && port <= 65_535 ? { host, port } : 'the port';
}
