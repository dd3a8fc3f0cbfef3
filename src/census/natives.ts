import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path/posix';
import { libcIn, nativeIn, NATIVE_HEAD_BYTES, needsAbi, runsOn, type Build, type Native } from '../core/native.ts';
import type { NativeGroup } from './bound-answer.ts';
import { listed } from './files.ts';
import { Owners } from './owners.ts';
import type { CensusPlace } from './request.ts';

/** Files that are text whatever their mode says. */
const TEXT =
  /\.(?:[cm]?[jt]sx?|json5?|jsonl|md|map|py[ci]?|txt|html?|css|s?css|ya?ml|toml|xml|svg|png|jpe?g|gif|webp|pdf|sh|h|hpp|cc?|cpp|rs|go|lock|log|sqlite|db|zip|t?gz|whl|jar|wasm|node_modules|license|flow)$/i;
const MOST_GROUPS = 5000;
const SCANNED_BYTES = 64 * 1024 * 1024;

/** What native files are compared by. */
export interface Builds {
  readonly from: Build;
  readonly to: Build;
  /** Asked now and then: is there time left? */
  readonly hasTime: () => boolean;
}

interface Group extends NativeGroup {
  /** Does the package bring along what runs on the other machine? */
  isCovered: boolean;
}

/**
 * Native files that run on the one machine and not on the other, by the package that they belong to. Files of other machines that lie
 * beside them for choice are none, and a package that brings along what the other machine wants is none either. Read-only; symlinks
 * are not followed.
 */
export function nativesIn(
  places: readonly CensusPlace[],
  builds: Builds,
): { natives: NativeGroup[]; isWhole: boolean } {
  const groups = new Map<string, Group>();
  let isWhole = true;
  for (const { id, path } of places) {
    const owners = new Owners(path);
    for (const file of filesIn(path)) {
      if (!builds.hasTime() || groups.size >= MOST_GROUPS) {
        isWhole = false;
        break;
      }
      note(groups, { place: id, path, file, owners }, builds);
    }
  }
  const natives = [...groups.values()].flatMap(({ isCovered, ...group }) => {
    return isCovered || group.files === 0 ? [] : [group];
  });
  return { natives, isWhole };
}

interface Candidate {
  readonly place: string;
  readonly path: string;
  readonly file: string;
  readonly owners: Owners;
}

function note(groups: Map<string, Group>, { place, path, file, owners }: Candidate, builds: Builds): void {
  const native = nativeIn(readOf(join(path, file), NATIVE_HEAD_BYTES));
  if (native === null) return;
  const why = boundBy(join(path, file), native, builds);
  const isSpare = why === null && isPrebuilt(file) && runsOn(native, builds.to);
  if (why === null && !isSpare) return;
  const owner = owners.ownerOf(file);
  const key = JSON.stringify([place, owner.kind, owner.dir, owner.name]);
  const group = groups.get(key) ?? { place, owner, why: why ?? 'machine', files: 0, file, isCovered: false };
  groups.set(key, group);
  if (why !== null) groups.set(key, { ...group, why, files: group.files + 1 });
  else if (!runsOn(native, builds.from)) group.isCovered = true;
}

/** What of the old machine a file needs that the new one has not; null where nothing, and for what did not run on the old one. */
function boundBy(path: string, native: Native, { from, to }: Builds): NativeGroup['why'] | null {
  if (!runsOn(native, from)) return null;
  if (!runsOn(native, to)) return 'machine';
  const isOtherLibc = from.libc !== null && to.libc !== null && from.libc !== to.libc;
  const isOtherNode = from.abi !== null && to.abi !== null && from.abi !== to.abi && path.endsWith('.node');
  if (!isOtherLibc && !isOtherNode) return null;
  const bytes = readOf(path, SCANNED_BYTES);
  if (isOtherLibc && libcIn(bytes) === from.libc) return 'libc';
  return isOtherNode && needsAbi(bytes, from.abi, to.abi) ? 'node' : null;
}

/** node-gyp-build and its like choose among these when they are loaded. */
function isPrebuilt(file: string): boolean {
  return /(?:^|\/)prebuilds\//.test(file);
}

function* filesIn(top: string): Generator<string> {
  const waiting = [''];
  for (let dir = waiting.pop(); dir !== undefined; dir = waiting.pop()) {
    for (const entry of listed(join(top, dir))) {
      const path = dir === '' ? entry.name : `${dir}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== '.git') waiting.push(path);
      else if (entry.isFile() && !TEXT.test(entry.name)) yield path;
    }
  }
}

/** The first bytes of a regular file; none of what cannot be read. */
export function readOf(path: string, most: number): Buffer {
  let fd: number | null = null;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(Math.min(most, fstatSync(fd).size));
    return bytes.subarray(0, readSync(fd, bytes));
  } catch {
    return Buffer.alloc(0);
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
