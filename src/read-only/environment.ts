import { posix as path } from 'node:path';
import { parseArgs } from 'node:util';
import type { Refusal } from '../host/account-read-only.ts';
import type { Account } from './account.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the survey looks for rsync beyond PATH. */
const RSYNC_FOLDERS = ['/usr/local/bin', '/opt/local/bin', '/opt/homebrew/bin', '/home/linuxbrew/.linuxbrew/bin'];

/**
 * What a shell, Node, rsync or the loader take orders from. An SSH server gives nothing of it away unless it is set up to; a
 * read-only account does not depend on that.
 */
const ORDERS =
  /^(?:LD_|DYLD_|NODE_|RSYNC_|PERL|PYTHON|BASH_|SHELLOPTS$|BASHOPTS$|ENV$|IFS$|PS4$|CDPATH$|SSH_ORIGINAL_COMMAND$)/;

/** The account, by the words on the dispatcher's command line and the session's environment. Pure. */
export function accountOf(
  words: readonly string[],
  env: Environment,
  user: { readonly homedir: string; readonly shell: string | null; readonly node: string },
): Account | Refusal {
  const home = env['HOME'] ?? user.homedir;
  const named = optionsIn(words);
  if (named === null) return { kind: 'misconfigured', what: `anything, with ${words.join(' ')}` };
  const { root = [home], program = [] } = named;
  const strange = [...root, ...program].find((given) => !path.isAbsolute(given));
  if (strange !== undefined) return { kind: 'misconfigured', what: `anything, with ${strange}, no absolute path` };
  const config = env['XDG_CONFIG_HOME'] ?? path.join(home, '.config');
  return {
    home,
    node: user.node,
    shells: [env['SHELL'], user.shell].filter((shell) => shell !== undefined && shell !== null),
    roots: root,
    programs: program,
    searchPath: [...(env['PATH'] ?? '').split(':'), ...RSYNC_FOLDERS, path.join(home, '.local/bin')],
    unitFolders: [path.join(config, 'systemd/user'), path.join(home, '.local/share/systemd/user')],
  };
}

/** The session's environment without what could give orders to what is started. Pure. */
export function cleaned(env: Environment): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ORDERS.test(name)));
}

function optionsIn(words: readonly string[]): { root?: string[]; program?: string[] } | null {
  const options = { root: { type: 'string', multiple: true }, program: { type: 'string', multiple: true } } as const;
  try {
    return parseArgs({ args: [...words], options, strict: true }).values;
  } catch {
    return null;
  }
}
