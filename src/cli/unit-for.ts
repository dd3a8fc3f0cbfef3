import { createHash } from 'node:crypto';
import type { Options } from 'yargs';
import { fail } from '../core/problem.ts';
import { shown } from '../core/shown.ts';
import { printable } from '../host/printable.ts';
import { withWholePaths } from '../host/ssh-option-paths.ts';
import { parseTarget } from '../host/target.ts';
import type { ConnectionFlags, GatewayFlags, LimitFlags, SettingsFlags } from './flags.ts';
import { placeOf } from './request.ts';
import type { Surroundings } from './surroundings.ts';
import type { UnitParts } from './unit.ts';

/** What a neo-pull that follows is started with. */
export type FollowFlags = ConnectionFlags & GatewayFlags & LimitFlags & SettingsFlags;

/** Flags that name a file; `none` is none. */
const PATHS: ReadonlySet<string> = new Set(['identity', 'ssh-config', 'known-hosts', 'config']);
/** Flags whose file is a secret, and the credential that stands for it. */
const SECRETS = { 'password-file': 'neo-pull-password', 'passphrase-file': 'neo-pull-passphrase' } as const;
/** What of this shell the unit is to have: without them other programs, settings and runs would be found. */
const KEPT_VARIABLES = ['PATH', 'LANG', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME'];

/** The name of the unit: one for each gateway that is followed, the same again when other flags change. Pure. Throws `target-malformed`. */
export function unitName(target: string, flags: FollowFlags): string {
  const { user, host, port } = parseTarget(target);
  const parts = [user, host, flags.port ?? port, flags.profile, flags['state-dir']].map((part) => part ?? null);
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 6);
  const words = parts.filter((part) => part !== null).join('-');
  return `neo-pull-follow@${words.replace(/[^A-Za-z0-9_.-]+/g, '_').slice(0, 80)}-${hash}.service`;
}

/**
 * The parts of a unit that does what `neo-pull sync TARGET --follow` with these flags would do here and now. Pure. Throws
 * `option-invalid` for a file of a secret that a unit cannot name.
 */
export function unitPartsFor(
  target: string,
  {
    flags,
    table,
    program,
  }: { flags: FollowFlags; table: Readonly<Record<string, Options>>; program: readonly string[] },
  around: Pick<Surroundings, 'cwd' | 'account' | 'env'>,
): UnitParts {
  const given = Object.keys(table).flatMap((name) => words(name, (flags as Record<string, unknown>)[name], around));
  const credentials = Object.entries(SECRETS).flatMap(([name, credential]) => {
    const file = flags[name as keyof typeof SECRETS];
    return file === undefined ? [] : [[credential, nameable(name, placeOf(file, around))] as const];
  });
  const env = KEPT_VARIABLES.flatMap((name) => (around.env[name] ? [[name, around.env[name]] as const] : []));
  return {
    description: `neo-pull follows ${printable(target, 200)}`,
    argv: [...program, 'sync', '--follow', '--no-input', ...given, '--', target],
    env: Object.fromEntries(env),
    credentials: Object.fromEntries(credentials),
    needsRights: flags['new-start-cmd'] !== undefined,
  };
}

function words(name: string, value: unknown, around: Pick<Surroundings, 'cwd' | 'account'>): string[] {
  if (value === undefined || value === false || name in SECRETS || name === 'owner') return [];
  if (value === true) return [`--${name}`];
  return (Array.isArray(value) ? value : [value]).map((one) => `--${name}=${whole(name, String(one), around)}`);
}

/** The unit begins in the home, and not here. */
function whole(name: string, text: string, around: Pick<Surroundings, 'cwd' | 'account'>): string {
  if (name === 'ssh-option') return withWholePaths(text, around.cwd);
  return PATHS.has(name) && text !== 'none' ? placeOf(text, around) : text;
}

function nameable(name: string, path: string): string {
  if (!/[\0-\x1f\x7f]/.test(path)) return path;
  throw fail('option-invalid', {
    message: `--${name} is ${shown(path)}, which no unit can name.`,
    hint: 'Give the file a name of one line.',
  });
}
