import { describe, expect, it } from 'vitest';
import { groupsOf } from '../../src/core/group.ts';
import type { Plan, Root } from '../../src/core/plan.ts';
import { samplePlan } from '../cli/sample.ts';

function root(id: string, name: string, changes: Partial<Root> = {}): Root {
  return {
    id,
    room: id === 'state' ? 'state' : 'workspace',
    oldPath: `/home/olga/${name}`,
    livePath: `/home/nick/${name}`,
    stagingPath: `/home/nick/.neo-pull/${name}-${id}.staging`,
    parkedPath: `/home/nick/.neo-pull/${name}-${id}.parked-r`,
    workspaces: [],
    entries: 1,
    bytes: 1,
    liveExists: false,
    files: null,
    filesInPlace: [],
    ...changes,
  };
}

function planOf(profile: string, ...roots: Root[]): Plan {
  const plan = samplePlan();
  const gateway = { ...plan.old.gateway, profile };
  return { ...plan, old: { ...plan.old, gateway }, roots, configFiles: [{ root: 'state', file: 'c.json' }] };
}

const approvals = root('files-1', '.smart-agent-neo', { files: ['exec-approvals.json'], room: 'state' });
const idsOf = (plans: readonly Plan[]) =>
  plans.map((plan) => [plan.old.gateway.profile, plan.roots.map(({ id }) => id)]);

describe('profiles', () => {
  it('with nothing in common move each by itself, in their order, as planned', () => {
    const plans = [planOf('b', root('state', '.s-b')), planOf('a', root('state', '.s-a'))];
    expect(groupsOf(plans)).toEqual(plans.map((plan) => ({ plans: [plan], problems: [] })));
  });

  it('that use one workspace move together, and it is carried by the first', () => {
    const shared = root('workspace-1', 'work');
    const [group, ...more] = groupsOf([
      planOf('a', root('state', '.s-a'), shared),
      planOf('b', root('state', '.s-b'), shared),
    ]);
    expect(more).toEqual([]);
    expect(group?.problems).toEqual([]);
    expect(idsOf(group?.plans ?? [])).toEqual([
      ['a', ['state', 'workspace-1']],
      ['b', ['state']],
    ]);
    expect(group?.plans[1]?.group).toEqual({ profiles: ['a', 'b'], carried: ['/home/olga/work'] });
  });

  it('whose things lie in the state dir of the default one come after it, and it learns which are workspaces', () => {
    const inside = root('workspace-1', '.smart-agent-neo/workspace-b', { workspaces: ['deep'] });
    const [group] = groupsOf([
      planOf('b', root('state', '.s-b'), inside, approvals),
      planOf('default', root('state', '.smart-agent-neo')),
    ]);
    expect(group?.problems).toEqual([]);
    expect(idsOf(group?.plans ?? [])).toEqual([
      ['default', ['state']],
      ['b', ['state']],
    ]);
    expect(group?.plans[0]?.roots[0]?.workspaces).toEqual(['workspace-b', 'workspace-b/deep']);
    expect(group?.plans.map((plan) => plan.mapping)).toEqual([group?.plans[0]?.mapping, group?.plans[0]?.mapping]);
  });

  it('that have their sessions in one directory have each index rewritten by the one that carries it', () => {
    const shared = root('state-1', 'sessions', { room: 'state' });
    const storing = (plan: Plan, file: string): Plan => ({ ...plan, sessionStores: [{ root: 'state-1', file }] });
    const [group] = groupsOf([
      storing(planOf('a', root('state', '.s-a'), shared), 'a.json'),
      storing(planOf('b', root('state', '.s-b'), shared), 'b.json'),
    ]);
    expect(group?.problems).toEqual([]);
    expect(group?.plans[0]?.sessionStores).toEqual([
      { root: 'state-1', file: 'a.json' },
      { root: 'state-1', file: 'b.json' },
    ]);
  });

  it('that have single files in common carry each once', () => {
    const more = { ...approvals, files: ['exec-approvals.json', 'token'], filesInPlace: ['token'], liveExists: true };
    const [group] = groupsOf([planOf('a', root('state', '.s-a'), approvals), planOf('b', root('state', '.s-b'), more)]);
    expect(group?.plans[1]?.roots[1]).toMatchObject({ files: ['token'], filesInPlace: ['token'], liveExists: true });
  });

  it.each([
    ['a state dir', root('state', 'work/.s-b')],
    ['a place that differs', root('workspace-1', 'work/notes', { livePath: '/elsewhere' })],
  ])('that have %s in common which cannot go with the other are refused', (_what, odd) => {
    const own = odd.id === 'state' ? [odd] : [root('state', '.s-b'), odd];
    const [group] = groupsOf([planOf('a', root('state', '.s-a'), root('workspace-1', 'work')), planOf('b', ...own)]);
    expect(group?.problems).toMatchObject([{ code: 'profiles-share', stops: true }]);
  });
});
