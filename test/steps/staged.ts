import { mkdirSync, rmSync } from 'node:fs';
import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { EXCLUDE_TABLE } from '../../src/core/exclude.ts';
import type { EventBody } from '../../src/core/event.ts';
import { buildMapping, type Moves } from '../../src/core/mapping.ts';
import type { Plan } from '../../src/core/plan.ts';
import type { World } from '../../src/core/step.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { samplePlan } from '../cli/sample.ts';
import { NODE_22 } from '../kit/stand-in/install.ts';
import { populate } from '../kit/state.ts';

/** A state as the copy has brought it, before anything is rewritten, and the plan of its move. */
export interface Staged {
  readonly staging: string;
  readonly plan: Plan;
  readonly world: World;
  readonly events: EventBody[];
}

export interface StagedOptions {
  readonly oldHome: string;
  readonly newHome: string;
  readonly moves?: Partial<Moves>;
  readonly rewriteApprovals?: boolean;
  /** Adds to the staged state dir. */
  readonly furnish?: (staging: string, stateDir: string) => void;
}

/** Stages the state of a home of any name: the two machines' own paths need not exist here. */
export async function stagedState({ oldHome, newHome, moves = {}, furnish, ...asked }: StagedOptions): Promise<Staged> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'np-staged-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const home = join(folder, 'home');
  mkdirSync(join(folder, 'run'), { recursive: true, mode: 0o700 });
  const { stateDir, configPath } = await populate({ home: oldHome, at: home, port: 18789, sessions: 3 });
  const staging = join(home, '.smart-agent-neo');
  furnish?.(staging, stateDir);
  const sample = samplePlan();
  const [state] = sample.roots;
  if (!state) throw new Error('a sample without roots');
  const livePath = join(newHome, '.smart-agent-neo');
  const roots = [{ from: stateDir, realFrom: stateDir, to: livePath }];
  const { rewriteApprovals = false } = asked;
  const events: EventBody[] = [];
  const node = NODE_22;
  const plan: Plan = {
    ...sample,
    asked: { ...sample.asked, rewriteApprovals },
    old: { ...sample.old, home: oldHome, gateway: { ...sample.old.gateway, home: oldHome, stateDir, configPath } },
    new: { ...sample.new, home: newHome, gateway: { ...sample.new.gateway, home: newHome, stateDir: livePath, node } },
    roots: [
      { ...state, oldPath: stateDir, livePath, stagingPath: staging, workspaces: ['workspace', 'workspace-ops'] },
    ],
    mapping: buildMapping({ oldHome, oldRealHome: oldHome, newHome, roots, ...moves }),
    excludes: EXCLUDE_TABLE,
    configFiles: ['smart-agent-neo.json', 'channels.json5'].map((file) => ({ root: 'state', file })),
  };
  const host = new LocalHost({ label: 'this machine', env: { PATH: '/usr/bin:/bin', HOME: folder } });
  const emit = (event: EventBody): Promise<void> => {
    events.push(event);
    return Promise.resolve();
  };
  const signal = new AbortController().signal;
  const run = { id: 'run', path: join(folder, 'run') };
  return { staging, plan, events, world: { old: host, new: host, clock: systemClock, emit, signal, run } };
}
