import { writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Exit, Host } from '../core/host.ts';
import type { MostReceived } from '../core/most-received.ts';
import { joined } from '../host/joined.ts';
import { openBridge, type Bridge } from './bridge.ts';
import { makeBridgeFolder, rshCommand, type BridgeFolder } from './bridge-folder.ts';
import { ErrorLines } from './error-lines.ts';
import { judge } from './judge.ts';
import { Output } from './output.ts';
import type { RsyncStats } from './parse-stats.ts';
import { rsyncArgs, type ListKind } from './rsync-options.ts';
import { speaksPlainly, type RsyncKind } from './rsync-version.ts';
import { guardStaging, isFull } from './staging-guard.ts';
import { isExcess, watchForExcess, type SoFar } from './watch-excess.ts';
import { watchForStall } from './watch-stall.ts';

/** How far a pass is. Told at most five times a second. */
export interface PullProgress {
  /** Bytes of file content put in place by this pass. */
  readonly bytes: number;
  /** Entries of the tree that are done with, and all of them as far as rsync knows. */
  readonly files: number;
  readonly totalFiles: number | null;
  /** Bytes that went over the line so far, both directions. */
  readonly wireBytes: number;
}

/** What a pass came to. Sizes in bytes. */
export interface PullStats {
  /** Regular files whose content was sent, whole or in part. */
  readonly files: number;
  readonly bytes: number;
  /** Over the line, both directions. */
  readonly wireBytes: number;
  readonly deleted: number;
  /** Entries that were not there before. */
  readonly created: number;
  /** All that was looked at: entries, the root itself too, and the size of the regular files among them. Null where the pass broke off. */
  readonly tree: RsyncStats['tree'];
  /** True only with `live`: some files vanished, changed or could not be read, so another pass is needed. */
  readonly partial: boolean;
  /** Partial only because names vanished that were there when the pass began: whoever is told of changes is told of these too. */
  readonly vanished: boolean;
  /** True only with `tellsDeletions`: something is gone on the old machine, and is in staging still. */
  readonly isSpared: boolean;
  /** The first lines of what rsync complained of, fit to be shown; empty after a whole pass. */
  readonly errors: readonly string[];
}

/** An rsync on one of the machines. */
export interface RsyncProgram extends RsyncKind {
  /** Absolute. */
  readonly path: string;
}

export interface PullOptions {
  readonly old: Host;
  /** The new machine: starts the receiving rsync, in its own process group. */
  readonly local: Host;
  /** Absolute directory on the old machine; what is in it is copied, itself included. */
  readonly oldPath: string;
  /** Absolute directory here that exists, in a private folder (0700) of ours. */
  readonly stagingPath: string;
  readonly rsyncOld: RsyncProgram;
  readonly rsyncNew: RsyncProgram;
  /** A Node on this machine, absolute: runs rsync's remote shell. */
  readonly node: string;
  /** As `toRsyncFilters` gives them. */
  readonly filters: readonly string[];
  /**
   * The only places to look at, relative to the root, raw as the file system has them; of a directory all that is in it. What is gone on the old
   * machine is deleted in staging. Not for a sender that is spoken to plainly. Without it, all of the tree.
   */
  readonly only?: readonly Buffer[];
  /** What `only` names and how it is looked at; `places` without it. Of a `level` the root itself is an empty path. */
  readonly kind?: ListKind;
  /** Compare the bytes of every file instead of size and time. */
  readonly checksum: boolean;
  /** Send every file that is looked at as what changed of it, whatever size and time say: for files that are known to have changed. */
  readonly ignoreTimes?: boolean;
  /** Delete in staging what is gone on the old machine; more than `max` is `mass-deletion`. */
  readonly delete: { readonly max: number } | null;
  /** More is `copy-too-large`. */
  readonly most: MostReceived;
  /** With `delete: null`: tell whether something would have been deleted. */
  readonly tellsDeletions?: boolean;
  readonly bwlimitKiBps: number | null;
  /** Longest time without a sign of life. */
  readonly stallMs: number;
  /** Does the old gateway run, so that files may vanish meanwhile? */
  readonly live: boolean;
  /** Have every received file on the disk before it gets its name (rsync 3.2.4 and later). */
  readonly fsync?: boolean;
  /** Copy nothing, only count. */
  readonly dryRun?: boolean;
  /** Where the private socket may lie, such as XDG_RUNTIME_DIR; /tmp without it. */
  readonly runtimeDir?: string | null;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: PullProgress) => void;
}

const NUL = Buffer.from([0]);
const LEVEL_END = Buffer.from('/\0');
const ROOT = Buffer.from('.');

/**
 * rsync's own words and protections, whatever the environment of this machine says: plain numbers and C messages, no
 * conversion of names, no old way of passing arguments.
 */
const ENV = { LC_ALL: 'C', RSYNC_OLD_ARGS: '0', RSYNC_ICONV: '', RSYNC_CHECKSUM_LIST: '', RSYNC_MAX_ALLOC: '' };

/**
 * Makes staging equal to a directory of the old machine: one pass of rsync over the connection of `old`, with no shell on this
 * machine, and on the old one none but that of the Host. Repeatable; what arrived before a cut is used by the next pass. Writes nowhere but below
 * `stagingPath`, and leaves neither process nor socket behind. Owner and group are those of this process, modes as `stagedMode` says;
 * the staging root itself takes the old root's mode.
 *
 * Throws `transfer-failed`, `transfer-stalled`, `copy-too-large`, `connection-lost` (and what else `old.spawn` may throw), `disk-full`, `mass-deletion`,
 * `source-gone`, `root-not-ours`; the signal's reason when it aborts.
 */
export async function pull(options: PullOptions): Promise<PullStats> {
  options.signal.throwIfAborted();
  if (!isAbsolute(options.oldPath)) throw new TypeError(`not an absolute path: ${options.oldPath}`);
  if (options.only && speaksPlainly(options.rsyncOld)) throw new TypeError('such an rsync takes no list');
  const folder = await makeBridgeFolder(options.runtimeDir ?? null);
  try {
    if (options.only) await writeList(folder, options.only, options.kind === 'level');
    const stagingPath = await guardStaging(options.stagingPath, folder.uid);
    const { old, oldPath: cwd, rsyncOld, clock } = options;
    const bridge = await openBridge({ old, cwd, rsync: rsyncOld.path, plain: speaksPlainly(rsyncOld), folder, clock });
    try {
      return await pass({ ...options, stagingPath }, folder, bridge);
    } finally {
      await bridge.close();
    }
  } finally {
    await folder.remove();
  }
}

async function pass(options: PullOptions, folder: BridgeFolder, bridge: Bridge): Promise<PullStats> {
  const { stagingPath, stallMs, live, oldPath, signal } = options;
  const received = await receive(options, folder, bridge);
  const { exit: local, stalled, excess, stats, deletions } = received;
  const remote = await bridge.close();
  signal.throwIfAborted();
  const full = local.code !== 0 && (received.errors.noRoom || (await isFull(stagingPath)));
  const errors = [...received.errors.lines, ...bridge.errors()];
  const maxDelete = options.delete?.max ?? null;
  const facts = { stallMs, live, oldPath, stagingPath, maxDelete, excess, most: options.most };
  const spares = options.tellsDeletions === true;
  const verdict = judge({ ...facts, local, remote, stalled, full, errors, deletions, spares });
  const isPartial = verdict === 'partial' || verdict === 'vanished';
  const ended = { partial: isPartial, vanished: verdict === 'vanished', isSpared: verdict === 'spared' };
  return { ...sums(stats, bridge), ...ended, errors };
}

/** The list lies in the private folder of this pass, and goes with it. A path that leads out of the root would be a defect of the caller. */
async function writeList(folder: BridgeFolder, only: readonly Buffer[], isLevel: boolean): Promise<void> {
  const stray = only.find(
    (path) => !(isLevel && path.length === 0) && /(?:^|\/)\.{0,2}(?:\/|$)|\0/.test(path.toString('latin1')),
  );
  if (stray !== undefined) throw new TypeError(`not a path below the root: ${JSON.stringify(stray.toString())}`);
  const end = isLevel ? LEVEL_END : NUL;
  const named = only.flatMap((path) => [isLevel && path.length === 0 ? ROOT : path, end]);
  await writeFile(listPath(folder), Buffer.concat(named), { mode: 0o600, flag: 'wx' });
}

function listPath({ path }: BridgeFolder): string {
  return join(path, 'only');
}

type Ended = Pick<PullStats, 'partial' | 'vanished' | 'isSpared' | 'errors'>;

/** An rsync that broke off its work while live may end without statistics; what went over the line is known all the same. */
function sums(stats: RsyncStats | null, bridge: Bridge): Omit<PullStats, keyof Ended> {
  const { files = 0, bytes = 0, deleted = 0, created = 0, tree = null } = stats ?? {};
  return {
    files,
    bytes,
    deleted,
    created,
    tree,
    wireBytes: stats ? stats.sentBytes + stats.receivedBytes : bridge.bytes(),
  };
}

interface Received {
  readonly exit: Exit;
  readonly stalled: boolean;
  /** What had come when it was too much. */
  readonly excess: SoFar | null;
  readonly stats: RsyncStats | null;
  readonly errors: ErrorLines;
  readonly deletions: readonly string[];
}

async function receive(options: PullOptions, folder: BridgeFolder, bridge: Bridge): Promise<Received> {
  const { clock, stallMs, most } = options;
  const stall = new AbortController();
  const over = new AbortController();
  const errors = new ErrorLines();
  const { output, soFar } = outputOf(options, bridge);
  const cut = joined(options.signal, stall.signal);
  const argv = [options.rsyncNew.path, ...argsFor(options, folder)];
  const started = options.local.spawn(argv, { cwd: '/', env: ENV, signal: cut.signal });
  const process = await started.catch((error: unknown) => {
    cut.release();
    throw error;
  });
  process.stdin.on('error', () => undefined).end();
  const activity = () => bridge.bytes() + output.bytes;
  const stalled = watchForStall({ activity, stallMs, clock, signal: over.signal }).then((seen) => {
    if (seen) stall.abort();
    return seen;
  });
  const tooMuch = watchForExcess({ soFar, most, clock, signal: over.signal }).then((seen) => {
    if (seen) stall.abort();
  });
  const [exit] = await Promise.all([process.exit, output.read(process.stdout), errors.read(process.stderr)]).finally(
    () => {
      over.abort();
      cut.release();
    },
  );
  await tooMuch;
  // Whatever ended it, what came may be too much by then.
  const excess = isExcess(soFar(), most) ? soFar() : null;
  return { exit, stalled: await stalled, excess, stats: output.stats, errors, deletions: output.deletions };
}

function outputOf({ clock, onProgress }: PullOptions, bridge: Bridge): { output: Output; soFar: () => SoFar } {
  let files = 0;
  let content = 0;
  let totalFiles: number | null = null;
  // A tree of which no file has to be sent is told only at the end.
  const soFar = (): SoFar => ({
    entries: Math.max(totalFiles ?? 0, output.stats?.tree?.entries ?? 0),
    bytes: Math.max(content, output.stats?.bytes ?? 0),
    wireBytes: bridge.bytes(),
  });
  const output = new Output({
    clock,
    onProgress({ bytes, counts }) {
      content = bytes;
      files = counts?.done ?? files;
      totalFiles = counts?.entries ?? totalFiles;
      onProgress?.({ bytes, files, totalFiles, wireBytes: bridge.bytes() });
    },
  });
  return { output, soFar };
}

function argsFor(options: PullOptions, folder: BridgeFolder): string[] {
  return rsyncArgs({
    version: options.rsyncNew.version,
    plain: speaksPlainly(options.rsyncOld),
    rsh: rshCommand(options.node, folder),
    stagingPath: options.stagingPath,
    filters: options.filters,
    checksum: options.checksum,
    ignoreTimes: options.ignoreTimes ?? false,
    // None at all are more than none, which is all that is asked for.
    delete: options.tellsDeletions === true ? { max: 0 } : options.delete,
    only: options.only ? listPath(folder) : null,
    kind: options.kind ?? 'places',
    bwlimitKiBps: options.bwlimitKiBps,
    // behind ours, so that ours speaks first; it is what ends a sender that lost us without being told
    timeoutSeconds: Math.max(60, Math.ceil((options.stallMs * 2) / 1000)),
    fsync: options.fsync ?? false,
    dryRun: options.dryRun ?? false,
  });
}
