import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { layOut } from '../../src/checks/layout.ts';
import type { Asked } from '../../src/core/plan.ts';
import { problemOf } from '../../src/core/problem.ts';
import { gatewayFacts, inventory, machineFacts, newMachineFacts, planFor } from './facts.ts';
import { clock, Machine } from './machine.ts';

let old: Machine;
let here: Machine;
beforeEach(async () => ([old, here] = await Promise.all([Machine.make(), Machine.make()])));
afterEach(() => Promise.all([old.destroy(), here.destroy()]));

async function placesOf(asked: Partial<Asked>): Promise<string[]> {
  const stateDir = join(old.home, '.smart-agent-neo');
  const configPath = await old.file('.smart-agent-neo/smart-agent-neo.json', '{}');
  await old.file('ws/AGENTS.md', '#\n');
  const home = { home: old.home, realHome: old.home };
  const facts = {
    old: machineFacts(home),
    here: newMachineFacts({ home: here.home, realHome: here.home }),
    gateway: gatewayFacts({ stateDir, realStateDir: stateDir, configPath }),
    includes: [],
    config: {},
    asked: { ...planFor(inventory()).asked, ...asked },
  };
  const signal = new AbortController().signal;
  const machines = { old: old.host(), new: here.host() };
  const { routes } = await layOut(machines, facts, { clock, signal });
  return routes.map(({ newPath }) => newPath);
}

it('the state goes to its usual place in the new home, or where --to-state-dir says, from the home of this machine', async () => {
  expect(await placesOf({})).toEqual([join(here.home, '.smart-agent-neo')]);
  expect(await placesOf({ toStateDir: '~/neo' })).toEqual([join(here.home, 'neo')]);
  expect(await placesOf({ toStateDir: '/srv/neo' })).toEqual(['/srv/neo']);
});

it.each([
  ['~/.smart-agent-neo/', '.smart-agent-neo'],
  ['~//neo/../.smart-agent-neo/.', '.smart-agent-neo'],
])('--to-state-dir %s is the same place as without what is too much in it: %s', async (toStateDir, name) => {
  expect(await placesOf({ toStateDir })).toEqual([join(here.home, name)]);
});

it('the old half of --workspace begins in the old home, the new half in the new one', async () => {
  const workspaces = [{ from: '~/ws/', to: '~/my ws/' }];
  expect((await placesOf({ workspaces })).slice(1)).toEqual([join(here.home, 'my ws')]);
  const gone = problemOf(
    await placesOf({ workspaces: [{ from: '~/none', to: null }] }).catch((error: unknown) => error),
  );
  expect(gone).toMatchObject({ code: 'state-dir-missing' });
  expect(gone.message).toContain(join(old.home, 'none'));
});
