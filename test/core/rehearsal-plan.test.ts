import { describe, expect, it } from 'vitest';
import { decide, type Route, type Wish } from '../../src/core/decide.ts';
import type { Inventory } from '../../src/core/inventory.ts';
import { asIfMoved, inScratch, isLeftOver, lockKeyOf, rehearsalOf } from '../../src/core/rehearsal-plan.ts';
import { EMPTY_RUN, type StepState } from '../../src/core/run-state.ts';
import { mapPath } from '../../src/core/mapping.ts';
import { absent, dirFacts, inventory, newMachineFacts, planFor } from '../checks/facts.ts';

const RUN = '20261125-214000-k3f9';
const OLD = '/home/al/.smart-agent-neo';

function rehearsed(changes: Partial<Inventory>, more: readonly Route[] = []) {
  const facts = inventory(changes);
  const { connect, asked, limits } = planFor(facts);
  const commands = { old: null, new: { stop: 'stop it', start: 'start it' } };
  const wish: Wish = {
    ...{ run: 'r', target: 't', connect, excludes: [], limits },
    asked: { ...asked, commands },
    ...{ unit: 'smart-agent-neo-gateway.service', legacyStateDirs: ['.clawdbot'] },
  };
  const shape = { room: 'state', workspaces: [], files: null, filesInPlace: [] } as const;
  const routes = [{ ...shape, id: 'state', oldPath: OLD, newPath: '' }, ...more];
  const plan = decide(facts, routes, wish, []);
  const rehearsal = rehearsalOf({ inventory: facts, routes, wish, plan }, { run: RUN, port: 20_007 });
  return { plan, rehearsal, scratch: inScratch(rehearsal) };
}

const dirs = [{ old: dirFacts(OLD), new: absent('/home/bo/.smart-agent-neo') }];

describe('the plan of a rehearsal', () => {
  it('is that of the move, with a key of its own, and shares the lock of the move', () => {
    const { plan, rehearsal } = rehearsed({ dirs });
    const { rehearsal: extra, key, run, ...rest } = rehearsal;
    const { key: moveKey, run: _, ...move } = plan;
    expect(rest).toEqual(move);
    expect([key, run, lockKeyOf(rehearsal), lockKeyOf(plan)]).toEqual([`rehearsal-${moveKey}`, RUN, moveKey, moveKey]);
    expect(extra?.folder).toMatch(/^\/home\/bo\/\.neo-pull\/rehearsal-k3f9[0-9a-f]{4}$/);
  });

  it('has nothing in the scratch that leads out of it, and no service, supervisor or port of the real gateway', () => {
    const { rehearsal, scratch, plan } = rehearsed({ dirs });
    const folder = rehearsal.rehearsal?.folder ?? '';
    const { gateway } = scratch.new;
    const [root] = scratch.roots;
    const places = [
      gateway.home,
      gateway.stateDir,
      gateway.configPath,
      root?.livePath,
      root?.stagingPath,
      root?.parkedPath,
    ];
    expect(places.filter((place) => !place?.startsWith(`${folder}/`))).toEqual([]);
    expect(scratch.mapping.filter(({ to }) => !to.startsWith(`${folder}/`))).toEqual([]);
    expect(gateway).toMatchObject({ unit: null, port: 20_007, stateDir: `${folder}/home/.smart-agent-neo` });
    expect([gateway.supervisor, plan.new.gateway.supervisor?.kind]).toEqual([undefined, 'commands']);
    expect(scratch.old).toEqual(plan.old);
  });

  it('leads old paths into the scratch even where a move would leave every path as it is', () => {
    const same = newMachineFacts({ home: '/home/al', realHome: '/home/al' });
    const { plan, scratch } = rehearsed({ new: same, dirs: [{ old: dirFacts(OLD), new: absent(OLD) }] });
    const homes = { oldHome: '/home/al', newHome: scratch.new.home };
    expect(mapPath(`${OLD}/workspace`, plan.mapping, { oldHome: '/home/al', newHome: '/home/al' })).toBeNull();
    expect(mapPath(`${OLD}/workspace`, scratch.mapping, homes)).toBe(`${scratch.new.home}/.smart-agent-neo/workspace`);
    expect(mapPath('/home/alice/x', scratch.mapping, homes)).toBeNull();
  });

  it('takes what lies outside of the home, and what a home is really called, to places of its own', () => {
    const linked = newMachineFacts({ home: '/home/bo', realHome: '/data/bo' });
    const shape = { id: 'workspace-1', room: 'workspace', workspaces: [], files: null, filesInPlace: [] } as const;
    const { scratch } = rehearsed(
      {
        new: linked,
        dirs: [
          { old: dirFacts(OLD), new: absent('/data/bo/.smart-agent-neo') },
          { old: dirFacts('/srv/work'), new: dirFacts('/srv/work') },
        ],
      },
      [{ ...shape, oldPath: '/srv/work', newPath: '/srv/work' }],
    );
    const [state, work] = scratch.roots;
    expect(state?.livePath).toBe(`${scratch.new.home}/.smart-agent-neo`);
    expect(work?.livePath).toMatch(/\/rehearsal-k3f9[0-9a-f]{4}\/elsewhere\/srv\/work$/);
    expect(work?.liveExists).toBe(false);
    expect(mapPath('/srv/work/a', scratch.mapping, { oldHome: '/home/al', newHome: scratch.new.home })).toBe(
      `${work?.livePath ?? ''}/a`,
    );
  });

  it('tells what was seen in the scratch by the names of the move', () => {
    const { rehearsal, scratch, plan } = rehearsed({ dirs });
    const { home, gateway } = scratch.new;
    const told = {
      seen: [`${gateway.stateDir}/x and ${home}`, 3, null],
      at: { path: scratch.roots[0]?.stagingPath ?? '' },
    };
    expect(asIfMoved(rehearsal, told)).toEqual({
      seen: ['/home/bo/.smart-agent-neo/x and /home/bo', 3, null],
      at: { path: plan.roots[0]?.stagingPath },
    });
  });
});

describe('a rehearsal that was broken off', () => {
  const { plan, rehearsal } = rehearsed({ dirs });
  const stateWith = (steps: Record<string, StepState['phase']>, of = rehearsal) => {
    const all = Object.entries(steps).map(([id, phase]) => [id, { title: id, before: null, phase }] as const);
    return { ...EMPTY_RUN, plan: of, steps: new Map(all) };
  };

  it.each([
    [{}, false],
    [{ seed: 'begun' }, false],
    [{ 'rehearse-scratch': 'begun' }, true],
    [{ 'rehearse-scratch': 'applied', 'rehearse-clear': 'begun' }, true],
    [{ 'rehearse-scratch': 'undoing' }, true],
    [{ 'rehearse-scratch': 'applied', 'rehearse-clear': 'applied' }, false],
    [{ 'rehearse-scratch': 'undone' }, false],
  ] as const)('has left something after %j: %s', (steps, expected) => {
    expect(isLeftOver(stateWith(steps))).toBe(expected);
    expect(isLeftOver(stateWith(steps, plan))).toBe(false);
  });
});
