import { join } from 'node:path';
import { build } from 'esbuild';
import { tempFolder } from './temp-folder.ts';

/** Makes one file that `node` runs of a program that lies beside this test; answers with its path. */
export async function bundle(name: string): Promise<string> {
  const outfile = join(await tempFolder(), name.replace(/\.ts$/, '.mjs'));
  await build({
    entryPoints: [join(import.meta.dirname, name)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
  });
  return outfile;
}
