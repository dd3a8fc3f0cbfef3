import { open, readdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import SSHConfig from 'ssh-config';
import { fail, ProblemError } from '../core/problem.ts';
import { pasteable } from './pasteable.ts';
import { printable } from './printable.ts';
import type { SshAccount, SshQuery } from './ssh-config.ts';

const SYSTEM_CONFIG = '/etc/ssh/ssh_config';
const USUAL_IDENTITIES = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'];
const DEEPEST_INCLUDE = 16;
/** Keywords of which every line counts; of the others the first one does. */
const MANY = new Set(['identityfile', 'certificatefile']);

/**
 * The settings for a query, by keyword, where there is no `ssh` to ask: from ssh_config files by way of the ssh-config package.
 * `Match exec` and canonical names are not evaluated. Read-only. Throws `option-invalid` for a file that cannot be read or parsed,
 * and as ssh does for one of the user's, or one that is included, that somebody else may have written.
 */
export async function settingsFromFiles(query: SshQuery, account: SshAccount): Promise<Map<string, string[]>> {
  const all = new Map<string, string[]>();
  const add = (keyword: string, values: readonly string[]): void => {
    const name = keyword.toLowerCase();
    const before = all.get(name);
    if (before === undefined) all.set(name, [...values]);
    else if (MANY.has(name)) before.push(...values);
  };
  for (const [keyword, value] of typed(query)) add(keyword, [value]);
  for (const path of configFiles(query, account)) {
    const own = query.configFile === null && path !== SYSTEM_CONFIG;
    const text = await readConfig(path, { account, optional: query.configFile === null, guarded: own, depth: 0 });
    for (const [keyword, values] of computed(text, path, query)) add(keyword, values);
  }
  for (const [keyword, values] of usual(account)) if (!all.has(keyword)) add(keyword, values);
  return all;
}

function typed({ user, port, identities, jump, options, family }: SshQuery): [string, string][] {
  return [
    ...options.map((option): [string, string] => {
      const [, keyword = '', value = ''] = /^\s*([^=\s]+)\s*[=\s]\s*(.*)$/.exec(option) ?? [];
      return [keyword, value];
    }),
    ...(user === null ? [] : [['user', user] satisfies [string, string]]),
    ...(port === null ? [] : [['port', String(port)] satisfies [string, string]]),
    ...(jump === null ? [] : [['proxyjump', jump] satisfies [string, string]]),
    ...(family === null ? [] : [['addressfamily', family === 4 ? 'inet' : 'inet6'] satisfies [string, string]]),
    ...identities.map((path): [string, string] => ['identityfile', path]),
  ];
}

function configFiles({ configFile }: SshQuery, { home }: SshAccount): string[] {
  if (configFile === 'none') return [];
  return configFile === null ? [join(home, '.ssh', 'config'), SYSTEM_CONFIG] : [configFile];
}

interface Reading {
  readonly account: SshAccount;
  readonly optional: boolean;
  /** May nobody but the user, or root, have written it? */
  readonly guarded: boolean;
  readonly depth: number;
}

/** The text of a config file, its Include lines replaced by what they name. */
async function readConfig(path: string, reading: Reading): Promise<string> {
  const { account, optional, depth } = reading;
  const text = await textOf(path, reading).catch((error: unknown) => {
    if (error instanceof ProblemError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (optional && (code === 'ENOENT' || code === 'ENOTDIR')) return '';
    throw unusable(path, `cannot be read (${code})`);
  });
  if (depth > DEEPEST_INCLUDE) throw unusable(path, 'is included too deeply');
  const inner = { account, optional: true, guarded: true, depth: depth + 1 };
  const lines = text.split('\n').map(async (line) => {
    const [, names] = /^\s*include[\s=]+(.+)$/i.exec(line) ?? [];
    if (names === undefined) return line;
    const files = await Promise.all(
      names
        .trim()
        .split(/\s+/)
        .map((name) => included(name, path, account)),
    );
    const texts = files.flat().map((file) => readConfig(file, inner));
    return (await Promise.all(texts)).join('\n');
  });
  return (await Promise.all(lines)).join('\n');
}

/** What is judged is what is read: both by one handle. */
async function textOf(path: string, { account, guarded }: Reading): Promise<string> {
  const handle = await open(path);
  try {
    const { uid, mode } = await handle.stat();
    if (guarded && ((uid !== 0 && uid !== account.uid) || (mode & 0o022) !== 0))
      throw unusable(path, 'is not used, as others may have written it (Bad owner or permissions)', {
        hint: `Make it yours alone: chmod go-w ${pasteable(path)}; ls -l ${pasteable(path)}`,
      });
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** The files that an Include names: `~`, `*` and `?` in its last part; relative to the folder of the user's or the system's config. */
async function included(name: string, from: string, { home }: SshAccount): Promise<string[]> {
  const plain = name.replace(/^"(.*)"$/, '$1').replace(/^~(?=\/)/, home);
  const base = from.startsWith('/etc/ssh/') ? '/etc/ssh' : join(home, '.ssh');
  const path = isAbsolute(plain) ? plain : join(base, plain);
  if (!/[*?]/.test(basename(path))) return [path];
  const glob = basename(path)
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter((one) => new RegExp(`^${glob}$`).test(one))
    .sort()
    .map((one) => join(dirname(path), one));
}

function computed(text: string, path: string, { host, user }: SshQuery): [string, string[]][] {
  try {
    const config = SSHConfig.parse(text);
    const found = user === null ? config.compute(host) : config.compute({ Host: host, User: user });
    return Object.entries(found).map(([keyword, value]) => [keyword, valuesOf(keyword, [value].flat())]);
  } catch (cause) {
    throw unusable(
      path,
      `cannot be understood (${printable(cause instanceof Error ? cause.message : String(cause), 160)})`,
    );
  }
}

/** Words of one line are one value, except where every line counts. */
function valuesOf(keyword: string, values: readonly string[]): string[] {
  return MANY.has(keyword.toLowerCase()) ? [...values] : [values.join(' ')];
}

function usual({ home }: SshAccount): [string, string[]][] {
  const ssh = (name: string): string => join(home, '.ssh', name);
  return [
    ['identityfile', USUAL_IDENTITIES.map(ssh)],
    ['userknownhostsfile', [`${ssh('known_hosts')} ${ssh('known_hosts2')}`]],
    ['globalknownhostsfile', ['/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2']],
  ];
}

const MEND = 'Mend the file, or name another with -F (none: no file at all).';

function unusable(path: string, why: string, { hint = MEND }: { readonly hint?: string } = {}): Error {
  const message = `The SSH configuration ${printable(path, 200)} ${why}. Nothing was changed.`;
  return fail('option-invalid', { message, hint });
}
