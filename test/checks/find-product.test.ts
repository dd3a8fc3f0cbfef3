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

const FORK = productFrom('neo-fork', {});
const AMONG: readonly AnyProduct[] = ['smart-agent-neo', 'openclaw', FORK];

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
  const sought = { asked: { ...samplePlan().asked, ...asked }, among };
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
    ['smart-agent-neo', 'smart-agent-neo'],
    ['openclaw', 'openclaw'],
    ['neo-fork', FORK],
  ] as const)('%s is found by its state dir', async (name, product) => {
    await state(name);
    const found = await find();
    expect(found.product).toEqual(product);
    expect(found.old.gateways.map(({ stateDir }) => stateDir)).toEqual([path.join(old.home, `.${name}`)]);
    expect(found.others).toEqual([]);
  });

  test('one is found by its unit, and by the process that runs', async () => {
    await unit('openclaw');
    expect((await find()).product).toBe('openclaw');
    await old.start('neo-fork-gateway');
    const found = await find();
    expect(found.product).toBe(FORK);
    expect(found.others).toEqual([
      { name: 'openclaw', title: 'OpenClaw', seen: ['unit openclaw-gateway.service'], isRunning: false },
    ]);
  });

  test('the one that runs is meant, and what lies there of another is told', async () => {
    await state('smart-agent-neo');
    await state('openclaw');
    const pid = await old.start('openclaw-gateway');
    const found = await find();
    expect(found.product).toBe('openclaw');
    const { others } = found;
    expect(others.map(({ name }) => name)).toEqual(['smart-agent-neo']);
    const problems = await otherProductCheck(inventory({ otherProducts: others })).run();
    expect(problems).toMatchObject([
      { code: 'product-other', stops: false, hint: 'To move that one: --product smart-agent-neo' },
    ]);
    expect(problems[0]?.message).toContain(`state dir ${path.join(old.home, '.smart-agent-neo')}`);
    expect(pid).toBeGreaterThan(0);
  });

  test('several of which none runs are refused, with what was seen of each', async () => {
    await state('smart-agent-neo');
    await unit('smart-agent-neo');
    await state('openclaw');
    const problem = await problemFrom(find());
    expect(problem).toMatchObject({ code: 'product-ambiguous', stops: true });
    expect(problem.message).toContain('SmartAgentNeo (unit smart-agent-neo-gateway.service, state dir ');
    expect(problem.message).toContain(`OpenClaw (state dir ${path.join(old.home, '.openclaw')})`);
    expect(problem.hint).toContain('--product smart-agent-neo or --product openclaw');
    expect(problem.detail).toMatchObject([{ product: 'smart-agent-neo' }, { product: 'openclaw' }]);
  });

  test('several that run are refused', async () => {
    await state('smart-agent-neo');
    await state('openclaw');
    await old.start('openclaw-gateway');
    await old.start('smart-agent-neo-gateway');
    expect(await problemFrom(find())).toMatchObject({ code: 'product-ambiguous' });
  });

  test('a directory that holds nothing of a gateway speaks for nobody', async () => {
    await mkdir(path.join(old.home, '.openclaw', 'completions'), { recursive: true });
    await state('smart-agent-neo');
    expect((await find()).product).toBe('smart-agent-neo');
  });

  test('the process of another home speaks for nobody', async () => {
    await state('smart-agent-neo');
    await old.start('openclaw-gateway', { HOME: '/home/somebody-else' });
    expect((await find()).product).toBe('smart-agent-neo');
  });

  test('the name of the state dir or program that was named decides', async () => {
    await state('smart-agent-neo');
    await state('openclaw');
    expect((await find({ stateDir: '~/.openclaw/' })).product).toBe('openclaw');
    const bin = await old.product('.npm-global', { command: 'openclaw' });
    expect((await find({ remoteGatewayBin: bin })).product).toBe('openclaw');
  });

  test('the usual one is taken where there is none, and the others are told', async () => {
    const found = await find();
    expect(found.product).toBe('smart-agent-neo');
    expect(found.absent).toEqual(AMONG);
  });

  test('one that was named is not looked for', async () => {
    await state('openclaw');
    expect(await find({}, { among: ['smart-agent-neo'] })).toMatchObject({ product: 'smart-agent-neo', others: [] });
  });

  test('one that a person added is not asked for through a limited key', async () => {
    await state('openclaw');
    const host = old.host();
    const limited: Host = Object.assign(Object.create(host) as Host, {
      spawn: (...args: Parameters<Host['spawn']>) => {
        if (!args[0].includes('neo-fork')) return host.spawn(...args);
        throw fail('account-read-only', { message: 'not let through', hint: 'not let through' });
      },
    });
    expect((await find({}, { host: limited })).product).toBe('openclaw');
  });
});
