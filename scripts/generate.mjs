// Bundles each program of ours that runs as one file elsewhere into a TypeScript module holding its text. Any number of times;
// writes only what changed. Exit 1 when an entry is missing, after all the others were made.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PROGRAMS = [
  // The old machine's Node may be older than ours.
  { entry: 'src/walk/program.ts', to: 'src/walk/program.generated.ts', target: 'node18' },
  { entry: 'src/gateway/probe-program.ts', to: 'src/gateway/probe-program.generated.ts', target: 'node18' },
  { entry: 'src/transfer/rsh.ts', to: 'src/transfer/rsh.generated.ts', target: 'node20' },
];

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

for (const { entry, to, target } of PROGRAMS.filter(({ entry }) => existsSync(entry))) {
  replace(to, moduleOf(entry, await bundle(entry, target)));
}
const missing = PROGRAMS.map(({ entry }) => entry).filter((entry) => !existsSync(entry));
for (const entry of missing) console.error(`generate: ${entry} is missing, so it was not bundled`);
process.exitCode = missing.length === 0 ? 0 : 1;

async function bundle(entry, target) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target,
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  return outputFiles[0].text;
}

function moduleOf(entry, text) {
  const sha256 = createHash('sha256').update(text).digest('hex');
  return [
    `// Made from ${entry} by scripts/generate.mjs.`,
    `export const PROGRAM_TEXT = ${JSON.stringify(text)};`,
    `export const PROGRAM_SHA256 = '${sha256}';`,
    '',
  ].join('\n');
}

// By rename, because tests and builds may be reading it.
function replace(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  const fresh = `${path}.${process.pid}.tmp`;
  writeFileSync(fresh, text);
  renameSync(fresh, path);
  console.log(`generate: ${path}`);
}
