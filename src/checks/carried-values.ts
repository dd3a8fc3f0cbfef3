import type { Plan } from '../core/plan.ts';
import { carriedNames } from '../core/outside.ts';
import { fail } from '../core/problem.ts';
import type { World } from '../core/step.ts';
import { readVariables } from '../gateway/foreground.ts';
import { readLife } from '../gateway/life.ts';
import { run } from '../host/run.ts';
import { askScript } from './ask-script.ts';
import { parseEnvFile } from './env-file.ts';
import { groupsOf, valueOf, valuesOf, type Answer } from './survey-answer.ts';
import { MACHINE_SCRIPT, machineArgs } from './survey-script.ts';
import { unitVariables } from './unit-file.ts';

const LOOK_MS = 180_000;
const MAX_BYTES = 1024 * 1024;

/** The values of the variables that are carried, and of those that `.env` has as well where they are seen. Secrets. */
export type CarriedValues = (world: World) => Promise<ReadonlyMap<string, string>>;

/**
 * Fetches the values from where they are: the environment that the running gateway was started with; what that does not have, or all
 * where none runs, from the unit, its drop-ins and its `EnvironmentFile=`. Read-only. Throws `env-not-carried` when one is nowhere.
 */
export function carriedValues(plan: Plan): CarriedValues {
  return async (world) => {
    const needed = carriedNames(plan);
    const names = [...needed, ...(plan.outside ?? []).flatMap(({ name, fate }) => (fate === 'moves' ? [name] : []))];
    const { values, leftOut } = await fromProcess(world, plan, names);
    const found = new Map(Object.entries(values).filter(([name]) => names.includes(name)));
    if (names.some((name) => !found.has(name))) {
      for (const [name, value] of await fromUnit(world, plan)) {
        if (names.includes(name) && !found.has(name) && !leftOut.includes(name)) found.set(name, value);
      }
    }
    const missing = needed.filter((name) => !found.has(name));
    if (missing.length > 0) throw nowhere(missing);
    return found;
  };
}

async function fromProcess({ old, clock, signal }: World, plan: Plan, names: readonly string[]) {
  const { gateway } = plan.old;
  const life = await readLife(old, gateway, { clock, signal });
  return readVariables(old, gateway, { life, names });
}

async function fromUnit(world: World, { old }: Plan): Promise<ReadonlyMap<string, string>> {
  const { product, unit, home, uid } = old.gateway;
  if (unit === null) return new Map();
  const { clock, signal } = world;
  const question = { what: 'Reading the service definition', script: MACHINE_SCRIPT, args: machineArgs(product) };
  const answer = await askScript(world.old, { ...question, timeoutMs: LOOK_MS, clock, signal });
  const group = groupsOf(answer, 'unit').find((one) => valueOf(one, 'unit') === unit);
  if (!group) return new Map();
  const texts = [valueOf(group, 'unit.text') ?? '', ...valuesOf(group, 'unit.drop-in')];
  const values = new Map(unitVariables(texts, { unit, home, user: old.user, uid }));
  // A file beats what stands in the unit itself.
  for (const [name, value] of await fromFiles(world, group)) values.set(name, value);
  return values;
}

async function fromFiles({ old, clock, signal }: World, group: Answer): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const file of groupsOf(group, 'unit.env-file')) {
    const path = valueOf(file, 'unit.env-file') ?? '';
    const { code, stdout } = await run(old, ['cat', '--', path], { clock, signal, maxBytes: MAX_BYTES });
    if (code !== 0) continue;
    for (const [name, value] of parseEnvFile(stdout.toString())) values.set(name, value);
  }
  return values;
}

function nowhere(missing: readonly string[]): Error {
  return fail('env-not-carried', {
    message: `${missing.join(', ')}: no longer set for the old gateway, neither in its process nor by its unit, or not in UTF-8.`,
    hint: 'Look again and move then, or write NAME=value into .env of the state dir on the old machine.',
  });
}
