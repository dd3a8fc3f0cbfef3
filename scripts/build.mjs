// Builds dist/: main.js, runnable, and parts that load when they are needed, so that `--help` loads no SSH; and in one file what an
// owner puts before a read-only account on the old machine.
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const DISPATCHER = 'dist/neo-pull-read-only.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const generated = spawnSync(process.execPath, ['scripts/generate.mjs'], { stdio: 'inherit' });
if (generated.status !== 0) process.exit(generated.status ?? 1);

const { metafile } = await build({
  entryPoints: ['src/main.ts'],
  outdir: 'dist',
  chunkNames: 'parts/[name]-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
  metafile: true,
});
const { outputFiles } = await build({
  entryPoints: ['src/read-only/program.ts'],
  bundle: true,
  write: false,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
});
// By rename, because a session may be starting it.
writeFileSync('dist/neo-pull-read-only.mjs.new', outputFiles[0].contents, { mode: 0o755 });
renameSync('dist/neo-pull-read-only.mjs.new', DISPATCHER);
// Afterwards, and only what is no longer part of it: a neo-pull that runs meanwhile still has to load its parts.
for (const name of readdirSync('dist', { recursive: true, withFileTypes: true })) {
  const path = join(name.parentPath, name.name);
  if (name.isFile() && path !== DISPATCHER && !(path in metafile.outputs)) rmSync(path);
}
chmodSync('dist/main.js', 0o755);
