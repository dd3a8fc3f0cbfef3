import { randomInt } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import type { RunFolder } from '../core/step.ts';
import { compactTime, parseCompactTime } from '../core/timestamp.ts';
import { quoteWord } from '../host/quote.ts';
import { checkPrivateFolder, ensurePrivateFolder, syncFolder } from './private-folder.ts';
import { errorCode } from './system-error.ts';

/** Where neo-pull keeps runs and locks of one user. */
export interface StateHome {
  readonly path: string;
  /** Number of the user whom all in it must belong to. */
  readonly uid: number;
}

/** Letters and digits that are not taken for one another. */
const SUFFIX_ALPHABET = '23456789abcdefghjkmnpqrstvwxyz';
const RUN_ID = /^(\d{8}-\d{6})-[2-9a-z]{4}$/;

/** `$XDG_STATE_HOME/neo-pull`, or `~/.local/state/neo-pull`. Pure; a relative XDG_STATE_HOME does not count, as its standard says. */
export function stateHome(account: {
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  uid: number;
}): StateHome {
  const named = account.env['XDG_STATE_HOME'];
  const base = named !== undefined && isAbsolute(named) ? named : join(account.home, '.local', 'state');
  return { path: join(base, 'neo-pull'), uid: account.uid };
}

/**
 * Makes the folder of a new run, 0700 and durable. Its id (`20261122-143015-k3f9`, UTC) sorts after every run before it, even
 * when the clock was set back. Throws `option-invalid` for a place that others can write, `journal-unwritable`.
 */
export async function createRun(home: StateHome, clock: Clock): Promise<RunFolder> {
  await ensurePrivateFolder(home.path, home.uid);
  await ensurePrivateFolder(runsFolder(home), home.uid);
  for (;;) {
    const run = runFolder(home, `${compactTime(await nextMoment(home, clock))}-${suffix()}`);
    try {
      await mkdir(run.path, { mode: 0o700 });
      await syncFolder(runsFolder(home));
      return run;
    } catch (cause) {
      if (errorCode(cause) !== 'EEXIST') throw unmade(run.path, cause);
    }
  }
}

/** All runs, oldest first. Read-only. Throws `option-invalid` for a place that others can write. */
export async function listRuns(home: StateHome): Promise<readonly RunFolder[]> {
  let names: string[];
  try {
    names = await readdir(runsFolder(home));
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return [];
    throw fail(
      'option-invalid',
      {
        message: `${runsFolder(home)} cannot be listed (${errorCode(cause) ?? String(cause)}).`,
        hint: `Look at it: \`ls -ld ${quoteWord(runsFolder(home))}\`.`,
      },
      { cause },
    );
  }
  await checkPrivateFolder(home.path, home.uid);
  await checkPrivateFolder(runsFolder(home), home.uid);
  return names
    .filter((name) => RUN_ID.test(name))
    .sort()
    .map((id) => runFolder(home, id));
}

/**
 * Finds a run by its id, by the beginning of its id, or the latest one (null). Read-only. Throws `run-unknown` where there is
 * none, `option-invalid` where the beginning fits several or the folder is not ours alone.
 */
export async function openRun(home: StateHome, wanted: string | null): Promise<RunFolder> {
  const runs = await listRuns(home);
  const fitting = wanted === null ? runs.slice(-1) : runs.filter(({ id }) => id.startsWith(wanted));
  const [run, second] = fitting;
  if (!run || wanted === '') throw unknown(wanted, runs.length);
  if (second) throw ambiguous(wanted ?? '', fitting);
  await checkPrivateFolder(run.path, home.uid);
  return run;
}

function runsFolder(home: StateHome): string {
  return join(home.path, 'runs');
}

function runFolder(home: StateHome, id: string): RunFolder {
  return { id, path: join(runsFolder(home), id) };
}

async function nextMoment(home: StateHome, clock: Clock): Promise<number> {
  const latest = (await listRuns(home)).at(-1);
  const stamp = latest && RUN_ID.exec(latest.id)?.[1];
  if (stamp === undefined) return clock.now();
  return Math.max(clock.now(), parseCompactTime(stamp) + 1000);
}

function suffix(): string {
  return Array.from({ length: 4 }, () => SUFFIX_ALPHABET.charAt(randomInt(SUFFIX_ALPHABET.length))).join('');
}

function unknown(wanted: string | null, count: number): ProblemError {
  const message =
    wanted === null || count === 0
      ? 'There is no run on this machine yet.'
      : `There is no run ${JSON.stringify(wanted)}.`;
  const hint =
    count === 0 ? 'Begin one: `neo-pull plan user@old` shows what it would do.' : 'See what there is: `neo-pull runs`.';
  return fail('run-unknown', { message, hint });
}

function ambiguous(wanted: string, fitting: readonly RunFolder[]): ProblemError {
  const ids = fitting.map(({ id }) => id);
  return fail('option-invalid', {
    message: `${fitting.length} runs begin with ${wanted}: ${ids.slice(-5).join(', ')}.`,
    hint: `Name more of the id, such as \`${ids.at(-1)}\`.`,
  });
}

function unmade(path: string, cause: unknown): ProblemError {
  return fail(
    'journal-unwritable',
    {
      message: `The folder of the run, ${path}, could not be made (${errorCode(cause) ?? String(cause)}). Nothing was changed.`,
      hint: 'Make room or rights there, or name another place in XDG_STATE_HOME.',
    },
    { cause },
  );
}
