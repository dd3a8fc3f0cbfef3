// Bundles each program of ours that runs as one file elsewhere into a TypeScript module holding its text, and makes the table of what a
// read-only account on the old machine lets through. Any number of times; writes only what changed. Exit 1 when an entry is missing, after all the others were made.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PROGRAMS = [
  // The old machine's Node may be older than ours.
  { entry: 'src/walk/program.ts', to: 'src/walk/program.generated.ts', target: 'node18' },
  { entry: 'src/watch/program.ts', to: 'src/watch/program.generated.ts', target: 'node18' },
  { entry: 'src/census/program.ts', to: 'src/census/program.generated.ts', target: 'node18' },
  { entry: 'src/gateway/probe-program.ts', to: 'src/gateway/probe-program.generated.ts', target: 'node18' },
  { entry: 'src/sqlite/program.ts', to: 'src/sqlite/program.generated.ts', target: 'node18' },
  { entry: 'src/gateway/pm2-program.ts', to: 'src/gateway/pm2-program.generated.ts', target: 'node18' },
  // After the programs that it holds.
  { entry: 'src/steps/dead-man-program.ts', to: 'src/steps/dead-man-program.generated.ts', target: 'node18' },
  { entry: 'src/transfer/rsh.ts', to: 'src/transfer/rsh.generated.ts', target: 'node20' },
  { entry: 'src/host/openssh-askpass.ts', to: 'src/host/openssh-askpass.generated.ts', target: 'node20' },
];

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

for (const { entry, to, target } of PROGRAMS.filter(({ entry }) => existsSync(entry))) {
  replace(to, moduleOf(entry, await bundle(entry, target)));
}
replace('src/read-only/known.generated.ts', knownModule(await import(asUrl(await known()))));
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
    // Whoever has chokidar's text in hand is to see whose it is.
    legalComments: 'eof',
    logLevel: 'warning',
  });
  return outputFiles[0].text;
}

/** What the dispatcher of a read-only account lets through: bundled from where it is said. */
async function known() {
  const contents = [
    "export { MACHINE_SCRIPT, machineArgs } from './src/checks/survey-script.ts';",
    "export { GATEWAY_SCRIPT } from './src/checks/gateway-script.ts';",
    "export { KEEPERS_SCRIPT, keeperNames } from './src/checks/keepers-script.ts';",
    "export { MEASURE_SCRIPT } from './src/checks/measure-script.ts';",
    "export { FILES_SCRIPT } from './src/checks/files-script.ts';",
    "export { PROGRAM_TEXT as WALK } from './src/walk/program.generated.ts';",
    "export { PROGRAM_TEXT as CENSUS } from './src/census/program.generated.ts';",
    "export { PROGRAM_SHA256 as WATCHER } from './src/watch/program.generated.ts';",
    "export { LAUNCH } from './src/watch/bootstrap.ts';",
    "export { PATHS_SCRIPT } from './src/checks/paths-script.ts';",
    "export { LINKS_SCRIPT } from './src/checks/links-script.ts';",
    "export { PRODUCTS } from './src/gateway/product.ts';",
    "export { default as manifest } from './package.json';",
  ].join('\n');
  const stdin = { contents, resolveDir: process.cwd(), loader: 'ts' };
  const { outputFiles } = await build({ stdin, bundle: true, write: false, platform: 'node', format: 'esm' });
  return outputFiles[0].text;
}

function asUrl(text) {
  return `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`;
}

function knownModule({
  MACHINE_SCRIPT,
  GATEWAY_SCRIPT,
  KEEPERS_SCRIPT,
  keeperNames,
  MEASURE_SCRIPT,
  FILES_SCRIPT,
  WALK,
  CENSUS,
  WATCHER,
  LAUNCH,
  PATHS_SCRIPT,
  LINKS_SCRIPT,
  PRODUCTS,
  machineArgs,
  manifest,
}) {
  const looks = { measure: MEASURE_SCRIPT, files: FILES_SCRIPT, paths: PATHS_SCRIPT, links: LINKS_SCRIPT };
  const names = {
    machine: MACHINE_SCRIPT,
    gateway: GATEWAY_SCRIPT,
    keepers: KEEPERS_SCRIPT,
    ...looks,
    walk: WALK,
    census: CENSUS,
  };
  const scripts = Object.fromEntries(Object.entries(names).map(([name, text]) => [sha256(text), name]));
  const args = [null, ...Object.keys(PRODUCTS)].map((product) => machineArgs(product));
  return [
    '// What plan, sync and verify run on the old machine. Made by scripts/generate.mjs.',
    `export const VERSION = ${JSON.stringify(manifest.version)};`,
    `export const SCRIPTS: Readonly<Record<string, 'machine' | 'gateway' | 'keepers' | 'measure' | 'files' | 'paths' | 'links' | 'walk' | 'census'>> = ${JSON.stringify(scripts)};`,
    `export const MACHINE_ARGS: readonly (readonly string[])[] = ${JSON.stringify(args)};`,
    `export const KEEPER_NAMES: readonly string[] = ${JSON.stringify(Object.keys(PRODUCTS).map((product) => keeperNames(product)))};`,
    '/** What stands behind the Node of a watcher, and the SHA-256 of its program, which is checked by what stands there. */',
    `export const WATCH_LAUNCH: readonly string[] = ${JSON.stringify(LAUNCH)};`,
    `export const WATCH_SHA256 = '${WATCHER}';`,
    `export const COMMANDS: readonly string[] = ${JSON.stringify(Object.values(PRODUCTS).map(({ command }) => command))};`,
    '',
  ].join('\n');
}

function sha256(text) {
  return createHash('sha256').update(text).digest('hex');
}

function moduleOf(entry, text) {
  return [
    `// Made from ${entry} by scripts/generate.mjs.`,
    `export const PROGRAM_TEXT = ${JSON.stringify(text)};`,
    `export const PROGRAM_SHA256 = '${sha256(text)}';`,
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
