import { accessSync, constants, existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { fail, type ProblemError } from '../core/problem.ts';
import { shown } from '../core/shown.ts';
import type { Surroundings } from './surroundings.ts';

/** What of a process changes with the account that it runs as. */
export type Account = Pick<Surroundings, 'account' | 'env' | 'cwd'>;

/** The account behind a name or number: who it is, by this machine's own list of users. */
export interface Owner {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string | null;
}

/** These lead to places of root, or say who root was before: nothing of that holds for another account. */
const OF_ROOT =
  /^(?:XDG_|SUDO_|SSH_|DBUS_|NEO_PULL_OWNER$|MAIL$|HOME$|USER$|LOGNAME$|SHELL$|GNUPGHOME$|KRB5CCNAME$|CREDENTIALS_DIRECTORY$)/;

/**
 * Makes this process that of the gateway's user, for good: groups, group and user, in this order, with no way back to root. Whatever is
 * made, started or read from then on is theirs by nature, so that nothing has to be given away afterwards and no link can lead root
 * anywhere. Changes nothing where the user is who runs it already. Throws `option-invalid` for a user that is not there, and where
 * this process is not root's.
 */
export function becomeOwner(named: string, around: Account): Account {
  if (!isRoot() || isRootItself(named)) {
    if (isSelf(named)) return around;
    throw invalid(
      named,
      `This is run by ${shown(around.account.user)}, and only root can be another user.`,
      'sudo neo-pull ...',
    );
  }
  const owner = ownerOf(named);
  // Node has it wherever it has the others; its types have not.
  (process as { initgroups?: (user: string, group: number) => void }).initgroups?.(owner.user, owner.gid);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
  if (!isRoot() && canBeRootAgain()) throw new Error('root could be taken back');
  const { user, uid, home } = owner;
  for (const program of [process.execPath, process.argv[1] ?? process.execPath]) {
    if (!may(program, constants.R_OK))
      throw invalid(
        named,
        `This program lies where they cannot read it: ${shown(program)}.`,
        'Install Node and neo-pull for all users.',
      );
  }
  const cwd = may(around.cwd, constants.X_OK) ? around.cwd : home;
  if (may(cwd, constants.X_OK)) process.chdir(cwd);
  return { account: { user, uid, home }, env: ownersEnv(around.env, owner), cwd };
}

/** The environment that a login of the owner would have, with what of ours means the same to everybody. Looks for the runtime folder. */
export function ownersEnv(env: Account['env'], { user, uid, home, shell }: Owner): Account['env'] {
  const kept = Object.entries(env).filter(([name]) => !OF_ROOT.test(name));
  const runtime = `/run/user/${uid}`;
  const bus = `${runtime}/bus`;
  return {
    ...Object.fromEntries(kept),
    ...{ HOME: home, USER: user, LOGNAME: user, SHELL: shell ?? '/bin/sh' },
    ...(existsSync(runtime) && { XDG_RUNTIME_DIR: runtime }),
    ...(existsSync(bus) && { DBUS_SESSION_BUS_ADDRESS: `unix:path=${bus}` }),
  };
}

/** libuv looks up the account of the effective user, which root may choose for a moment. Leaves it as it was. */
function ownerOf(named: string): Owner {
  try {
    process.seteuid?.(/^\d+$/.test(named) ? Number(named) : named);
    const { username, uid, gid, homedir, shell } = userInfo();
    return { user: username, uid, gid, home: homedir, shell };
  } catch {
    throw invalid(named, 'There is no such user on this machine.', `getent passwd ${shown(named)}`);
  } finally {
    process.seteuid?.(0);
  }
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

function isRootItself(named: string): boolean {
  return named === 'root' || named === '0';
}

function isSelf(named: string): boolean {
  const { username, uid } = userInfo();
  return named === username || named === String(uid);
}

function canBeRootAgain(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function invalid(named: string, why: string, hint: string): ProblemError {
  return fail('option-invalid', { message: `--owner is ${shown(named)}, which cannot be used. ${why}`, hint });
}
