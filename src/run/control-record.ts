import { constants } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { fail, type ProblemError } from '../core/problem.ts';
import type { RunFolder } from '../core/step.ts';
import { quoteWord } from '../host/quote.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { errorCode } from './system-error.ts';

/** Which process takes orders for a run, and where. */
export interface ControlRecord extends ProcessIdentity {
  readonly v: 1;
  readonly socket: string;
}

const NAME = 'control.json';
const MAX_BYTES = 4096;

const recordShape = z.object({
  v: z.literal(1),
  pid: z.int().positive(),
  startTime: z.string(),
  bootId: z.string(),
  socket: z.string().refine((path) => isAbsolute(path) && !path.includes('\0')),
});

/**
 * What the run's folder says of its daemon; null where it says nothing. The process that is named may be gone. Read-only. Throws
 * `control-unsafe` where it is a link, another user's, open to others, or unreadable.
 */
export async function readRecord(run: RunFolder, uid: number): Promise<ControlRecord | null> {
  const path = join(run.path, NAME);
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const seen = await handle.stat();
      if (!seen.isFile()) throw unsafe(path, 'is not a file');
      if (seen.uid !== uid) throw unsafe(path, `belongs to user ${seen.uid}, not to you (${uid})`);
      if ((seen.mode & 0o077) !== 0) throw unsafe(path, 'is open to others');
      if (seen.size > MAX_BYTES) throw unsafe(path, 'is far too large');
      return recordShape.parse(JSON.parse(await handle.readFile('utf8')));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return null;
    if (errorCode(cause) === 'ELOOP') throw unsafe(path, 'is a symbolic link');
    if (cause instanceof SyntaxError || cause instanceof z.ZodError) throw unsafe(path, 'was not written by neo-pull');
    throw cause;
  }
}

/** Says in the run's folder which process takes orders, and where; replaces what is there. Throws `journal-unwritable`. */
export async function writeRecord(run: RunFolder, record: ControlRecord): Promise<void> {
  const path = join(run.path, NAME);
  const draft = `${path}.draft`;
  try {
    await rm(draft, { force: true });
    await writeFile(draft, `${JSON.stringify(record)}\n`, { flag: 'wx', mode: 0o600 });
    await rename(draft, path);
  } catch (cause) {
    throw fail(
      'journal-unwritable',
      {
        message: `${path} could not be written (${errorCode(cause) ?? String(cause)}), so nobody could give orders to this run.`,
        hint: 'Make room or rights there, or name another place in XDG_STATE_HOME.',
      },
      { cause },
    );
  }
}

/** Takes the record away, unless it is another's by now. Repeatable; never rejects, for a stale one does no harm. */
export async function removeRecord(run: RunFolder, record: ControlRecord, uid: number): Promise<void> {
  const found = await readRecord(run, uid).catch(() => null);
  if (found?.socket === record.socket) await rm(join(run.path, NAME), { force: true }).catch(() => undefined);
}

/** Said of anything on the way to the daemon that may be somebody else's. */
export function unsafe(path: string, why: string): ProblemError {
  return fail('control-unsafe', {
    message: `${path} ${why}. Nothing was sent.`,
    hint: `Look at it: ls -ld ${quoteWord(path)}. When no neo-pull runs (pgrep -af neo-pull), remove it, and start neo-pull again.`,
  });
}
