import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../../src/core/plan.ts';
import { claimFolder } from '../../src/steps/claim.ts';
import { keptPath } from '../../src/steps/swap.ts';
import type { JourneyOptions } from './journey.ts';
import { nameInConfig } from '../kit/state/config.ts';
import { DEATH, DIRTY, DOCTORED, EMPTIED, MANIFESTS, MARKER, OUR_FOLDERS, STAGING } from './spared.ts';
import type { StepCase } from './step-cases.ts';

/** No gateway runs and no service manager answers, but there are many roots, and something lives already where some will. */
export const STILL: JourneyOptions = {
  lab: { runsAs: 'stopped', workspace: 'outside', manager: { old: { bus: 'off' }, new: { bus: 'off' } } },
  // Asks for rounds that catch up with what changes.
  limits: { downtimeMs: 60_000 },
  furnish({ old, new: here, state }) {
    // Modes that reconcile has to change, on files that it rewrites and on others; a link that it leads elsewhere.
    chmodSync(state.configPath, 0o644);
    chmodSync(join(state.stateDir, 'agents/main/sessions/sessions.json'), 0o640);
    chmodSync(join(state.stateDir, 'credentials'), 0o755);
    chmodSync(join(state.workspaces.main, 'bin'), 0o777);
    symlinkSync(join(state.stateDir, 'skills'), join(old.home, 'work/workspace/skills'));
    linkSync(join(state.workspaces.main, 'SOUL.md'), join(state.workspaces.main, 'memory/SOUL.md'));
    // Single files outside of the state dir: of two directories, one not there yet on the new machine, one with something in the way.
    writeFileSync(join(old.home, 'bot.token'), 'bot-canary\n');
    writeFileSync(join(here.home, 'bot.token'), 'was here before\n');
    mkdirSync(join(old.home, 'conf/parts'), { recursive: true });
    writeFileSync(join(old.home, 'conf/parts/one.json5'), `{ tokenFile: "${old.home}/bot.token" }\n`, { mode: 0o644 });
    writeFileSync(join(old.home, 'conf/parts/two.pem'), 'pem-canary\n');
    nameInConfig(state.configPath, `{ "$include": "${old.home}/conf/parts/one.json5", tls: "~/conf/parts/two.pem" }`);
    for (const live of ['.smart-agent-neo', 'work/workspace']) {
      mkdirSync(join(here.home, live), { recursive: true, mode: 0o750 });
      writeFileSync(join(here.home, live, 'earlier.txt'), 'was here before\n');
    }
    return Promise.resolve(['bot-canary', 'pem-canary']);
  },
};

export const STILL_CASES: readonly StepCase[] = [
  { id: 'seed', spares: [STAGING], cuts: 3 },
  { id: 'received', cuts: 2 },
  { id: 'warm-new', cuts: 4 },
  { id: 'catch-up', spares: [STAGING], cuts: 3 },
  {
    id: 'claim',
    cuts: 12,
    partials: {
      'a folder and no claim': ({ plan }) => claimBreaksOff(plan, { isWritten: false }),
      'a claim that is written and not made': ({ plan }) => claimBreaksOff(plan, { isWritten: true }),
    },
  },
  { id: 'stop-old', where: 'with nothing to stop', cuts: 1 },
  { id: 'fence-old', where: 'with no service manager', cuts: 1 },
  { id: 'old-is-dead', spares: [DEATH], cuts: 1 },
  { id: 'last-delta', spares: [STAGING], cuts: 3 },
  { id: 'copy-is-whole', spares: [MANIFESTS], cuts: 3 },
  {
    id: 'reconcile',
    spares: [OUR_FOLDERS, DIRTY],
    cuts: 12,
    // The list holds the times of what it rewrites, and those come back less exact than they were.
    alias: { from: /(?<=changes\.ndjson file 600 ).*/g, to: '(and times)' },
  },
  { id: 'copy-as-planned', spares: [MANIFESTS], cuts: 2 },
  { id: 'stop-new', where: 'with nothing to stop', cuts: 1 },
  {
    id: 'swap',
    where: 'with something to park',
    cuts: 12,
    partials: {
      'the first root parked and nothing in its place': ({ plan }) => swapBreaksOff(plan, { done: 0 }),
      'the second root parked and nothing in its place': ({ plan }) => swapBreaksOff(plan, { done: 1 }),
      'a single file parked and nothing in its place': ({ plan }) => filesBreakOff(plan),
    },
  },
  {
    id: 'swap',
    where: 'taken back after the commit',
    committed: true,
    cuts: 12,
    // What the new gateway had is kept whole, under a name of its own; the test gives it back for the next round.
    alias: { from: /\.kept-[^ /]+/g, to: '.staging' },
    spares: [EMPTIED],
    ready: ({ plan }) => giveBackKept(plan),
  },
  { id: 'doctor', spares: [MANIFESTS, OUR_FOLDERS, DOCTORED], cuts: 2 },
  { id: 'commit', cuts: 2 },
  { id: 'retire-old', living: ['new'], spares: [MARKER], cuts: 2 },
];

function claimBreaksOff(plan: Plan, { isWritten }: { isWritten: boolean }): Promise<void> {
  const folder = claimFolder(plan);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (isWritten) writeFileSync(join(folder, `claim.${plan.run}`), `${plan.run}\nnick@here\n`);
  return Promise.resolve();
}

/** So many roots are in place, and the next one is parked. */
function swapBreaksOff({ roots }: Plan, { done }: { done: number }): Promise<void> {
  const whole = roots.filter(({ files }) => files === null);
  for (const [at, { livePath, parkedPath, stagingPath }] of whole.slice(0, done + 1).entries()) {
    if (existsSync(livePath)) renameSync(livePath, parkedPath);
    if (at < done) renameSync(stagingPath, livePath);
  }
  return Promise.resolve();
}

function filesBreakOff({ roots }: Plan): Promise<void> {
  const [root] = roots.filter(({ filesInPlace }) => filesInPlace.length > 0);
  if (!root) throw new Error('no single file is in the way');
  mkdirSync(root.parkedPath, { mode: 0o700 });
  for (const name of root.filesInPlace) renameSync(join(root.livePath, name), join(root.parkedPath, name));
  return Promise.resolve();
}

function giveBackKept(plan: Plan): Promise<void> {
  for (const root of plan.roots) {
    const kept = keptPath(plan, root);
    if (!existsSync(kept)) continue;
    if (root.files === null) renameSync(kept, root.stagingPath);
    else {
      for (const name of readdirSync(kept)) renameSync(join(kept, name), join(root.stagingPath, name));
      rmdirSync(kept);
    }
  }
  return Promise.resolve();
}
