import { build, type Metafile } from 'esbuild';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../kit/repository.ts';

/** The packages that a part loads before anything of it runs, over all the parts that it needs at once. */
function loadedAtOnce({ outputs }: Metafile, part: string, seen = new Set<string>()): ReadonlySet<string> {
  const packages = new Set<string>();
  if (seen.has(part)) return packages;
  seen.add(part);
  for (const { path, kind, external } of outputs[part]?.imports ?? []) {
    if (kind === 'dynamic-import') continue;
    if (external === true) packages.add(path);
    else for (const name of loadedAtOnce({ inputs: {}, outputs }, path, seen)) packages.add(name);
  }
  return packages;
}

it('the program starts without the packages that only some commands need', async () => {
  const { metafile } = await build({
    absWorkingDir: REPOSITORY,
    entryPoints: ['src/main.ts'],
    outdir: 'dist',
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  });
  const packages = [...loadedAtOnce(metafile, 'dist/main.js')].filter((name) => !name.startsWith('node:'));
  expect(packages).toEqual(['yargs']);
});
