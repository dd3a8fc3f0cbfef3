import { open, type FileHandle } from 'node:fs/promises';
import { fail, type ProblemError } from '../core/problem.ts';
import { printable } from '../host/printable.ts';

const LONGEST = 16 * 1024;

/** Who may read a file beside its owner, as mode bits. */
const NOBODY = 0o000;
/** systemd lets the account of a service in by an ACL, which the group's bits show, on a file of root's. */
const GROUP = 0o040;

/** The secret in a file, without the line end after it. Throws `option-invalid` for a file that others may read, or that holds none. */
export function readSecretFile(path: string): Promise<string> {
  return secretIn(path, NOBODY);
}

/** As `readSecretFile`, for a file that systemd has made. */
export function readCredentialFile(path: string): Promise<string> {
  return secretIn(path, GROUP);
}

async function secretIn(path: string, others: number): Promise<string> {
  const text = await readAlone(path, others);
  const secret = text.replace(/\r?\n$/, '');
  if (secret !== '' && !/[\r\n\0]/.test(secret)) return secret;
  throw unusable(
    path,
    'does not hold one line with a secret',
    `Put nothing else into it: chmod 600 '${printable(path)}'`,
  );
}

async function readAlone(path: string, others: number): Promise<string> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw unusable(
      path,
      `cannot be opened (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      'Check the path and the rights.',
    );
  });
  try {
    // The open file is judged, not its name: what is read is what was looked at.
    const { mode } = await handle.stat();
    if ((mode & 0o077 & ~others) !== 0) {
      const octal = (mode & 0o777).toString(8);
      throw unusable(
        path,
        `can be read by others (mode ${octal})`,
        `Keep it to yourself: chmod 600 '${printable(path)}'`,
      );
    }
    return await contentOf(handle, path);
  } finally {
    await handle.close();
  }
}

/** A pipe gives its content in pieces. */
async function contentOf(handle: FileHandle, path: string): Promise<string> {
  const buffer = Buffer.alloc(LONGEST);
  for (let length = 0; ;) {
    const { bytesRead } = await handle.read(buffer, length, LONGEST - length, null);
    length += bytesRead;
    if (length === LONGEST)
      throw unusable(path, 'is too long for a secret', 'Name the file that holds the secret alone.');
    if (bytesRead === 0) return buffer.toString('utf8', 0, length);
  }
}

function unusable(path: string, why: string, hint: string): ProblemError {
  return fail('option-invalid', { message: `The secret file ${printable(path)} ${why}. Nothing was changed.`, hint });
}
