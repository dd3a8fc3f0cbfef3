/**
 * Packages of distributions that carry the repairs of rsync 3.4.1 under an older number: what their version begins with, and from
 * which last number on.
 */
const REPAIRED: readonly { readonly release: string; readonly prefix: string; readonly from: number }[] = [
  { release: 'Debian 12', prefix: '3.2.7-1+deb12u', from: 2 },
  { release: 'Debian 11', prefix: '3.2.3-4+deb11u', from: 2 },
  { release: 'Ubuntu 24.10', prefix: '3.3.0-1ubuntu0.', from: 1 },
  { release: 'Ubuntu 24.04', prefix: '3.2.7-1ubuntu1.', from: 1 },
  { release: 'Ubuntu 22.04', prefix: '3.2.7-0ubuntu0.22.04.', from: 3 },
  { release: 'Ubuntu 20.04', prefix: '3.1.3-8ubuntu0.', from: 8 },
];

/** Versions as numbers; a part that is missing counts as 0. Null when the text does not begin with a number. Pure. */
function numbersIn(version: string): readonly number[] | null {
  const numbers = /^\d+(?:\.\d+)*/.exec(version)?.[0];
  return numbers === undefined ? null : numbers.split('.').map(Number);
}

/** Less than 0 when `a` is the older version. Numbers only: what comes after them does not count. Pure. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersIn(a) ?? [], numbersIn(b) ?? []];
  const length = Math.max(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * How far an rsync that receives from a machine that is not trusted can be trusted itself: `unsafe` before 3.4.1 (a sender can
 * write outside of the destination and read files of the receiver: CVE-2024-12086, -12087, -12088, -12747), unless its
 * distribution repaired it under the old number; `dated` before 3.5.0; `safe` from then on. One that does not tell is unsafe. Pure.
 */
export function judgeRsync(version: string | null, packageVersion: string | null): 'unsafe' | 'dated' | 'safe' {
  if (version === null || numbersIn(version) === null) return 'unsafe';
  if (compareVersions(version, '3.5.0') >= 0) return 'safe';
  return compareVersions(version, '3.4.1') >= 0 || isRepaired(version, packageVersion) ? 'dated' : 'unsafe';
}

function isRepaired(version: string, packageVersion: string | null): boolean {
  // An epoch, or a package that is not what runs, does not count.
  if (packageVersion === null || !packageVersion.startsWith(`${version}-`)) return false;
  return REPAIRED.some(({ prefix, from }) => {
    const last = packageVersion.startsWith(prefix) ? /^\d+/.exec(packageVersion.slice(prefix.length)) : null;
    return last !== null && Number(last[0]) >= from;
  });
}
