import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { lockHolder } from '../../src/run/lock.ts';
import { changes, seeHome, seeTree, underLive, type Seen } from './home-picture.ts';
import type { MoverOrder } from './mover-order.ts';
import { liveProcesses } from './processes.ts';
import type { Side } from './side.ts';
import type { Traps } from './stand-in/traps.ts';
import { makeTempLab, type TempLab } from './temp-lab.ts';
import { waitFor } from './wait.ts';

/** How the old gateway runs before anything is done to it. `unenabled` is a service that runs, and would not after a reboot (F107). */
export type Mode = 'foreground' | 'service' | 'unenabled';

/** A small lab to be killed in, and what both sides were like before. */
export interface MoverLab {
  readonly lab: TempLab;
  readonly mode: Mode;
  readonly was: Picture;
}

/** What of both machines must be found again. */
interface Picture {
  readonly old: Seen;
  readonly new: Seen;
  /** Environment of the process that was started in the terminal, byte for byte; null for a service. */
  readonly environ: string | null;
}

/** Short waits: these labs answer at once, or never. */
const QUICK: MoverOrder['limits'] = { soakMs: 0, stopMs: 6000, startMs: 30_000, channelsMs: 5000 };

/** A lab with few sessions; on the new side something lives already where the gateway will, unless it runs in the foreground. */
export async function makeMoverLab(mode: Mode, traps: Traps = {}): Promise<MoverLab> {
  const runsAs = mode === 'foreground' ? 'foreground' : 'service';
  const lab = await makeTempLab({ runsAs, sessions: 2, traps: { old: traps } });
  if (mode === 'unenabled') systemctl(lab, 'disable');
  if (mode !== 'foreground') leaveSomething(lab.new);
  const was = { old: seeHome(lab.old.home), new: seeHome(lab.new.home), environ: environOf(lab) };
  return { lab, mode, was };
}

/** An order for this lab. */
export function orderFor(
  { lab }: MoverLab,
  command: MoverOrder['command'],
  kill: MoverOrder['kill'] = null,
): MoverOrder {
  const homes = { old: plain(lab.old), new: plain(lab.new) };
  return { homes, command, limits: QUICK, replace: true, kill };
}

/** The old gateway runs as it ran, alone, and both machines are as they were. */
export async function expectAsBefore({ lab, mode, was }: MoverLab): Promise<void> {
  expect(lab.hub.violations()).toEqual([]);
  expect({ old: lab.running('old').length, new: lab.running('new').length }).toEqual({ old: 1, new: 0 });
  expect(environOf(lab)).toBe(was.environ);
  expect(serviceOf(lab)).toEqual(mode === 'foreground' ? null : { active: true, enabled: mode === 'service' });
  expect(changes(was.old, seeHome(lab.old.home))).toEqual([]);
  expect(changes(was.new, seeHome(lab.new.home))).toEqual([]);
  expect(existsSync(join(lab.old.home, '.neo-pull-old'))).toBe(false);
  await expectNothingHeld(lab);
}

/** The new gateway runs alone and has everything; the old one stays off, its data untouched; what was here is parked. */
export async function expectMoved({ lab, mode, was }: MoverLab): Promise<void> {
  expect(lab.hub.violations()).toEqual([]);
  expect({ old: lab.running('old').length, new: lab.running('new').length }).toEqual({ old: 0, new: 1 });
  const { stdout } = lab.cli('new', 'sessions', '--json', '--all-agents');
  const listed = (JSON.parse(stdout) as { sessions: { sessionId: string }[] }).sessions.map((one) => one.sessionId);
  expect(listed.sort()).toEqual([...lab.state.sessions.main, ...lab.state.sessions.ops].sort());
  expect(serviceOf(lab)).toEqual(mode === 'foreground' ? null : { active: false, enabled: false });
  const ours = /^\.neo-pull-old[/:]|default\.target\.wants[/:]/;
  expect(changes(was.old, seeHome(lab.old.home)).filter((change) => !ours.test(change))).toEqual([]);
  const beside = readdirSync(join(lab.new.home, '.neo-pull')).filter((name) => !name.endsWith('.dirty'));
  expect(beside.map((name) => name.replace(/\.parked-.*/, '.parked'))).toEqual(
    mode === 'foreground' ? [] : ['smart-agent-neo-state.parked'],
  );
  if (mode !== 'foreground') expectParked(lab.new, was.new);
  await expectNothingHeld(lab);
}

/** No lock is held by anybody who lives. */
export async function expectNoLockHeld(side: Pick<Side, 'home'>): Promise<void> {
  const home = { path: join(side.home, '.local/state/neo-pull'), uid: process.getuid?.() ?? 0 };
  const locks = join(home.path, 'locks');
  const names = existsSync(locks) ? readdirSync(locks).filter((name) => name.endsWith('.lock')) : [];
  const holders = await Promise.all(names.map((name) => lockHolder(home, name.slice(0, -'.lock'.length))));
  expect(holders.filter((holder) => holder !== null)).toEqual([]);
}

/** No lock is held by anybody who lives, and no process of ours runs on. */
async function expectNothingHeld(lab: TempLab): Promise<void> {
  await expectNoLockHeld(lab.new);
  // What a killed one had just started may take a moment to see that nobody listens any more.
  await waitFor('nothing of ours runs on', () => strays(lab).length === 0).catch(() => expect(strays(lab)).toEqual([]));
}

/** Command lines of processes with a home in this lab that are neither its gateways nor its service managers. */
export function strays(lab: TempLab): string[] {
  const known = new Set(
    [...liveProcesses(lab.old.pidsFile), ...liveProcesses(lab.new.pidsFile)].map(({ pid }) => String(pid)),
  );
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && !known.has(name))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`HOME=${lab.path}/`)) return [];
        return [readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()];
      } catch {
        return [];
      }
    })
    .filter((line) => line !== '' && !line.startsWith('stand-in-systemd'));
}

/** A trial set-up, on a machine to which a gateway will be moved. */
export function leaveSomething(side: Side): void {
  const live = join(side.home, '.smart-agent-neo');
  mkdirSync(join(live, 'workspace'), { recursive: true, mode: 0o700 });
  writeFileSync(join(live, 'smart-agent-neo.json'), '{ "gateway": { "mode": "local" } } // a trial\n', { mode: 0o640 });
  writeFileSync(join(live, 'workspace/notes.md'), 'kept\n');
}

function plain({ home, env, profile }: Side): MoverOrder['homes']['old'] {
  return { home, env, profile };
}

/** What was in the place of the moved gateway lies beside it, whole. */
export function expectParked({ home }: Pick<Side, 'home'>, was: Seen): void {
  const beside = join(home, '.neo-pull');
  const [name = ''] = readdirSync(beside).filter((each) => each.includes('.parked-'));
  expect(changes(underLive(was), seeTree(join(beside, name)))).toEqual([]);
}

function environOf(lab: TempLab): string | null {
  const [parent] = liveProcesses(lab.old.pidsFile).filter(({ role }) => role === 'parent');
  return parent ? readFileSync(`/proc/${String(parent.pid)}/environ`, 'latin1') : null;
}

const UNIT = 'smart-agent-neo-gateway.service';

function serviceOf(lab: TempLab): { active: boolean; enabled: boolean } | null {
  if (!existsSync(join(lab.old.home, '.config/systemd/user', UNIT))) return null;
  return { active: systemctl(lab, 'is-active') === 'active', enabled: systemctl(lab, 'is-enabled') === 'enabled' };
}

function systemctl({ old }: TempLab, verb: string): string {
  const { stdout } = spawnSync('systemctl', ['--user', verb, UNIT], { env: { ...old.env }, encoding: 'utf8' });
  return stdout.trim();
}
