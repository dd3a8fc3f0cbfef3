import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSecretFile } from '../../src/cli/secret-file.ts';
import { problemFrom } from '../kit/problem-from.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'np-secret-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string, mode: number): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('a file that holds a secret', () => {
  it('gives its one line', async () => {
    await expect(readSecretFile(file('plain', 'hunter22\n', 0o600))).resolves.toBe('hunter22');
    await expect(readSecretFile(file('bare', ' spaces count ', 0o400))).resolves.toBe(' spaces count ');
  });

  it('may be a pipe', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', ['-m', '600', path]);
    const [secret] = await Promise.all([readSecretFile(path), writePipe(path, 'by the pipe\n')]);
    expect(secret).toBe('by the pipe');
  });

  it.each([
    ['open', 'secret\n', 0o644, 'chmod 600'],
    ['group', 'secret\n', 0o640, 'chmod 600'],
    ['empty', '\n', 0o600, 'chmod 600'],
    ['two-lines', 'one\ntwo\n', 0o600, 'chmod 600'],
    ['long', 'x'.repeat(20_000), 0o600, 'alone'],
  ])('is refused when it is %s', async (name, text, mode, hint) => {
    const found = await problemFrom(readSecretFile(file(name, text, mode)));
    expect(found).toMatchObject({ code: 'option-invalid' });
    expect(found.hint).toContain(hint);
    expect(`${found.message} ${found.hint}`).not.toContain('secret\n');
  });

  it('is refused when it is not there', async () => {
    const found = await problemFrom(readSecretFile(join(folder, 'none')));
    expect(found.message).toContain('ENOENT');
  });
});

async function writePipe(path: string, text: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(path, text);
}
