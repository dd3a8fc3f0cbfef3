import { constants, copyFileSync, existsSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { REPOSITORY } from '../repository.ts';
import { bundle } from './bundle.ts';
import type { Traps } from './traps.ts';

/** The Node 22 that scripts/setup fetches: the gateway's family needs it, and it has `node:sqlite`. */
export const NODE_22 = join(REPOSITORY, '.cache/node-22/bin/node');

/** What ties an installation to its test; all of it lies outside of homes and state dirs. */
export interface StandInSettings {
  /** Directory that stands for the networks of the channels, shared by both machines. */
  readonly hub?: string;
  /** File that notes each write once it was made: `{row}`, `{line, file}` per line. */
  readonly ack?: string;
  /** File that lists each long-running process: `{pid, startTime, role, stateDir}` per line. */
  readonly pids?: string;
}

export interface InstallOptions {
  readonly prefix: string;
  /** Its command, by whose habits all of its names go. Default smart-agent-neo. */
  readonly product?: string;
  readonly version?: string;
  readonly settings?: StandInSettings;
  readonly traps?: Traps;
}

export interface Installed {
  readonly prefix: string;
  readonly binDir: string;
  /** `<prefix>/bin/smart-agent-neo`. */
  readonly bin: string;
  /** The script itself. */
  readonly entry: string;
  readonly node: string;
}

// A link keeps the file's own place in /proc/<pid>/exe, as a version manager's installation has it; other file systems get a copy.
function putNode(target: string): void {
  if (!existsSync(NODE_22)) throw new Error(`${NODE_22} is missing: run scripts/setup`);
  try {
    linkSync(NODE_22, target);
  } catch {
    copyFileSync(NODE_22, target, constants.COPYFILE_FICLONE);
  }
}

/** Sets which things go wrong with an installation, at once and for running gateways too; none of those set before stays. */
export function setTraps(prefix: string, traps: Traps): void {
  writeFileSync(join(prefix, 'traps.json'), JSON.stringify(traps));
}

/**
 * Lays the stand-in gateway out below `prefix` as npm does with a global package: a link in `bin`, the package in
 * `lib/node_modules`, and its Node 22 in the same `bin`. The bin directory must be the first on PATH for the link to work.
 */
export async function installProduct(options: InstallOptions): Promise<Installed> {
  const { prefix, product = 'smart-agent-neo', version = '2026.2.26', settings = {}, traps = {} } = options;
  const binDir = join(prefix, 'bin');
  const entry = join(prefix, 'lib/node_modules', product, 'dist/index.js');
  mkdirSync(dirname(entry), { recursive: true });
  mkdirSync(binDir, { recursive: true });
  const text = await bundle('program/main.ts');
  rmSync(entry, { force: true });
  writeFileSync(entry, `#!/usr/bin/env node\n${text}`, { mode: 0o755 });
  const manifest = { name: product, version, type: 'commonjs', bin: { [product]: 'dist/index.js' } };
  writeFileSync(join(dirname(entry), '../package.json'), JSON.stringify(manifest, null, 2));
  writeFileSync(join(prefix, 'stand-in.json'), JSON.stringify(settings));
  setTraps(prefix, traps);
  const bin = join(binDir, product);
  const node = join(binDir, 'node');
  rmSync(bin, { force: true });
  symlinkSync(`../lib/node_modules/${product}/dist/index.js`, bin);
  if (!existsSync(node)) putNode(node);
  return { prefix, binDir, bin, entry, node };
}
