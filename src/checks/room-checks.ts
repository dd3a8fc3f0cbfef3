import type { DirFacts, Inventory } from '../core/inventory.ts';
import { problem, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { pasteable } from '../host/pasteable.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';

/** What one file takes beyond its bytes, at most: its last block is rarely full. */
const BLOCK_BYTES = 4096;

/** What is to come on one file system of the new machine. */
interface Need {
  readonly path: string;
  readonly freeBytes: number;
  readonly freeInodes: number | null;
  readonly bytes: number;
  readonly entries: number;
}

/**
 * Does the copy fit beside what is there? Roots that go to one file system are added up. `staged` are the staging directories of
 * an earlier pass, measured: what lies there already is not needed again.
 */
export function roomChecks({ dirs }: Pick<Inventory, 'dirs'>, staged: readonly DirFacts[] = []): readonly PureCheck[] {
  return [
    pureCheck('disk-space', 'The copy fits on the disk', () => needsOf(dirs, staged).flatMap(diskSpace)),
    pureCheck('inodes', 'The file system has enough inodes', () => needsOf(dirs, staged).flatMap(inodes)),
  ];
}

function diskSpace({ path, bytes, freeBytes }: Need): Problem[] {
  if (bytes <= freeBytes) return [];
  return [
    problem('disk-too-small', {
      message: `The copy needs ${inWords(bytes)} at ${printable(path)} (a tenth more than what moves, and the blocks that files do not fill); ${inWords(freeBytes)} are free.`,
      hint: `Make room there (\`df -h ${pasteable(path)}\`), or put the state elsewhere with --to-state-dir.`,
      detail: { path, needBytes: bytes, freeBytes },
    }),
  ];
}

function inodes({ path, entries, freeInodes }: Need): Problem[] {
  if (freeInodes === null || entries <= freeInodes) return [];
  return [
    problem('inodes-too-few', {
      message: `The copy needs ${String(entries)} inodes at ${printable(path)} (a tenth more than what moves); ${String(freeInodes)} are free.`,
      hint: `Remove small files there (\`df -i ${pasteable(path)}\`), or put the state elsewhere with --to-state-dir.`,
      detail: { path, needInodes: entries, freeInodes },
    }),
  ];
}

function needsOf(dirs: Inventory['dirs'], staged: readonly DirFacts[]): Need[] {
  const devices = [...new Set(dirs.map((dir) => dir.new.parent.device))];
  return devices.map((device) => {
    const group = dirs.filter((dir) => dir.new.parent.device === device);
    const parents = group.map((dir) => dir.new.parent);
    const there = staged.filter((dir) => dir.exists && dir.parent.device === device);
    const entries = sum(group.map((dir) => dir.old.entries));
    const bytes = sum(group.map((dir) => dir.old.bytes));
    const counted = parents.map((parent) => parent.freeInodes).filter((free) => free !== null);
    return {
      path: parents[0]?.path ?? '/',
      freeBytes: Math.min(...parents.map((parent) => parent.freeBytes)),
      freeInodes: counted.length === 0 ? null : Math.min(...counted),
      bytes: atLeastZero(Math.ceil(bytes * 1.1) + entries * BLOCK_BYTES - sum(there.map(onDisk))),
      entries: atLeastZero(Math.ceil(entries * 1.1) - sum(there.map((dir) => dir.entries))),
    };
  });
}

function onDisk({ bytes, entries }: DirFacts): number {
  return bytes + entries * BLOCK_BYTES;
}

function atLeastZero(number: number): number {
  return Math.max(0, number);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** `1.5 GiB`; bytes as they are below 1 KiB. */
function inWords(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const number = bytes / 1024 ** power;
  return `${power === 0 ? String(bytes) : number.toFixed(1)} ${units[power] ?? ''}`;
}
