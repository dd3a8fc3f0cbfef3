import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { surveyBoth, type Sought } from '../../src/checks/survey-both.ts';
import type { Host } from '../../src/core/host.ts';
import type { Asked } from '../../src/core/plan.ts';
import type { AnyProduct } from '../../src/core/product.ts';
import { fail } from '../../src/core/problem.ts';
import { productFrom } from '../../src/gateway/product-from.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { samplePlan } from '../cli/sample.ts';
import { otherProductCheck } from '../../src/checks/find-product.ts';
import { inventory } from './facts.ts';
import { clock, Machine } from './machine.ts';

// Names of their own, for the locks and processes of other tests are those of this account too.
const ID = String(process.pid);
const NEO = productFrom(`neo${ID}`, { title: 'SmartAgentNeo' });
const CLAW = productFrom(`claw${ID}`, { title: 'OpenClaw' });
const FORK = productFrom(`fork${ID}`, {});
const AMONG: readonly AnyProduct[] = [NEO, CLAW, FORK];

let old: Machine;
let here: Machine;
beforeEach(async () => {
  old = await Machine.make();
  here = await Machine.make();
});
afterEach(() => Promise.all([old.destroy(), here.destroy()]));

function find(
  asked: Partial<Asked> = {},
  { among = AMONG, host = old.host() }: Partial<Sought> & { host?: Host } = {},
) {
  const sought = { asked: { ...samplePlan().asked, product: NEO, ...asked }, among };
  return surveyBoth({ old: host, new: here.host() }, sought, { clock, signal: new AbortController().signal });
}

function state(name: string): Promise<string> {
  return old.file(`.${name}/${name}.json`, '{}');
}

function unit(name: string): Promise<string> {
  return old.file(
    `.config/systemd/user/${name}-gateway.service`,
    `[Service]\nExecStart=/usr/bin/${name} gateway --port 18789\nEnvironment=X=1`,
  );
}

describe('where no product is named', () => {
  test.each([
    [NEO.name, NEO],
    [CLAW.name, CLAW],
    [FORK.name, FORK],
  ] as const)('%s is found by its state dir', async (name, product) => {
    await state(name);
    const found = await find();
    expect(found.product).toEqual(product);
    expect(found.old.gateways.map(({ stateDir }) => stateDir)).toEqual([path.join(old.home, `.${name}`)]);
    expect(found.others).toEqual([]);
  });

  test('one is found by its unit, and by the process that runs', async () => {
    await unit(CLAW.name);
    expect((await find()).product).toBe(CLAW);
    await old.start(`${FORK.name}-gateway`);
    const found = await find();
    expect(found.product).toBe(FORK);
    expect(found.others).toEqual([
      { name: CLAW.name, title: 'OpenClaw', seen: [`unit ${CLAW.name}-gateway.service`], isRunning: false },
    ]);
  });

  test('the one that runs is meant, and what lies there of another is told', async () => {
    await state(NEO.name);
    await state(CLAW.name);
    const pid = await old.start(`${CLAW.name}-gateway`);
    const found = await find();
    expect(found.product).toBe(CLAW);
    const { others } = found;
    expect(others.map(({ name }) => name)).toEqual([NEO.name]);
    const problems = await otherProductCheck(inventory({ otherProducts: others })).run();
    expect(problems).toMatchObject([
      { code: 'product-other', stops: false, hint: `To move that one: --product ${NEO.name}` },
    ]);
    expect(problems[0]?.message).toContain(`state dir ${path.join(old.home, `.${NEO.name}`)}`);
    expect(pid).toBeGreaterThan(0);
  });

  test('several of which none runs are refused, with what was seen of each', async () => {
    await state(NEO.name);
    await unit(NEO.name);
    await state(CLAW.name);
    const problem = await problemFrom(find());
    expect(problem).toMatchObject({ code: 'product-ambiguous', stops: true });
    expect(problem.message).toContain(`SmartAgentNeo (unit ${NEO.name}-gateway.service, state dir `);
    expect(problem.message).toContain(`OpenClaw (state dir ${path.join(old.home, `.${CLAW.name}`)})`);
    expect(problem.hint).toContain(`--product ${NEO.name} or --product ${CLAW.name}`);
    expect(problem.detail).toMatchObject([{ product: NEO.name }, { product: CLAW.name }]);
  });

  test('several that run are refused', async () => {
    await state(NEO.name);
    await state(CLAW.name);
    await old.start(`${CLAW.name}-gateway`);
    await old.start(`${NEO.name}-gateway`);
    expect(await problemFrom(find())).toMatchObject({ code: 'product-ambiguous' });
  });

  test('a directory that holds nothing of a gateway speaks for nobody', async () => {
    await mkdir(path.join(old.home, `.${CLAW.name}`, 'completions'), { recursive: true });
    await state(NEO.name);
    expect((await find()).product).toBe(NEO);
  });

  test('the process of another home speaks for nobody', async () => {
    await state(NEO.name);
    await old.start(`${CLAW.name}-gateway`, { HOME: '/home/somebody-else' });
    expect((await find()).product).toBe(NEO);
  });

  test('the name of the state dir or program that was named decides', async () => {
    await state(NEO.name);
    await state(CLAW.name);
    expect((await find({ stateDir: `~/.${CLAW.name}/` })).product).toBe(CLAW);
    const bin = await old.product('.npm-global', { command: CLAW.name });
    expect((await find({ remoteGatewayBin: bin })).product).toBe(CLAW);
  });

  test('the usual one is taken where there is none, and the others are told', async () => {
    const found = await find();
    expect(found.product).toBe(NEO);
    expect(found.absent).toEqual(AMONG);
  });

  test('one that was named is not looked for', async () => {
    await state(CLAW.name);
    expect(await find({}, { among: [NEO] })).toMatchObject({ product: NEO, others: [] });
  });

  test('one that a person added is not asked for through a limited key', async () => {
    await state(CLAW.name);
    const host = old.host();
    const limited: Host = Object.assign(Object.create(host) as Host, {
      spawn: (...args: Parameters<Host['spawn']>) => {
        if (!args[0].includes(FORK.name)) return host.spawn(...args);
        throw fail('account-read-only', { message: 'not let through', hint: 'not let through' });
      },
    });
    expect((await find({}, { host: limited })).product).toBe(CLAW);
  });
});
