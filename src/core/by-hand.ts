/** Something that neither a copy nor a rewrite can do: it is bound to the old machine, or lies on a third one. */
export interface ByHand {
  /** Stable for the same thing: `native:/home/al/...`, `device:ab12`. */
  readonly id: string;
  readonly what: string;
  readonly why: string;
  /** To be pasted; where it is to be run stands in `why`. Null where no command does it. */
  readonly command: string | null;
}

/** All counted, so many listed: a Plan is kept in every Journal. */
export interface ByHandList {
  readonly count: number;
  readonly listed: readonly ByHand[];
}

const LISTED = 200;

/** One list, each thing once. Pure. */
export function byHandList(found: readonly ByHand[]): ByHandList {
  const once = [...new Map(found.map((one) => [one.id, one])).values()];
  return { count: once.length, listed: once.slice(0, LISTED) };
}
