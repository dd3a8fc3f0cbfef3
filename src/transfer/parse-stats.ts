/** What `--info=stats2` says at the end of a pass. Sizes in bytes. */
export interface RsyncStats {
  /** Regular files whose content was sent, whole or in part. */
  readonly files: number;
  /** Size of those files. */
  readonly bytes: number;
  readonly deleted: number;
  /** Entries that were not there before; 0 where that is not said. */
  readonly created: number;
  /** All that was looked at: entries, the root itself too, and the size of the regular files among them. Null where that is not said. */
  readonly tree: { readonly entries: number; readonly bytes: number } | null;
  /** What went over the line, in both directions, as rsync counts it. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** One value for each line. */
export type StatsValues = Omit<RsyncStats, 'tree'> & { readonly entries: number; readonly totalBytes: number };

const LINES: Readonly<Record<keyof StatsValues, RegExp>> = {
  files: /^Number of regular files transferred: (\d{1,16})$/,
  bytes: /^Total transferred file size: (\d{1,16}) bytes$/,
  created: /^Number of created files: (\d{1,16})(?: \([a-z0-9:, ]*\))?$/,
  entries: /^Number of files: (\d{1,16})(?: \([a-z0-9:, ]*\))?$/,
  totalBytes: /^Total file size: (\d{1,16}) bytes$/,
  deleted: /^Number of deleted files: (\d{1,16})(?: \([a-z0-9:, ]*\))?$/,
  sentBytes: /^Total bytes sent: (\d{1,16})$/,
  receivedBytes: /^Total bytes received: (\d{1,16})$/,
};

/** One value of the statistics, or null when the line is none. Pure, never throws. Wants `--no-human-readable`. */
export function parseStatsLine(line: string): Partial<StatsValues> | null {
  for (const key of Object.keys(LINES) as (keyof StatsValues)[]) {
    const value = Number(LINES[key].exec(line)?.[1] ?? Number.NaN);
    if (Number.isSafeInteger(value)) return { [key]: value };
  }
  return null;
}

/** The statistics of a pass once every value was seen that a pass cannot do without, else null. Pure. */
export function wholeStats(seen: Partial<StatsValues>): RsyncStats | null {
  const { files, bytes, deleted, sentBytes, receivedBytes, created = 0, entries, totalBytes } = seen;
  if (files === undefined || bytes === undefined || deleted === undefined) return null;
  if (sentBytes === undefined || receivedBytes === undefined) return null;
  const tree = entries === undefined || totalBytes === undefined ? null : { entries, bytes: totalBytes };
  return { files, bytes, deleted, created, tree, sentBytes, receivedBytes };
}
