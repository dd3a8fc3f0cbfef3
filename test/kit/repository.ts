import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRepository(from: string): string {
  if (existsSync(join(from, 'package.json')) && existsSync(join(from, 'test/kit/repository.ts'))) return from;
  if (dirname(from) === from) throw new Error('the kit only works inside its repository');
  return findRepository(dirname(from));
}

/** The repository's own directory, also for a kit that was bundled to somewhere below it. */
export const REPOSITORY = findRepository(dirname(fileURLToPath(import.meta.url)));
