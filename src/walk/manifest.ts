import { createReadStream } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import { printable } from '../host/printable.ts';
import { programOutput } from '../host/program-output.ts';
import { differenceOf, type Difference, type Field } from './difference.ts';
import type { Entry } from './entry.ts';
import { PROGRAM_TEXT } from './program.generated.ts';
import { type ManifestSummary, Receiver } from './receiver.ts';
import { fileProblem, MAX_MANIFEST_BYTES, problemWith, rootProblem, tooLarge } from './manifest-problem.ts';
import { encode } from './record.ts';
import { encodeRequest, type WalkRequest } from './request.ts';

export type { ManifestSummary } from './receiver.ts';

export interface ManifestOptions extends WalkRequest {
  /** The Node of that machine, absolute; any from 18 on. */
  readonly node: string;
  /** Absolute path on this machine. Replaced as a whole, mode 0600, and only when the manifest is whole. */
  readonly outFile: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** So long nothing at all may come; a walk that reads long files says so every 64 MiB. Ten minutes unless given. */
  readonly stallMs?: number;
}

const STALL_MS = 10 * 60_000;

const READ_BYTES = 256 * 1024;

/** So many differences are told one by one; the rest is counted. */
const DIFFERENCES_SHOWN = 100;

/**
 * Takes the manifest of a tree, on whichever machine it lies: the same program walks there and the records come here. Read-only
 * there; repeatable. Memory does not grow with the number of files.
 *
 * Throws `source-gone` when there is no such directory, `root-unreadable` when it may not be read (whatever is unreadable further
 * down is in the summary), `answer-malformed` for records that the program would not have written, `output-too-large`,
 * `disk-full`, and what `programOutput` throws.
 */
export async function takeManifest(host: Host, options: ManifestOptions): Promise<ManifestSummary> {
  const partial = `${options.outFile}.partial`;
  const receiver = new Receiver(options.excludes);
  await rm(partial, { force: true });
  try {
    const file = await open(partial, 'wx', 0o600);
    try {
      await receive(host, { file, receiver, options });
    } finally {
      await file.close();
    }
    await rename(partial, options.outFile);
    return receiver.summary();
  } catch (thrown) {
    await rm(partial, { force: true });
    throw problemWith(thrown, { ...options, label: host.label });
  }
}

interface Receiving {
  readonly file: FileHandle;
  readonly receiver: Receiver;
  readonly options: ManifestOptions;
}

async function receive(host: Host, { file, receiver, options }: Receiving): Promise<void> {
  const {
    root,
    excludes,
    room,
    workspaces,
    files,
    hash,
    hashFromNs,
    node,
    clock,
    signal,
    stallMs = STALL_MS,
  } = options;
  const request = encodeRequest({ root, excludes, room, workspaces, files, hash, hashFromNs });
  const doing = `the walk of ${printable(root)}`;
  await file.writeFile(encode({ type: 'head' }));
  let written = 0;
  for await (const chunk of programOutput(host, { node, text: PROGRAM_TEXT, request, doing, clock, signal, stallMs })) {
    const records = Buffer.concat(receiver.take(chunk).map(({ record }) => record));
    written += records.length;
    if (written > MAX_MANIFEST_BYTES) throw tooLarge(root, host.label);
    await file.writeFile(records);
  }
  if (receiver.failure !== null) throw rootProblem(receiver.failure, root, host.label);
  await file.writeFile(encode({ type: 'end', entries: receiver.summary().entries }));
  await file.sync();
}

/**
 * Reads a manifest file, entry by entry, in order. Throws `answer-malformed` for what is not one whole manifest, and the system's
 * error where there is no such file.
 */
export async function* readManifest(file: string): AsyncGenerator<Entry, void, undefined> {
  const receiver = new Receiver([]);
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
      for (const { entry } of receiver.take(chunk)) yield entry;
    }
    receiver.summary();
  } catch (thrown) {
    throw fileProblem(thrown, file);
  }
}

export interface CompareOptions {
  /** What the second tree should have in place of an entry of the first; null where it should have nothing. The path must stay. */
  readonly expect?: (entry: Entry) => Entry | null;
  /** What an entry that only the second tree has should be; null where it should not be there, as it never should unless given. */
  readonly expectAdded?: (found: Entry) => Entry | null;
  /** Fields that do not matter for an expected entry; none unless given. */
  readonly ignore?: (expected: Entry) => readonly Field[];
  /** Is told each path that differs, where there is one entry of both, by its content alone. */
  readonly onContent?: (path: Buffer) => void;
}

export interface Comparison {
  /** How many paths differ: 0 means that the trees are alike. */
  readonly total: number;
  /** The first hundred of them, in order of their paths. */
  readonly differences: readonly Difference[];
}

/**
 * Compares two manifest files, in one pass over both and without holding either. The first says what is expected, the second what
 * was found. Inode, ctime and link count are not compared. Throws what `readManifest` throws.
 */
export async function compareManifests(
  expectedFile: string,
  foundFile: string,
  options: CompareOptions = {},
): Promise<Comparison> {
  let total = 0;
  const differences: Difference[] = [];
  for await (const pair of pairsOf(expectedEntries(expectedFile, options), readManifest(foundFile))) {
    const difference = judge(pair, options);
    if (difference === null) continue;
    total += 1;
    if (differences.length < DIFFERENCES_SHOWN) differences.push(difference);
  }
  return { total, differences };
}

async function* expectedEntries(file: string, { expect }: CompareOptions): AsyncGenerator<Entry, void, undefined> {
  for await (const entry of readManifest(file)) {
    const expected = expect ? expect(entry) : entry;
    if (expected === null) continue;
    if (!expected.path.equals(entry.path)) throw new TypeError('expect() must not change the path');
    yield expected;
  }
}

/** One path in two manifests. */
export interface Pair {
  readonly expected: Entry | null;
  readonly found: Entry | null;
}

function judge({ expected: known, found }: Pair, options: CompareOptions): Difference | null {
  const { ignore, expectAdded, onContent } = options;
  const expected = known ?? (found && expectAdded ? expectAdded(found) : null);
  if (expected === null) return found && { path: printable(found.path), what: 'extra' };
  if (found === null) return { path: printable(expected.path), what: 'missing' };
  const ignored = ignore ? ignore(expected) : [];
  const difference = differenceOf(expected, found, ignored);
  if (difference && onContent && !differenceOf(expected, found, [...ignored, 'hash'])) onContent(expected.path);
  return difference;
}

/** Joins two ordered lists by path. */
export async function* pairsOf(
  left: AsyncGenerator<Entry>,
  right: AsyncGenerator<Entry>,
): AsyncGenerator<Pair, void, undefined> {
  try {
    let [a, b] = await Promise.all([nextOf(left), nextOf(right)]);
    while (a !== null || b !== null) {
      const order = a === null ? 1 : b === null ? -1 : Buffer.compare(a.path, b.path);
      yield { expected: order <= 0 ? a : null, found: order >= 0 ? b : null };
      if (order <= 0) a = await nextOf(left);
      if (order >= 0) b = await nextOf(right);
    }
  } finally {
    await Promise.all([left.return(undefined), right.return(undefined)]);
  }
}

async function nextOf(entries: AsyncGenerator<Entry>): Promise<Entry | null> {
  const next = await entries.next();
  return next.done === true ? null : next.value;
}
