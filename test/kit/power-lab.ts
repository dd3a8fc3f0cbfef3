import { existsSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { changes, seeHome, type Seen } from './home-picture.ts';
import { makeLightLab, type LightLab } from './light-lab/light-lab.ts';
import { expectNoLockHeld, expectParked, leaveSomething, type Mode } from './mover-lab.ts';
import type { MoverOrder } from './mover-order.ts';
import { killOne, liveProcesses, processesAtHome, startTimeOf } from './processes.ts';
import { endProcesses, runCli, runningOn } from './side.ts';
import { waitFor } from './wait.ts';

/** Two machines whose power can be cut, the old one behind a real sshd, and what both were like before. */
export interface PowerLab {
  readonly lab: LightLab;
  readonly mode: Mode;
  readonly was: { readonly old: Seen; readonly new: Seen; readonly environ: string | null };
}

const UNIT = 'smart-agent-neo-gateway.service';
const QUICK: MoverOrder['limits'] = { soakMs: 0, stopMs: 6000, startMs: 30_000, channelsMs: 5000 };

/** `linger` is that of the old machine's account: without it a service comes up with the first login after a power cut, and not before. */
export async function makePowerLab(mode: Mode, { linger }: { linger: boolean }): Promise<PowerLab> {
  const runsAs = mode === 'foreground' ? 'foreground' : 'service';
  const lab = await makeLightLab({ runsAs, sessions: 2, manager: { linger } });
  if (mode === 'unenabled') lab.exec(['systemctl', '--user', 'disable', UNIT]);
  if (mode !== 'foreground') leaveSomething(lab.new);
  const was = { old: seeHome(lab.homeOnDisk), new: seeHome(lab.new.home), environ: environOf(lab) };
  return { lab, mode, was };
}

export function orderFor(
  { lab }: PowerLab,
  command: MoverOrder['command'],
  hold: NonNullable<MoverOrder['hold']> | null = null,
): MoverOrder {
  const { home, env, profile } = lab.new;
  const homes = { old: { home: lab.state.home, env: {}, profile }, new: { home, env, profile } };
  const ssh = { user: lab.user, host: lab.address, identity: lab.identity, knownHosts: lab.knownHosts };
  return { homes, command, limits: QUICK, replace: true, kill: null, ssh, ...(hold && { hold }) };
}

/** The old machine is dead at once, and its line is silent: nothing tells the other end. */
export async function cutOld({ lab }: PowerLab): Promise<void> {
  lab.linkDown();
  await lab.powerCut();
}

/** It is on again: what its account has told to start at boot is started. */
export async function bootOld({ lab }: PowerLab): Promise<void> {
  lab.linkUp();
  await lab.powerOn();
}

/** neo-pull, all that it has started and all that runs on its machine is dead at once. Files stay, locks in /tmp too. */
export async function cutNew({ lab }: PowerLab, mover: number): Promise<void> {
  killOne({ pid: mover, startTime: startTimeOf(mover) });
  await endProcesses(lab.new);
  await waitFor('nothing runs on the new machine', () => {
    const live = processesAtHome(lab.new.home);
    for (const one of live) killOne(one);
    return live.length === 0;
  });
}

/** It is on again, and somebody logs in: what is enabled is started. */
export function bootNew({ lab }: PowerLab): void {
  const started = spawnSync('systemctl', ['--user', 'start', 'default.target'], { env: { ...lab.new.env } });
  expect(started.status).toBe(0);
}

/**
 * Both machines are as they were, and no gateway runs but that of the old machine. `runs` is false where the power cut has ended it and
 * nothing on its machine starts it again: that was so before anybody moved anything.
 */
export async function expectAsBefore(made: PowerLab, { runs }: { runs: boolean }): Promise<void> {
  const { lab, mode, was } = made;
  expect(lab.hub.violations()).toEqual([]);
  if (runs) await waitFor('the old gateway runs', () => lab.running().length === 1);
  expect({ old: lab.running().length, new: runningOn(lab.new).length }).toEqual({ old: runs ? 1 : 0, new: 0 });
  if (runs) expect(environOf(lab)).toBe(was.environ);
  const standing = { active: runs, enabled: mode === 'service' };
  expect(serviceOf(lab)).toEqual(mode === 'foreground' ? null : standing);
  expect(changes(was.old, seeHome(lab.homeOnDisk))).toEqual([]);
  expect(changes(was.new, seeHome(lab.new.home))).toEqual([]);
  expect(existsSync(join(lab.homeOnDisk, '.neo-pull-old'))).toBe(false);
  await expectNothingHeld(made);
}

/** The new gateway runs alone and has everything; the old one stays off, its data untouched; what was here is parked. */
export async function expectMoved(made: PowerLab): Promise<void> {
  const { lab, mode, was } = made;
  expect(lab.hub.violations()).toEqual([]);
  expect({ old: lab.running().length, new: runningOn(lab.new).length }).toEqual({ old: 0, new: 1 });
  const { stdout } = runCli(lab.new, ['sessions', '--json', '--all-agents']);
  const listed = (JSON.parse(stdout) as { sessions: { sessionId: string }[] }).sessions.map((one) => one.sessionId);
  expect(listed.sort()).toEqual([...lab.state.sessions.main, ...lab.state.sessions.ops].sort());
  expect(serviceOf(lab)).toEqual(mode === 'foreground' ? null : { active: false, enabled: false });
  const ours = /^\.neo-pull-old[/:]|default\.target\.wants[/:]/;
  expect(changes(was.old, seeHome(lab.homeOnDisk)).filter((change) => !ours.test(change))).toEqual([]);
  if (mode !== 'foreground') expectParked(lab.new, was.new);
  await expectNothingHeld(made);
}

async function expectNothingHeld({ lab }: PowerLab): Promise<void> {
  await expectNoLockHeld(lab.new);
  await waitFor('nothing of ours runs on', () => strays(lab).length === 0).catch(() => expect(strays(lab)).toEqual([]));
}

/** Command lines on the new machine that are neither its gateway nor its service manager. */
function strays(lab: LightLab): string[] {
  const known = new Set(liveProcesses(lab.new.pidsFile).map(({ pid }) => pid));
  return processesAtHome(lab.new.home)
    .filter(({ pid }) => !known.has(pid))
    .flatMap(({ pid }) => {
      try {
        return [
          readFileSync(`/proc/${String(pid)}/cmdline`, 'latin1')
            .replaceAll('\0', ' ')
            .trim(),
        ];
      } catch {
        return [];
      }
    })
    .filter((line) => line !== '' && !line.startsWith('stand-in-systemd'));
}

/** Of the gateway that was started in a terminal, byte for byte; null for a service, which has that of its unit. */
function environOf(lab: LightLab): string | null {
  const [pid] = lab.running();
  if (pid === undefined || serviceOf(lab) !== null) return null;
  return readFileSync(`/proc/${String(pid)}/environ`, 'latin1');
}

function serviceOf(lab: LightLab): { active: boolean; enabled: boolean } | null {
  if (!existsSync(join(lab.homeOnDisk, '.config/systemd/user', UNIT))) return null;
  const say = (verb: string): string => lab.exec(['systemctl', '--user', verb, UNIT]).stdout.trim();
  return { active: say('is-active') === 'active', enabled: say('is-enabled') === 'enabled' };
}
