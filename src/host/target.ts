import { isIPv6 } from 'node:net';
import { fail, type ProblemError } from '../core/problem.ts';
import { printable } from './printable.ts';

/** What the user typed to reach the old machine, taken apart. What was not given is null. */
export interface Target {
  readonly user: string | null;
  /** A name or an address; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number | null;
}

/** Never starts with what a program could take for an option, and holds nothing that a shell or ssh would expand. */
const USER = /^[\p{L}\p{N}_][\p{L}\p{N}_.+@-]*\$?$/u;
const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$/;
const LONGEST_HOST = 253;
const LONGEST_USER = 256;

/**
 * Reads `user@host`, `host`, `ssh://user@host:port` and `[::1]`. Pure. Throws `target-malformed` for anything else, among it
 * whatever could mean more than a name to some other program: options, expansions, blanks, quotes, control characters.
 */
export function parseTarget(text: string): Target {
  return parse(text, { withPort: false });
}

/** Reads a jump host: as a target, and also `user@host:port`, as `ssh -J` takes it. Pure. Throws `target-malformed`. */
export function parseHop(text: string): Target {
  return parse(text, { withPort: true });
}

function parse(text: string, { withPort }: { withPort: boolean }): Target {
  const isUrl = /^ssh:\/\//i.test(text);
  const rest = isUrl ? text.slice('ssh://'.length).replace(/\/$/, '') : text;
  const at = rest.lastIndexOf('@');
  const user = at < 0 ? null : rest.slice(0, at);
  if (user !== null && (user.length > LONGEST_USER || !USER.test(user))) throw malformed(text, 'the user name');
  const { host, port } = parsePlace(text, rest.slice(at + 1), isUrl || withPort);
  if (!isIPv6(host) && (host.length > LONGEST_HOST || !HOST.test(host))) throw malformed(text, 'the host name');
  return { user, host, port };
}

function parsePlace(text: string, place: string, withPort: boolean): { host: string; port: number | null } {
  if (isIPv6(place)) return { host: place, port: null };
  const parts = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(place);
  if (!parts) throw malformed(text, 'the host name');
  const [, bracketed, bare, digits] = parts;
  if (bracketed !== undefined && !isIPv6(bracketed)) throw malformed(text, 'the address in brackets');
  const host = bracketed ?? bare ?? '';
  if (digits === undefined) return { host, port: null };
  const port = Number(digits);
  if (!withPort || port < 1 || port > 65535) throw malformed(text, 'the port');
  return { host, port };
}

function malformed(text: string, what: string): ProblemError {
  return fail('target-malformed', {
    message: `${JSON.stringify(printable(text, 120))} is not a target: ${what} cannot be used.`,
    hint: 'Give user@host, host, or ssh://user@host:2222 (or a port with --port 2222).',
  });
}
