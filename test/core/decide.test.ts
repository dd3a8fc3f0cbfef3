import { describe, expect, it } from 'vitest';
import { decide, type Route, type Wish } from '../../src/core/decide.ts';
import type { Inventory } from '../../src/core/inventory.ts';
import type { Plan } from '../../src/core/plan.ts';
import { absent, dirFacts, gatewayFacts, inventory, planFor } from '../checks/facts.ts';

const STATE = '/home/al/.smart-agent-neo';
const REAL = '/data/neo';
const HERE = '/home/bo/.smart-agent-neo';

function planOf(changes: Partial<Inventory>, more: readonly Route[] = []): Plan {
  const facts = inventory(changes);
  const { connect, asked, limits } = planFor(facts);
  const unit = 'smart-agent-neo-gateway.service';
  const wish: Wish = { run: 'r', target: 't', connect, asked, excludes: [], limits, unit, legacyStateDirs: [] };
  const shape = { room: 'state', workspaces: [], files: null, filesInPlace: [] } as const;
  return decide(facts, [{ ...shape, id: 'state', oldPath: STATE, newPath: HERE }, ...more], wish, []);
}

describe('the config on the new machine', () => {
  const dirs = [{ old: dirFacts(STATE, { realPath: REAL }), new: absent(HERE) }];

  it.each([
    [`${STATE}/smart-agent-neo.json`, `${HERE}/smart-agent-neo.json`],
    [`${REAL}/smart-agent-neo.json`, `${HERE}/smart-agent-neo.json`],
    [`${REAL}/conf/..own.json`, `${HERE}/conf/..own.json`],
    ['/data/neon/smart-agent-neo.json', '/data/neon/smart-agent-neo.json'],
  ])('that is %s there lies with the state dir, by whichever name of it: %s', (configPath, expected) => {
    const plan = planOf({ dirs, gateway: gatewayFacts({ realStateDir: REAL, configPath }) });
    expect(plan.new.gateway).toMatchObject({ stateDir: HERE, configPath: expected });
    expect(plan.configFiles).toHaveLength(expected === configPath ? 0 : 1);
  });

  it('moves with another directory that it lies in, or as a single file of one', () => {
    const [state] = dirs;
    if (!state) throw new Error('no state dir');
    const whole = { id: 'state-1', room: 'state', workspaces: [], filesInPlace: [] } as const;
    const conf = { old: dirFacts('/home/al/conf'), new: absent('/home/bo/conf') };
    const route = { ...whole, oldPath: '/home/al/conf', newPath: '/home/bo/conf' };
    const gateway = gatewayFacts({ realStateDir: REAL, configPath: '/home/al/conf/neo.json' });
    const facts = { dirs: [state, conf], gateway };
    expect(planOf(facts, [{ ...route, files: null }]).new.gateway.configPath).toBe('/home/bo/conf/neo.json');
    expect(planOf(facts, [{ ...route, files: ['neo.json'] }]).new.gateway.configPath).toBe('/home/bo/conf/neo.json');
    expect(planOf(facts, [{ ...route, files: ['other.json'] }]).new.gateway.configPath).toBe('/home/al/conf/neo.json');
  });
});
