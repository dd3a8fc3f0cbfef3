import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ProblemCode } from '../../src/core/problem.ts';
import { plan } from '../../src/visits/plan.ts';
import { pull } from '../../src/visits/pull.ts';
import { sync } from '../../src/visits/sync.ts';
import { moverFor, type Mover } from '../kit/mover.ts';
import { freePort } from '../kit/ports.ts';
import { makeProfilesLab, type ProfileOptions, type ProfilesLab } from '../kit/profiles-lab.ts';
import { setTraps } from '../kit/stand-in/install.ts';

vi.setConfig({ testTimeout: 600_000 });

let lab: ProfilesLab;
afterEach(() => lab.destroy());

function named(...profiles: string[]): Mover {
  return moverFor(lab, { asked: { profiles } });
}

/** The product puts the workspace of a profile into the usual state dir: inside of the default profile's. */
function workspaceWithDefault(home: string): ProfileOptions {
  const workspace = join(home, '.smart-agent-neo', 'workspace-work');
  mkdirSync(workspace, { recursive: true });
  writeFileSync(join(workspace, 'MEMORY.md'), 'of work\n');
  return { config: { agents: { defaults: { workspace }, list: [{ id: 'main', default: true }, { id: 'ops' }] } } };
}

async function expectRefused(mover: Mover, code: ProblemCode, ...words: string[]): Promise<void> {
  for (const visit of [plan(mover.tools, mover.request, { exitCode: false }), pull(mover.tools, mover.request)]) {
    const verdict = await visit;
    expect(verdict).toMatchObject({ outcome: 'refused', problem: { code } });
    for (const word of words) expect(verdict.problem?.message).toContain(word);
    expect(verdict.problem?.hint).not.toBe('');
  }
  expect(mover.events.some(({ type }) => type === 'run.started')).toBe(false);
  expect(existsSync(join(lab.new.home, '.neo-pull'))).toBe(false);
}

describe('gateways that cannot be moved as they are', () => {
  it('are refused before anything where two would have one port here', async () => {
    const port = await freePort();
    lab = await makeProfilesLab({ work: { port, runs: false }, home: { port, runs: false } }, { runsAs: 'stopped' });
    await expectRefused(named('work', 'home'), 'ports-collide', 'work and home', String(port));
  });

  it('are refused before anything where one is not there, or something else has the port of one', async () => {
    lab = await makeProfilesLab({ work: { runs: false } }, { runsAs: 'stopped' });
    await expectRefused(named('work', 'nobody'), 'profile-missing', 'nobody');
    const { createServer } = await import('node:http');
    const squatter = createServer().listen(lab.states['work']?.port, '127.0.0.1');
    try {
      await expectRefused(named('default', 'work'), 'port-taken', String(lab.states['work']?.port));
    } finally {
      squatter.close();
    }
  });

  it('are refused where one keeps its workspace in the state dir of another, and only that one was named', async () => {
    lab = await makeProfilesLab({ work: workspaceWithDefault }, { runsAs: 'stopped' });
    await expectRefused(named('default'), 'profiles-share', 'default', 'workspace-work', 'work');
    const alone = named('work');
    expect(await plan(alone.tools, alone.request, { exitCode: false })).toMatchObject({ outcome: 'planned' });
    const shown = alone.events.flatMap((event) => (event.type === 'plan.shown' ? event.problems : []));
    expect(shown.find(({ code }) => code === 'approvals-shared')).toMatchObject({ stops: false });
  });
});

describe('gateways that share a directory', () => {
  it('are put back all together when one fails, and moved all together otherwise, with what they share once', async () => {
    lab = await makeProfilesLab({ work: workspaceWithDefault });
    const copied = named('work', 'default');
    expect(await sync(copied.tools, copied.request)).toMatchObject({ outcome: 'staged', running: 'old', exitCode: 0 });
    setTraps(lab.new.product.prefix, { 'doctor-fails': true });
    const failed = named('work', 'default');
    const back = await pull(failed.tools, failed.request);
    expect(back).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 9 });
    expect(back.profiles).toMatchObject([
      { profile: 'default', outcome: 'rolled-back', problem: { code: 'doctor-failed' } },
      { profile: 'work', outcome: 'rolled-back', problem: { code: 'profile-put-back' } },
    ]);
    expect({ old: lab.profilesOn('old'), new: lab.profilesOn('new') }).toEqual({ old: ['default', 'work'], new: [] });

    setTraps(lab.new.product.prefix, {});
    const short = moverFor(lab, { asked: { profiles: ['work', 'default'] }, limits: { hardDowntimeMs: 300 } });
    const over = await pull(short.tools, short.request);
    expect(over).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 15 });
    expect(over.profiles?.map(({ problem }) => problem?.code).sort()).toEqual(['over-budget', 'profile-put-back']);
    expect(short.events.some(({ type }) => type === 'run.committed')).toBe(false);
    expect({ old: lab.profilesOn('old'), new: lab.profilesOn('new') }).toEqual({ old: ['default', 'work'], new: [] });

    const mover = named('work', 'default');
    const moved = await pull(mover.tools, mover.request);
    expect(moved.problem).toBeNull();
    expect(moved).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect({ old: lab.profilesOn('old'), new: lab.profilesOn('new') }).toEqual({ old: [], new: ['default', 'work'] });
    expect(lab.hub.violations()).toEqual([]);
    const order = mover.events.flatMap((event) =>
      event.type === 'step.applied' && ['fence-old', 'swap', 'commit', 'start-new'].includes(event.step)
        ? [event.step]
        : [],
    );
    expect(order).toEqual(['fence-old', 'fence-old', 'swap', 'swap', 'commit', 'commit', 'start-new', 'start-new']);

    const config = readFileSync(join(lab.new.home, '.smart-agent-neo-work/smart-agent-neo.json'), 'utf8');
    const workspace = join(lab.new.home, '.smart-agent-neo/workspace-work');
    expect(config).toContain(`"${workspace}"`);
    expect(readFileSync(join(workspace, 'MEMORY.md'), 'utf8')).toBe('of work\n');
    const roots = mover.events.flatMap((event) => (event.type === 'plan.shown' ? event.plan.roots : []));
    expect(roots.map(({ livePath }) => livePath)).not.toContain(workspace);
    expect(roots.find(({ id }) => id === 'state')?.workspaces).toContain('workspace-work');
  });
});
