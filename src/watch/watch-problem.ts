import type { Exit } from '../core/host.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { refusedProblem } from '../host/account-read-only.ts';
import { printable } from '../host/printable.ts';
import { quoteWord } from '../host/quote.ts';

const POLLING = 'Without it the old machine is looked through from time to time, which takes longer to see a change.';

/** The setting of Linux that is too small, by the system's code. */
const SETTING: Readonly<Record<string, string>> = {
  ENOSPC: 'fs.inotify.max_user_watches',
  EMFILE: 'fs.inotify.max_user_instances',
};

export function unavailable(label: string, reason: string): ProblemError {
  return fail('watcher-unavailable', {
    message: `On ${label}, the watcher could not be started: ${reason}`,
    hint: POLLING,
  });
}

export function ended(label: string, reason: string): ProblemError {
  return fail('watcher-ended', {
    message: `On ${label}, the watcher is over: ${reason}`,
    hint: `${POLLING} Start it again.`,
  });
}

export function malformed(label: string, reason: string): ProblemError {
  return fail('answer-malformed', {
    message: `On ${label}, what should be the watcher says ${reason}.`,
    hint: 'See there which program is called by the name of its Node, and whether it prints anything of its own.',
  });
}

/** What the watcher said as its last words. `isReady`: had it been watching? */
export function failure(
  { code, path, label }: { readonly code: string; readonly path: string; readonly label: string },
  isReady: boolean,
): ProblemError {
  const where = printable(path, 200);
  if (code === 'ENOSPC' || code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') return noRoom(code, label);
  if (code === 'ENOENT' && !isReady) {
    return fail('source-gone', {
      message: `On ${label}, there is no directory ${where} to be watched.`,
      hint: `See there what has become of it: ls -ld ${quoteWord(where)}`,
    });
  }
  const reason = `${where} cannot be watched (${code}).`;
  return isReady ? ended(label, reason) : unavailable(label, reason);
}

function noRoom(code: string, label: string): ProblemError {
  const setting = SETTING[code];
  const of = setting === undefined ? `(${code})` : `(${code}, ${setting})`;
  return fail('watch-limit', {
    message: `On ${label}, the account has no room for as many watches as the tree has directories ${of}.`,
    hint: setting === undefined ? POLLING : `${POLLING} An administrator there can raise the limit: sysctl ${setting}`,
  });
}

/** Why the process is over that said no reason. */
export function endOf(
  { exit, words, label }: { readonly exit: Exit; readonly words: string; readonly label: string },
  isReady: boolean,
): ProblemError {
  const refused = refusedProblem({ code: exit.code, stderr: words }, label);
  if (refused) return refused;
  const how = exit.code === null ? `signal ${exit.signal}` : `exit code ${exit.code}`;
  const reason = `${words} (${how})`;
  return isReady ? ended(label, reason) : unavailable(label, reason);
}
