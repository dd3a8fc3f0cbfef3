import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { listTree, type Listed } from './listing.ts';
import { strays } from './mover-lab.ts';
import { liveProcesses } from './processes.ts';
import type { Side } from './side.ts';
import type { TempLab } from './temp-lab.ts';

/** What both machines of a lab are like at one moment, as far as a run that failed must leave it so. */
export interface Picture {
  readonly old: Seen;
  readonly new: Seen;
  readonly running: { readonly old: number; readonly new: number };
  readonly service: Standing;
  /** Environment of the process that was started in a terminal, byte for byte; null where there is none. */
  readonly environ: string | null;
}

type Seen = ReadonlyMap<string, string>;
type Standing = { readonly active: boolean; readonly enabled: boolean } | null;

/** What a gateway writes while it lives, and the product at a call: no picture can hold that. */
const LIVING =
  /\.smart-agent-neo(-\w+)?\/(logs|devices|cron\/runs|delivery-queue|memory|agents\/main\/sessions|identity\/device-auth\.json)(\/|$)/;
/** The product, the stand-in of its service manager, and what is ours to keep on this machine. */
const APART = ['.npm-global', '.stand-in-systemd', '.local', '.neo-pull'];

/** Folders of the service manager, which stay when what was in them goes. */
const FOLDERS = /^\.config(\/systemd(\/user(\/default\.target\.wants)?)?)?$/;

/** Takes the picture that `expectAsPictured` compares with. */
export function takePicture(lab: TempLab): Picture {
  return {
    old: see(lab.old),
    new: see(lab.new),
    running: { old: lab.running('old').length, new: lab.running('new').length },
    service: serviceOf(lab),
    environ: environOf(lab),
  };
}

/**
 * Both machines are as they were: the old gateway runs as it ran, alone, and has no folder of ours; this machine has what it had. No
 * two gateways have spoken, no lock is held and no process of ours runs on. A copy in staging may wait on this machine if `staged`.
 */
export function expectAsPictured(lab: TempLab, was: Picture, { staged = false }: { staged?: boolean } = {}): void {
  expect(lab.hub.violations()).toEqual([]);
  expect({ old: lab.running('old').length, new: lab.running('new').length }).toEqual(was.running);
  expect(serviceOf(lab)).toEqual(was.service);
  expect(environOf(lab)).toBe(was.environ);
  expect(changes(was.old, see(lab.old))).toEqual([]);
  expect(changes(was.new, see(lab.new))).toEqual([]);
  expect(existsSync(join(lab.new.home, '.neo-pull'))).toBe(staged);
  const locks = join(lab.new.home, '.local/state/neo-pull/locks');
  expect(existsSync(locks) ? readdirSync(locks) : []).toEqual([]);
  expect(strays(lab)).toEqual([]);
}

/** Every entry of a home that has to stay as it is, one line each. A directory's time is that of what comes and goes in it. */
function see(side: Side): Seen {
  const all = [...listTree(side.home, APART)].filter(
    ([path, { type }]) => !LIVING.test(path) && !FOLDERS.test(path) && type !== 's',
  );
  return new Map(all.map(([path, entry]) => [path, lineOf(entry)]));
}

function lineOf({ type, mode, sizeBytes, mtime, link, sha256 }: Listed): string {
  if (type === 'l') return `l ${link}`;
  return [type, mode.toString(8), ...(type === 'd' ? [] : [sizeBytes, mtime, sha256])].join(' ');
}

function changes(was: Seen, is: Seen): string[] {
  const paths = [...new Set([...was.keys(), ...is.keys()])];
  return paths
    .filter((path) => was.get(path) !== is.get(path))
    .map((path) => `${path}: ${was.get(path) ?? 'absent'} -> ${is.get(path) ?? 'absent'}`);
}

function environOf(lab: TempLab): string | null {
  const [parent] = liveProcesses(lab.old.pidsFile).filter(({ role }) => role === 'parent');
  return parent ? readFileSync(`/proc/${String(parent.pid)}/environ`, 'latin1') : null;
}

/** What the old machine's service manager says of its gateway; null where there is no unit. */
export function serviceOf({ old, state }: TempLab): Standing {
  const unit = `smart-agent-neo-gateway${state.profile === 'default' ? '' : `-${state.profile}`}.service`;
  if (!existsSync(join(old.home, '.config/systemd/user', unit))) return null;
  const say = (verb: string) =>
    spawnSync('systemctl', ['--user', verb, unit], { env: { ...old.env }, encoding: 'utf8' }).stdout.trim();
  return { active: say('is-active') === 'active', enabled: say('is-enabled') === 'enabled' };
}
