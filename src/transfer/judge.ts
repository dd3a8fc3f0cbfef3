import type { Exit } from '../core/host.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import type { MostReceived } from '../core/most-received.ts';
import type { RemoteEnd } from './bridge.ts';

/** All that is known when a pass has ended. */
export interface Ending {
  /** How the receiving rsync ended. */
  readonly local: Exit;
  readonly remote: RemoteEnd;
  readonly stalled: boolean;
  readonly stallMs: number;
  /** What had come when it was more than may; null where it was not. */
  readonly excess: MostReceived | null;
  readonly most: MostReceived;
  /** Is there no room left for staging? */
  readonly full: boolean;
  /** While the old gateway runs, files may vanish or change. */
  readonly live: boolean;
  readonly oldPath: string;
  readonly stagingPath: string;
  /** `delete.max`, or null when nothing was to be deleted. */
  readonly maxDelete: number | null;
  /** Was it only to be told whether anything would have to be deleted? */
  readonly spares: boolean;
  /** What either rsync said, sanitised. */
  readonly errors: readonly string[];
  /** Some of the names that were deleted, sanitised. */
  readonly deletions: readonly string[];
}

const AGAIN = 'What has arrived is kept: run the same command again, and only the rest is sent.';

/** rsync's exit codes that are decided upon; all others mean that it failed. */
const CODE = { partial: 23, vanished: 24, maxDelete: 25, noDirectory: 125 } as const;

/**
 * Decides by numbers, never by words, what a pass came to: `whole`; only while live, `vanished` (some files were gone when their turn came, and
 * nothing else is missing) and `partial` (some files changed or could not be read); `spared` (only where it spares: whole, but for what it
 * did not delete); or throws the Problem. Pure.
 */
export function judge(ending: Ending): 'whole' | 'vanished' | 'partial' | 'spared' {
  const { local, remote, stalled, full, live, spares } = ending;
  if (ending.excess) throw tooLarge(ending, ending.excess);
  if (stalled) throw stall(ending);
  if (local.code === 0) return 'whole';
  if (remote.kind === 'failed') throw remote.error;
  if (remote.kind === 'exited' && remote.exit.code === CODE.noDirectory) throw gone(ending);
  if (full) throw noRoom(ending);
  if (local.code === CODE.maxDelete && spares) return 'spared';
  if (local.code === CODE.maxDelete) throw massDeletion(ending);
  if (live && local.code === CODE.partial) return 'partial';
  if (live && local.code === CODE.vanished) return 'vanished';
  throw failed(ending);
}

function stall({ stallMs, stagingPath }: Ending): ProblemError {
  return fail('transfer-stalled', {
    message: `Nothing arrived in ${stagingPath} for ${Math.round(stallMs / 1000)} s, so the transfer was ended.`,
    hint: `Look at the line and at the load of the old machine. ${AGAIN}`,
  });
}

function tooLarge({ oldPath, most }: Ending, { entries, bytes }: MostReceived): ProblemError {
  return fail('copy-too-large', {
    message: `More comes from ${oldPath} than may: ${entries} entries and ${bytes} bytes so far, and at most ${most.entries} and ${most.bytes} in one pass.`,
    hint: `Look on the old machine what there is so much of: du -sh '${oldPath}'; find '${oldPath}' | wc -l. Leave it out (--exclude), or where it is meant: --max-entries, --max-bytes.`,
    detail: { entries, bytes },
  });
}

function gone({ oldPath }: Ending): ProblemError {
  return fail('source-gone', {
    message: `${oldPath} on the old machine is not there, or cannot be entered.`,
    hint: `Look on the old machine: ls -ld '${oldPath}'. If it is a mount, mount it again, then run the same command again.`,
  });
}

function noRoom({ stagingPath, errors }: Ending): ProblemError {
  return fail('disk-full', {
    message: `There is no room left where ${stagingPath} lies.`,
    hint: `Make room (df -h '${stagingPath}'; df -i '${stagingPath}'). ${AGAIN}`,
    detail: { errors },
  });
}

function massDeletion({ oldPath, maxDelete, deletions }: Ending): ProblemError {
  const examples = deletions.length > 0 ? ` Among them: ${deletions.join(', ')}.` : '';
  return fail('mass-deletion', {
    message: `More than ${maxDelete ?? 0} entries that were copied earlier are gone from ${oldPath} on the old machine.${examples}`,
    hint: `Look on the old machine whether ${oldPath} is whole. When it is as it should be, run the same command again; if so much was meant to go, with a larger --max-delete.`,
    detail: { deletions },
  });
}

function failed({ local, remote, errors }: Ending): ProblemError {
  const here = `rsync on this machine ended with ${said(local)}`;
  const there = remoteSaid(remote);
  return fail('transfer-failed', {
    message: [`${here}, ${there}.`, ...errors.slice(0, 3)].join(' '),
    hint: AGAIN,
    detail: { errors, exitCode: local.code, signal: local.signal },
  });
}

function remoteSaid(remote: RemoteEnd): string {
  switch (remote.kind) {
    case 'exited':
      return `the one on the old machine with ${said(remote.exit)}`;
    case 'refused':
      return `after it asked the old machine for something unexpected (${JSON.stringify(remote.asked.slice(0, 8))})`;
    case 'not-started':
      return 'before the one on the old machine was started';
    case 'failed':
      return 'the one on the old machine was lost';
  }
}

function said(exit: Exit): string {
  return exit.code === null ? `signal ${exit.signal}` : `exit code ${exit.code}`;
}
