/** What a receiving rsync can do, and since which version. Everything else that neo-pull uses is in every rsync since 3.1.0. */
const SINCE = { nanoseconds: [3, 1, 3], fsync: [3, 2, 4] } as const;

export type Feature = keyof typeof SINCE;

/**
 * Can this rsync do that? Pure. A version that did not tell itself (null, or not of the form `3.2.7`) is taken for the oldest
 * that is accepted, so that no option is given that it might refuse.
 */
export function canDo(version: string | null, feature: Feature): boolean {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version ?? '');
  if (!match) return false;
  const have = [match[1], match[2], match[3] ?? '0'].map(Number);
  const need = SINCE[feature];
  const at = need.findIndex((part, index) => part !== have[index]);
  return at === -1 || (have[at] ?? 0) > (need[at] ?? 0);
}

/** Whose rsync, and how old. */
export interface RsyncKind {
  readonly version: string | null;
  readonly flavour?: 'gnu' | 'openrsync';
}

/**
 * Must a sending rsync be spoken to plainly? openrsync, and every rsync before 3.1.0: they know neither `--secluded-args` nor
 * `--info`, filters have no modifiers, and times come in whole seconds. Pure.
 */
export function speaksPlainly({ version, flavour }: RsyncKind): boolean {
  const match = /^v?(\d+)\.(\d+)/.exec(version ?? '');
  const isOld = match !== null && (Number(match[1]) < 3 || (Number(match[1]) === 3 && Number(match[2]) < 1));
  return flavour === 'openrsync' || isOld;
}
