import { join } from 'node:path';
import { build } from 'esbuild';
import { REPOSITORY } from '../repository.ts';

const bundled = new Map<string, Promise<string>>();

async function make(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(REPOSITORY, 'test/kit/stand-in', entry)],
    bundle: true,
    write: false,
    platform: 'node',
    // Node starts faster so: an `import` of node:http alone loads all of fetch with it. What is imported within a function, here or
    // there, is loaded when that runs.
    format: 'cjs',
    define: { 'import.meta.url': 'SCRIPT_URL' },
    banner: { js: "const SCRIPT_URL = require('node:url').pathToFileURL(__filename).href;" },
    target: 'node20',
    supported: { 'dynamic-import': false },
    mainFields: ['module', 'main'],
  });
  const text = outputFiles[0]?.text;
  if (text === undefined) throw new Error(`esbuild made nothing of ${entry}`);
  return text;
}

/** One program of the stand-in, by its path below `test/kit/stand-in`, as one self-contained CommonJS script; bundled once per process. */
export function bundle(entry: string): Promise<string> {
  const known = bundled.get(entry) ?? make(entry);
  bundled.set(entry, known);
  return known;
}
