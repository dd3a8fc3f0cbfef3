import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '../../src/core/host.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { pull, type PullOptions, type PullStats } from '../../src/transfer/pull.ts';

/** An old and a new machine in one temp directory: a tree to copy, a private staging, two LocalHosts. */
export interface TwoPlaces {
  readonly folder: string;
  /** The old root. */
  readonly tree: string;
  readonly staging: string;
  /** Where the bridge's folders lie: empty when nothing was left behind. */
  readonly runtime: string;
  readonly old: Host;
  readonly local: Host;
  /** One pass, strict and with deletion unless told otherwise. */
  pull(options?: Partial<PullOptions>): Promise<PullStats>;
  remove(): Promise<void>;
}

export const RSYNC = { path: '/usr/bin/rsync', version: '3.2.4' };
export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `env` is added to the environment of both. */
export async function twoPlaces(env: Readonly<Record<string, string>> = {}): Promise<TwoPlaces> {
  const folder = await mkdtemp('/tmp/np-transfer-');
  const at = (name: string) => join(folder, name);
  for (const name of ['tree', 'quarantine', 'quarantine/staging', 'run', 'old-home', 'new-home']) {
    await mkdir(at(name), { mode: 0o700 });
  }
  const host = (label: string) => new LocalHost({ label, env: { HOME: at(`${label}-home`), PATH, ...env } });
  const places = { folder, tree: at('tree'), staging: at('quarantine/staging'), runtime: at('run') };
  const [old, local] = [host('old'), host('new')];
  return {
    ...places,
    old,
    local,
    pull: (options) => pull({ ...defaults(), ...namesOf(places), old, local, ...options }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function namesOf({ tree, staging, runtime }: Pick<TwoPlaces, 'tree' | 'staging' | 'runtime'>) {
  return { oldPath: tree, stagingPath: staging, runtimeDir: runtime };
}

function defaults() {
  return {
    rsyncOld: RSYNC,
    rsyncNew: RSYNC,
    node: process.execPath,
    filters: [],
    checksum: false,
    delete: { max: 1000 },
    most: { entries: 1_000_000, bytes: 32 * 1024 ** 3 },
    bwlimitKiBps: null,
    stallMs: 30_000,
    live: false,
    clock: systemClock,
    signal: new AbortController().signal,
  };
}
