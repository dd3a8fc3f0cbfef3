import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EventBody } from '../../src/core/event.ts';
import type { Asked, Limits, Plan } from '../../src/core/plan.ts';
import { EMPTY_RUN, foldRun, type RunState } from '../../src/core/run-state.ts';
import type { AnyStep, World } from '../../src/core/step.ts';
import { cutover, look, staging } from '../../src/migrate.ts';
import { advance } from '../../src/run/runner.ts';
import { createRun } from '../../src/run/runs.ts';
import { moverFor } from '../kit/mover.ts';
import { liveProcesses } from '../kit/processes.ts';
import { endProcesses, removeLocks } from '../kit/side.ts';
import { makeTempLab, type SideName, type TempLab, type TempLabOptions } from '../kit/temp-lab.ts';
import { waitFor } from '../kit/wait.ts';
import { APART, environmentOf, isOpen, standingOf, viewOf, without, type View } from './view.ts';

const SIDES = ['old', 'new'] as const;

/** What a gateway writes below its state dir while it lives, and the product when it is called. */
const LIVELY = ['memory', 'logs', 'agents/main/sessions', 'cron/runs', 'devices', 'identity', 'delivery-queue'];

export interface JourneyOptions {
  readonly lab: TempLabOptions;
  /** What the person asks for beyond what is usual. */
  readonly asked?: Partial<Asked>;
  readonly limits?: Partial<Limits>;
  /** Before anybody looks: what else is on the machines. Gives the secrets that are in it. */
  readonly furnish?: (lab: TempLab) => Promise<readonly string[]>;
  /** What happens on the machines, by other hands, just before a step: step id → what. */
  readonly meanwhile?: Readonly<Record<string, (lab: TempLab) => Promise<void> | void>>;
}

/** Where a journey rests. */
export interface Stop {
  /** The step that comes next, made anew each time. */
  readonly step: () => AnyStep;
  readonly plan: Plan;
  readonly lab: TempLab;
  /** Secrets that lie on both machines. */
  readonly canaries: readonly string[];
  /** In it, what a step tells is heard by nobody. */
  readonly world: World;
  /** Sees both machines; what living gateways write is left out while there are any. */
  readonly view: () => Promise<View>;
}

/** How the next step is to be looked at. */
export interface Resting {
  readonly committed?: boolean;
  /** Sides on which a gateway lives before or after the step: what it writes is neither seen nor put back. */
  readonly living?: readonly SideName[];
}

/** What a journey found where it rests. */
interface Found {
  readonly id: string;
  readonly living: readonly SideName[];
  readonly view: View;
  /** Services that were active, and environments of gateways that were started in a terminal. */
  readonly services: readonly { readonly side: SideName; readonly unit: string }[];
  readonly terminals: readonly { readonly side: SideName; readonly env: Readonly<Record<string, string>> }[];
}

interface Opened {
  readonly lab: TempLab;
  readonly canaries: readonly string[];
  readonly plan: Plan;
  readonly world: World;
  state: RunState;
}

/**
 * One move in a temp lab that the real runner takes from step to step, resting before those that are asked for. Wherever it rests,
 * both machines are put back, files and processes, to how they were found there before anybody gets to see them again.
 */
export class Journey {
  readonly #options: JourneyOptions;
  #opened: Opened | null = null;
  #found: Found | null = null;

  constructor(options: JourneyOptions) {
    this.#options = options;
  }

  /** Goes on to just before a step, or puts the machines back where it rests there already. Only goes forward. */
  async restBefore(id: string, { committed = false, living = [] }: Resting = {}): Promise<Stop> {
    const opened = (this.#opened ??= await open(this.#options));
    const { lab, canaries, plan, world } = opened;
    const steps = (): readonly AnyStep[] => [...staging(plan), ...cutover(plan, { committed })];
    const next = (): AnyStep => {
      const step = steps().find((each) => each.id === id);
      if (!step) throw new Error(`there is no step ${id}`);
      return step;
    };
    if (this.#found) await putBack(lab, this.#found);
    if (this.#found?.id !== id) {
      if (opened.state.steps.has(id)) throw new Error(`the journey is past ${id}`);
      const before = steps().slice(
        0,
        steps().findIndex((step) => step.id === id),
      );
      await advance(before, { world, state: () => opened.state });
      await this.#options.meanwhile?.[id]?.(lab);
      this.#found = await find(lab, { id, living });
    }
    const unheard = { ...world, emit: () => Promise.resolve() };
    return { step: next, plan, lab, canaries, world: unheard, view: () => see(lab, living) };
  }

  /** Ends the journey; the lab is gone. Gives what went wrong on the channels meanwhile: nothing, ever. */
  async end(): Promise<readonly unknown[]> {
    const violations = this.#opened?.lab.hub.violations() ?? [];
    await this.#opened?.lab.destroy();
    return violations;
  }
}

async function open({ lab: wanted, furnish, asked = {}, limits = {} }: JourneyOptions): Promise<Opened> {
  const lab = await makeTempLab({ sessions: 2, ...wanted });
  const canaries = [...lab.state.canaries, ...((await furnish?.(lab)) ?? [])];
  const { tools, request } = moverFor(lab, { asked, limits: { soakMs: 0, stopMs: 4000, startMs: 8000, ...limits } });
  const old = await tools.connect(request.connect, () => Promise.resolve());
  const { signal } = new AbortController();
  const around = { clock: tools.clock, signal, emit: () => Promise.resolve() };
  const seen = await look({ old, new: tools.here }, { ...request, replace: true, asksChannels: false }, around);
  const run = await createRun(tools.stateHome, tools.clock);
  const roots = seen.plan.roots.map((root) => ({
    ...root,
    parkedPath: root.parkedPath.replace(/planned$/, run.id),
  }));
  const plan = JSON.parse(JSON.stringify({ ...seen.plan, run: run.id, roots })) as Plan;
  let seq = 0;
  const emit = (body: EventBody): Promise<void> => {
    opened.state = foldRun(opened.state, { v: 1, seq: (seq += 1), ts: '', run: run.id, ...body });
    return Promise.resolve();
  };
  const world: World = { ...around, old, new: tools.here, run, emit };
  const opened: Opened = { lab, canaries, plan, world, state: { ...EMPTY_RUN, plan } };
  return opened;
}

async function find(lab: TempLab, { id, living }: Pick<Found, 'id' | 'living'>): Promise<Found> {
  for (const side of SIDES) copyTree(lab[side].home, keptAt(lab, side), { apart: APART });
  const terminals = SIDES.flatMap((side) =>
    liveProcesses(lab[side].pidsFile)
      .filter(({ role }) => role === 'parent')
      .map(({ pid }) => ({ side, env: asRecord(environmentOf(pid)) })),
  );
  const unit = 'smart-agent-neo-gateway.service';
  const standings = await Promise.all(SIDES.map((side) => standingOf(lab[side], unit)));
  const services = SIDES.filter((_, at) => standings[at] === 'active').map((side) => ({ side, unit }));
  return { id, living, view: await see(lab, living), services, terminals };
}

/** Puts files and processes back; those that are as they were stay untouched. */
async function putBack(lab: TempLab, found: Found): Promise<void> {
  const isProcess = /^\w+ (?:runs|service): |^the port is /;
  const pick = (view: View) => view.filter((line) => isProcess.test(line)).join('\n');
  const keepsRunning = pick(await see(lab, found.living)) === pick(found.view);
  if (!keepsRunning) {
    await Promise.all(SIDES.map((side) => endProcesses(lab[side])));
    for (const side of SIDES) removeLocks(lab[side]);
  }
  for (const side of SIDES) {
    const lively = keepsRunning && found.living.includes(side) ? LIVELY.map((name) => `.smart-agent-neo/${name}`) : [];
    copyTree(keptAt(lab, side), lab[side].home, { apart: [...APART, ...lively] });
  }
  if (!keepsRunning) await startAgain(lab, found);
  const view = await see(lab, found.living);
  if (view.join('\n') !== found.view.join('\n')) {
    const lines = [
      ...view.filter((line) => !found.view.includes(line)),
      ...found.view.filter((line) => !view.includes(line)),
    ];
    throw new Error(`the machines could not be put back before ${found.id}:\n${lines.join('\n')}`);
  }
}

async function startAgain(lab: TempLab, { services, terminals }: Found): Promise<void> {
  for (const side of SIDES) {
    // What was copied of a database that was open need not be one.
    if (services.some((one) => one.side === side) || terminals.some((one) => one.side === side))
      rmSync(join(lab[side].home, '.smart-agent-neo/memory'), { recursive: true, force: true });
  }
  for (const { side, unit } of services) {
    spawnSync(join(lab[side].path, 'bin/systemctl'), ['--user', 'start', unit], { env: { ...lab[side].env } });
    await listens(lab);
  }
  for (const { side, env } of terminals) await lab.startForeground(side, env);
}

/** Waits until somebody listens on the gateway's port. */
export async function listens(lab: TempLab): Promise<void> {
  await waitFor('the gateway listens', () => isOpen(lab.port));
}

async function see(lab: TempLab, living: readonly SideName[]): Promise<View> {
  const written = living.map((side) => new RegExp(`^${side}/\\.smart-agent-neo/(?:${LIVELY.join('|')})[ /]`));
  return without(await viewOf(lab), written);
}

function keptAt(lab: TempLab, side: SideName): string {
  return join(lab.path, 'kept', side);
}

/** Makes one tree equal to another, by content. Entries that are the same stay the same ones. */
function copyTree(from: string, to: string, { apart }: { apart: readonly string[] }): void {
  mkdirSync(to, { recursive: true });
  const excludes = apart.map((path) => `--exclude=/${path}`);
  const args = ['-aH', '--delete', '--checksum', ...excludes, `${from}/`, `${to}/`];
  const { status, stderr } = spawnSync('rsync', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`rsync could not copy ${from}: ${stderr}`);
}

function asRecord(environment: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    environment.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
