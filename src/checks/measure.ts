import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { DirFacts } from '../core/inventory.ts';
import { fail } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { askScript } from './ask-script.ts';
import { MEASURE_SCRIPT } from './measure-script.ts';
import { countOf, groupsOf, listOf, valueOf, type Answer } from './survey-answer.ts';

/**
 * Measures directories, in one question and in the order of `paths` (absolute): what is there and what is in it, and where a
 * copy beside it would lie. Read-only; a path need not exist. Throws `survey-failed`, also when something could not be counted
 * in five minutes; `connection-lost`.
 */
export async function measure(
  host: Host,
  paths: readonly string[],
  { clock, signal }: { clock: Clock; signal?: AbortSignal | undefined },
): Promise<DirFacts[]> {
  if (paths.length === 0) return [];
  const answer = await askScript(host, {
    what: `Measuring ${paths.map((path) => printable(path)).join(', ')}`,
    script: MEASURE_SCRIPT,
    args: paths,
    timeoutMs: 20 * 60_000,
    clock,
    signal,
  });
  const groups = groupsOf(answer, 'dir');
  return paths.map((path, at) => dirFacts(path, groups[at] ?? []));
}

/** The free space that `df -P -k` tells of, in bytes; null when it does not. Pure. */
export function freeBytesIn(df: string): number | null {
  const free = /^.*?\s(\d+)\s+(-?\d+)\s+(-?\d+)\s+\S+%?\s+\/.*$/s.exec(rowOf(df))?.[3];
  return free === undefined ? null : Math.max(0, Number(free)) * 1024;
}

/** The free inodes that `df -i` tells of; null when the file system does not count them, or it does not tell. Pure. */
export function freeInodesIn(df: string): number | null {
  const row = rowOf(df);
  // The one of macOS tells blocks first, then used and free inodes.
  if (/\biused\b/.test(df)) {
    const [, used, free] = /\s(\d+)\s+(\d+)\s+\d+%\s+\/.*$/s.exec(row) ?? [];
    return used === undefined || free === undefined || Number(used) + Number(free) === 0 ? null : Number(free);
  }
  const [, all, free] = /^.*?\s(\d+)\s+\d+\s+(\d+)\s+\S+\s+\/.*$/s.exec(row) ?? [];
  return free === undefined || Number(all) === 0 ? null : Number(free);
}

/** Everything below the heading: the name of a device can be so long that some put the rest on a line of its own. */
function rowOf(df: string): string {
  return df.trimEnd().split('\n').slice(1).join(' ');
}

function dirFacts(path: string, group: Answer): DirFacts {
  if (valueOf(group, 'dir') !== path) throw unmeasured(path, 'was not answered for');
  const realPath = valueOf(group, 'dir.real');
  const counted = { entries: countOf(group, 'dir.entries'), bytes: countOf(group, 'dir.bytes') };
  if (realPath !== null && (counted.entries === null || counted.bytes === null))
    throw unmeasured(path, 'could not be counted within 5 minutes');
  const freeBytes = freeBytesIn(valueOf(group, 'dir.blocks') ?? '');
  if (freeBytes === null) throw unmeasured(path, 'lies on a file system whose free space could not be read');
  const parent = valueOf(group, 'dir.parent') ?? '';
  return {
    path,
    realPath: realPath ?? path,
    exists: realPath !== null,
    entries: counted.entries ?? 0,
    bytes: counted.bytes ?? 0,
    unreadable: listOf(group, 'dir.unreadable'),
    ownerUid: countOf(group, 'dir.owner'),
    isMount: valueOf(group, 'dir.mount') !== null,
    parent: {
      path: parent,
      writable: valueOf(group, 'dir.parent-writable') !== null,
      ownerUid: countOf(group, 'dir.parent-owner'),
      device: valueOf(group, 'dir.device') || parent,
      freeBytes,
      freeInodes: freeInodesIn(valueOf(group, 'dir.inodes') ?? ''),
    },
  };
}

function unmeasured(path: string, what: string): Error {
  return fail('survey-failed', {
    message: `${printable(path)} ${what}.`,
    hint: 'Nothing was changed. See whether the file system answers (`ls`, `df -k`), then try again.',
  });
}
