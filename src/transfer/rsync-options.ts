import Rsync from 'rsync';
import { STAGED_CHMOD } from '../core/modes.ts';
import { canDo } from './rsync-version.ts';

/** Where rsync keeps what had arrived of a file when a pass was cut, in the directory of that file. */
export const PARTIAL_DIR = '.np-partial';

/**
 * What a list of paths is read as. `places`: of a directory all that is in it, and what is gone goes from staging too. `there`: the same, but what is
 * gone is passed over, for a receiver that does not take the word of it. `level`: directories, of which what is directly in each is looked at,
 * and what is not there any more goes from staging with all that is in it.
 */
export type ListKind = 'places' | 'there' | 'level';

/** What a pass over one root is to do. */
export interface RsyncOptions {
  /** Version of the receiving rsync; null where it did not tell. */
  readonly version: string | null;
  /** As `speaksPlainly` says of the sending one. */
  readonly plain: boolean;
  /** Value of `--rsh`: rsync splits it itself and starts it without a shell. */
  readonly rsh: string;
  /** Absolute; becomes the destination, after `--`. */
  readonly stagingPath: string;
  /** Arguments of the form `--filter=-p PATTERN`, `--filter=+ PATTERN` or `--filter=H PATTERN`, first match wins. */
  readonly filters: readonly string[];
  /** Compare the bytes of every file instead of size and time. */
  readonly checksum: boolean;
  /** Send every file that is looked at as what changed of it, whatever size and time say. */
  readonly ignoreTimes: boolean;
  /** Delete in staging what is gone on the old machine, at most `max` entries; null deletes nothing. */
  readonly delete: { readonly max: number } | null;
  readonly bwlimitKiBps: number | null;
  /** Absolute file on this machine that lists the only paths to look at, each ended by a NUL and relative to both roots; null for all of the tree. */
  readonly only: string | null;
  /** What such a list is read as. */
  readonly kind: ListKind;
  /** rsync's own timeout without input or output; our watchdog is the one that is relied on. */
  readonly timeoutSeconds: number;
  /** Have every received file on the disk before it gets its name, where this rsync can. */
  readonly fsync: boolean;
  readonly dryRun: boolean;
}

/**
 * The arguments of the receiving rsync, without the program. Pure; for a spawn without a shell.
 *
 * node-rsync builds the options from constants and checked whole numbers only, because it escapes for a shell that is not there;
 * whatever comes from outside (filters, rsh, list, destination) is put behind it verbatim. Never among them: `--trust-sender`,
 * `--old-args`, merge files, a list that lies with the sender: each takes a protection away from a receiver. A list of ours is read here,
 * and a path that is gone there is deleted here, which counts against `delete.max` like any other. Throws `TypeError` for a filter of
 * another form, a number that is not whole, or a path that is not absolute: those are defects of the caller.
 */
export function rsyncArgs(options: RsyncOptions): string[] {
  if (!options.stagingPath.startsWith('/')) throw new TypeError(`staging path is not absolute: ${options.stagingPath}`);
  if (options.only !== null && !options.only.startsWith('/')) throw new TypeError(`not absolute: ${options.only}`);
  const checked = options.filters.map(plainFilter);
  const filters = options.plain ? checked.flatMap(withoutModifiers) : checked;
  return [
    ...built(options),
    `--rsh=${options.rsh}`,
    // first, since the first match wins: half a file left by a pass that was cut is not kept for ever when its file is gone
    ...(options.delete ? [`--filter=R ${PARTIAL_DIR}/`] : []),
    ...filters,
    ...(options.only === null
      ? []
      : [
          `--files-from=${options.only}`,
          '--from0',
          options.kind === 'places' ? '--delete-missing-args' : '--ignore-missing-args',
        ]),
    '--',
    'old:./',
    options.stagingPath.replace(/\/*$/, '/'),
  ];
}

function built(options: RsyncOptions): string[] {
  const isLevel = options.only !== null && options.kind === 'level';
  const rsync = new Rsync().flags(`${isLevel ? 'd' : 'r'}lptH${options.plain ? '' : 's'}`);
  const on = (...names: string[]) => names.forEach((name) => rsync.set(name));
  on('no-devices', 'no-specials', 'no-owner', 'no-group', 'numeric-ids', 'no-inc-recursive', 'no-human-readable');
  // The source is `./`, so that nothing has to be kept from a shell; a setting of this machine could ask for it all the same.
  if (options.plain) on('no-s');
  rsync.set('chmod', STAGED_CHMOD);
  rsync.set('partial-dir', PARTIAL_DIR);
  rsync.set('outbuf', 'L');
  rsync.set('info', 'progress2,stats2,del2,nonreg0');
  rsync.set('timeout', whole(options.timeoutSeconds, 1));
  if (canDo(options.version, 'nanoseconds')) rsync.set('modify-window', '-1');
  if (options.fsync && canDo(options.version, 'fsync')) on('fsync');
  if (options.checksum) on('checksum');
  if (options.ignoreTimes) on('ignore-times');
  if (options.dryRun) on('dry-run');
  if (options.bwlimitKiBps !== null) rsync.set('bwlimit', whole(options.bwlimitKiBps, 1));
  if (options.delete) {
    on('delete-delay');
    rsync.set('max-delete', whole(options.delete.max, 0));
  }
  return rsync.args();
}

/** Text, because node-rsync takes the number 0 for "no value" and the option would swallow the argument behind it. */
function whole(value: number, least: number): string {
  if (!Number.isSafeInteger(value) || value < least) throw new TypeError(`not a whole number from ${least}: ${value}`);
  return String(value);
}

function plainFilter(filter: string): string {
  if (!/^--filter=(?:[-+]p?|H) [^\0]+$/.test(filter))
    throw new TypeError(`not a filter of ours: ${JSON.stringify(filter)}`);
  return filter;
}

/**
 * Says the same without what only newer senders understand. What is left out there is at risk here, by a rule that is for the
 * receiving side and is never sent: were it protected, a directory that is gone could not go.
 */
function withoutModifiers(filter: string): string[] {
  const pattern = /^--filter=(?:-p|-|H) ([^]+)$/.exec(filter)?.[1];
  return pattern === undefined
    ? [filter.replace('--filter=+p ', '--filter=+ ')]
    : [`--filter=R ${pattern}`, `--filter=- ${pattern}`];
}
