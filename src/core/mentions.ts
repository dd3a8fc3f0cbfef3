import type { Mapping } from './plan.ts';

/** What of a mapping can be looked for in any text: see `mentionFinder`. */
export type MentionFinder = (text: string) => number;

/**
 * Counts where old places stand anywhere in a text, as whole segments: `/home/al` is not found in `/home/alice`, `/home/al.bak` or
 * `/mnt/home/al`. A place that keeps its path does not count, nor what lies in it. Text and places are latin1 of their bytes.
 * Linear in the text; pure.
 */
export function mentionFinder(mapping: readonly Mapping[]): MentionFinder {
  const pairs = mapping.map(({ from, to }) => ({ from: latin1(from), isKept: from === to }));
  const moving = pairs.filter(({ isKept }) => !isKept).map(({ from }) => from);
  const shortest = moving.filter((one) => !moving.some((other) => one.startsWith(`${other}/`)));
  return (text) => shortest.reduce((sum, from) => sum + mentionsOf(text, from, pairs), 0);
}

/** Latin1 of the UTF-8 bytes of a text: what `mentionFinder` looks in. */
export function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function mentionsOf(text: string, from: string, pairs: readonly { from: string; isKept: boolean }[]): number {
  let count = 0;
  for (let at = text.indexOf(from); at >= 0; at = text.indexOf(from, at + from.length)) {
    if (!isWhole(text, at, from)) continue;
    const longest = pairs.find((pair) => text.startsWith(pair.from, at) && isWhole(text, at, pair.from));
    if (longest?.isKept !== true) count += 1;
  }
  return count;
}

function isWhole(text: string, at: number, from: string): boolean {
  const before = text.charAt(at - 1);
  const after = text.slice(at + from.length, at + from.length + 2);
  return (
    !/[A-Za-z0-9._\-\x80-\xff]/.test(before) && !/^(?:[A-Za-z0-9_\-\x80-\xff]|\.[A-Za-z0-9_\-\x80-\xff])/.test(after)
  );
}
