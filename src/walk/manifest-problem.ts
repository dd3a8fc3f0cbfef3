import { dirname } from 'node:path';
import { fail, type ProblemError } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { quoteWord } from '../host/quote.ts';
import { RecordError } from '../core/records.ts';

/** A walk that fills this machine's disk with names is none. */
export const MAX_MANIFEST_BYTES = 4 * 1024 ** 3;

/** What a walk was to do, for the words of a Problem. */
interface Walked {
  readonly root: string;
  readonly outFile: string;
  /** Of the Host. */
  readonly label: string;
}

/** What to throw for what ended the taking of a manifest: `answer-malformed`, `disk-full`, or as it is. */
export function problemWith(thrown: unknown, { root, outFile, label }: Walked): unknown {
  if (thrown instanceof RecordError) {
    return fail(
      'answer-malformed',
      {
        message: `On ${label}, the walk of ${printable(root)} answered what is no manifest: ${thrown.message}.`,
        hint: 'See there whether the Node in use is a plain one, without a wrapper that prints; then try again.',
      },
      { cause: thrown },
    );
  }
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return thrown;
  return fail(
    'disk-full',
    {
      message: `There is no room left for the manifest ${printable(outFile)} (${code}).`,
      hint: `Make room there, then try again: df -h ${pasteable(dirname(outFile))}`,
    },
    { cause: thrown },
  );
}

/** The Problem with a root that the system did not let us open: `source-gone` or `root-unreadable`. */
export function rootProblem(code: string, root: string, label: string): ProblemError {
  const gone = code === 'ENOENT' || code === 'ENOTDIR';
  return fail(gone ? 'source-gone' : 'root-unreadable', {
    message: gone
      ? `On ${label} there is no directory ${printable(root)} (${code}).`
      : `On ${label} the directory ${printable(root)} cannot be read (${code}).`,
    hint: `Look there with: ls -ld ${pasteable(root)}`,
  });
}

/** The Problem with a walk that does not end: `output-too-large`. */
export function tooLarge(root: string, label: string): ProblemError {
  return fail('output-too-large', {
    message: `On ${label}, the walk of ${printable(root)} gave more than ${MAX_MANIFEST_BYTES / 1024 ** 3} GiB of names.`,
    hint: `See what makes so many files there, and leave it out with --exclude: find ${pasteable(root)} | wc -l`,
  });
}

/** What to throw for what ended the reading of a manifest file: `answer-malformed`, or as it is. */
export function fileProblem(thrown: unknown, file: string): unknown {
  if (!(thrown instanceof RecordError)) return thrown;
  return fail(
    'answer-malformed',
    {
      message: `${printable(file)} is no whole manifest: ${thrown.message}.`,
      hint: 'Run the same command again: it takes a new one.',
    },
    { cause: thrown },
  );
}

function pasteable(path: string): string {
  return quoteWord(printable(path));
}
