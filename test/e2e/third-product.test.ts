import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/core/plan.ts';
import { productFrom } from '../../src/gateway/product-from.ts';
import { makeLoopbackLab, type LoopbackLab } from '../kit/loopback-lab.ts';
import { IMPATIENT, leadingTo, neoPull, type Ended } from '../kit/neo-pull.ts';

let lab: LoopbackLab;
let settings = '';

beforeAll(async () => {
  lab = await makeLoopbackLab({ product: 'neo-fork', runsAs: 'service', sessions: 2 });
  settings = join(lab.new.home, '.config/neo-pull/neo-pull.json5');
  mkdirSync(dirname(settings), { recursive: true });
}, 60_000);
afterAll(async () => lab.destroy());

function call(command: string, ...more: string[]): Promise<Ended> {
  const argv = [command, `${lab.sshd.user}@127.0.0.1`, '--json', ...leadingTo(lab), ...IMPATIENT, ...more];
  return neoPull(argv, { env: lab.new.env });
}

function planIn({ events }: Ended): Plan | undefined {
  return events.flatMap((event) => (event.type === 'plan.shown' ? [event.plan] : []))[0];
}

describe('a product that neo-pull does not know by itself', () => {
  it('is not found, and not taken by its name', async () => {
    const looked = await call('plan');
    expect(looked.events.at(-1)).toMatchObject({ exitCode: 3, problem: { code: 'product-missing-old' } });
    expect(looked.stderr).toContain('OpenClaw');
    const named = await call('plan', '--product', 'neo-fork');
    expect(named.code).toBe(2);
    expect(named.stderr).toContain('--config');
  });

  it('is found once three lines of the settings name it, and rides in the plan', async () => {
    writeFileSync(settings, "{\n  products: { 'neo-fork': {} },\n}\n", { mode: 0o600 });
    const staged = await call('sync');
    expect(staged.events.at(-1)).toMatchObject({ outcome: 'staged', running: 'old', exitCode: 0 });
    const product = productFrom('neo-fork', {});
    const plan = planIn(staged);
    expect(plan?.asked.product).toEqual(product);
    expect(plan?.old.gateway).toMatchObject({ product, unit: 'neo-fork-gateway.service', port: lab.port });
    expect(plan?.new.gateway.stateDir).toBe(join(lab.new.home, '.neo-fork'));
  });

  it('is moved whole when the settings are gone, for nothing depends on them any more', async () => {
    rmSync(settings);
    const moved = await neoPull(['cutover', '--json', '--yes'], { env: lab.new.env });
    expect(moved.events.at(-1)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(lab.running('old')).toEqual([]);
    expect(lab.running('new')).not.toEqual([]);
    expect(lab.hub.violations()).toEqual([]);
    const config = readFileSync(join(lab.new.home, '.neo-fork/neo-fork.json'), 'utf8');
    expect(config).toContain(join(lab.new.home, '.neo-fork/workspace'));
    expect(config).not.toContain(`${lab.old.home}/`);
    expect(existsSync(join(lab.new.home, '.config/systemd/user/neo-fork-gateway.service'))).toBe(true);
    expect((await fetch(`http://127.0.0.1:${String(lab.port)}/`)).status).toBe(200);
  });

  it('is brought back by the same plan', async () => {
    const back = await neoPull(['rollback', '--json', '--yes', '--after-commit'], { env: lab.new.env });
    expect(back.events.at(-1)).toMatchObject({ outcome: 'rolled-back', running: 'old' });
    expect(lab.running('new')).toEqual([]);
    expect(lab.running('old')).not.toEqual([]);
    expect(lab.hub.violations()).toEqual([]);
  });
});
