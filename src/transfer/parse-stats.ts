/** What `--info=stats2` says at the end of a pass. Sizes in bytes. */
export interface RsyncStats {
  /** Regular files whose content was sent, whole or in part. */
  readonly files: number;
  /** Size of those files. */
  readonly bytes: number;
  readonly deleted: number;
  /** What went over the line, in both directions, as rsync counts it. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

const LINES: Readonly<Record<keyof RsyncStats, RegExp>> = {
  files: /^Number of regular files transferred: (\d{1,16})$/,
  bytes: /^Total transferred file size: (\d{1,16}) bytes$/,
  deleted: /^Number of deleted files: (\d{1,16})(?: \([a-z0-9:, ]*\))?$/,
  sentBytes: /^Total bytes sent: (\d{1,16})$/,
  receivedBytes: /^Total bytes received: (\d{1,16})$/,
};

/** One value of the statistics, or null when the line is none. Pure, never throws. Wants `--no-human-readable`. */
export function parseStatsLine(line: string): Partial<RsyncStats> | null {
  for (const key of Object.keys(LINES) as (keyof RsyncStats)[]) {
    const value = Number(LINES[key].exec(line)?.[1] ?? Number.NaN);
    if (Number.isSafeInteger(value)) return { [key]: value };
  }
  return null;
}

/** The statistics of a pass once every value was seen, else null. Pure. */
export function wholeStats(seen: Partial<RsyncStats>): RsyncStats | null {
  const { files, bytes, deleted, sentBytes, receivedBytes } = seen;
  if (files === undefined || bytes === undefined || deleted === undefined) return null;
  if (sentBytes === undefined || receivedBytes === undefined) return null;
  return { files, bytes, deleted, sentBytes, receivedBytes };
}
