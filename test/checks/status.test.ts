import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { discover } from '../../src/checks/discover.ts';
import { portOf } from '../../src/checks/port.ts';
import { survey, type SurveyOptions } from '../../src/checks/survey.ts';
import type { GatewayFacts } from '../../src/core/inventory.ts';
import { problemOf } from '../../src/core/problem.ts';
import { productFrom } from '../../src/gateway/product-from.ts';
import { LocalHost } from '../../src/host/local.ts';
import { makeTempLab } from '../kit/temp-lab.ts';
import { clock, Machine, snapshot } from './machine.ts';

let machine: Machine;
beforeEach(async () => (machine = await Machine.make()));
afterEach(() => machine.destroy());

// A name of its own, for the locks and processes of other tests are those of this account too.
const NAME = `neost${String(process.pid)}`;
const product = productFrom(NAME, {});
const STATE_DIR = `${product.envPrefix}_STATE_DIR`;
const CALL = 'gateway status --json --no-probe';

function look(options: Partial<SurveyOptions> = {}) {
  return survey(machine.host(), { product, clock, asksStatus: true, ...options });
}

/** A product that answers a question after its gateway by this program, and notes what it is called with. */
async function answers(program: string): Promise<string> {
  const bin = await machine.product('.npm-global', { command: NAME });
  const entry = path.join(machine.home, '.npm-global/lib/node_modules', NAME, 'dist/index.js');
  await machine.file(
    entry,
    `#!/usr/bin/env node
const fs = require('node:fs');
const words = process.argv.slice(2).join(' ');
fs.appendFileSync(${JSON.stringify(path.join(machine.root, 'calls'))}, words + '\\n');
if (words === '--version') console.log('2026.2.26');
else { ${program} }
`,
    0o755,
  );
  return bin;
}

interface Told {
  readonly config: string;
  readonly port?: number;
  readonly service?: { readonly config: string; readonly environment?: Readonly<Record<string, string>> };
}

function status({ config, port = 20123, service }: Told): string {
  const command = service && {
    programArguments: ['/usr/bin/node', '/x.js', 'gateway'],
    environment: service.environment ?? {},
    sourcePath: '/x.service',
  };
  const answer = {
    service: { loaded: service !== undefined, command: command ?? null, runtime: { status: 'unknown' } },
    config: { cli: { path: config, exists: true }, daemon: { path: service?.config ?? config, exists: true } },
    gateway: { port, bindMode: 'loopback' },
    extraServices: [],
  };
  return `console.log('a boxed notice'); console.log(JSON.stringify(${JSON.stringify(answer)}, null, 2));`;
}

async function state(dir: string, config = '{}'): Promise<string> {
  const file = await machine.file(`${dir}/${NAME}.json`, config);
  return path.dirname(file);
}

function word(gateway: GatewayFacts | undefined, what: string): Record<string, readonly string[]> {
  const sayings = gateway?.sayings.filter((saying) => saying.what === what) ?? [];
  return Object.fromEntries(sayings.map(({ value, sources }) => [value, sources]));
}

describe('the word of the product on its own gateway', () => {
  test('is shown beside the others where it agrees, and gives the port that nobody else tells', async () => {
    const dir = await state(`.${NAME}`);
    await answers(status({ config: path.join(dir, `${NAME}.json`) }));
    const { gateways } = await look();
    expect(gateways).toHaveLength(1);
    expect(gateways[0]?.sources).toEqual(['default', 'gateway status']);
    expect(word(gateways[0], 'state dir')).toEqual({ [dir]: ['default', 'gateway status'] });
    expect(word(gateways[0], 'config')).toEqual({ [`${dir}/${NAME}.json`]: ['default', 'gateway status'] });
    expect(gateways[0] && portOf(gateways[0], { config: {}, product })).toBe(20123);
    expect(gateways[0] && portOf(gateways[0], { config: { gateway: { port: 1234 } }, product })).toBe(1234);
  });

  test('is asked of the profile that was named, and not at all unless it is wanted', async () => {
    await state(`.${NAME}-work`);
    await answers(status({ config: path.join(machine.home, `.${NAME}-work/${NAME}.json`) }));
    const calls = async (): Promise<string[]> => {
      const { readFile } = await import('node:fs/promises');
      return (await readFile(path.join(machine.root, 'calls'), 'utf8')).trimEnd().split('\n');
    };
    await look({ profiles: ['work'] });
    expect(await calls()).toEqual(['--version', `--profile work ${CALL}`]);
    await look({ asksStatus: false });
    expect(await calls()).toHaveLength(3);
  });

  test('loses against a unit, whatever else exists, and is shown', async () => {
    const real = await state('data/neo');
    const stale = await state(`.${NAME}`);
    await machine.file(
      `.config/systemd/user/${NAME}-gateway.service`,
      `[Service]\nExecStart=/usr/bin/true gateway\nEnvironment=${STATE_DIR}=${real}`,
    );
    const lie = path.join(machine.root, 'lie');
    await state(lie);
    await answers(status({ config: `${lie}/${NAME}.json` }));
    const facts = await look();
    const gateway = facts.gateways.find(({ stateDir }) => stateDir === real);
    expect(word(gateway, 'state dir')).toEqual({
      [real]: [`unit ${NAME}-gateway.service`],
      [lie]: ['gateway status'],
    });
    expect(word(gateway, 'port')).toEqual({});
    expect(facts.gateways.map(({ stateDir }) => stateDir).sort()).toEqual([real, stale].sort());
  });

  test('loses against a running process of which it does not know', async () => {
    const real = await state('data/neo');
    await machine.start(`${NAME}-gateway`, { [STATE_DIR]: real });
    const usual = path.join(machine.home, `.${NAME}`);
    await answers(status({ config: `${usual}/${NAME}.json` }));
    const facts = await look();
    const gateway = discover(facts, { product, profile: null });
    expect(gateway.stateDir).toBe(real);
    expect(Object.keys(word(gateway, 'state dir'))).toEqual([real, usual]);
  });

  test('finds a gateway that nothing else names', async () => {
    const dir = await state(path.join(machine.root, 'srv/neo'));
    const environment = { [STATE_DIR]: dir };
    const config = `${dir}/${NAME}.json`;
    await answers(status({ config: `/nowhere/${NAME}.json`, service: { config, environment } }));
    const gateway = discover(await look(), { product, profile: null });
    expect(gateway).toMatchObject({
      stateDir: dir,
      configPath: config,
      sources: ['gateway status'],
      profile: 'default',
    });
    expect(portOf(gateway, { config: {}, product })).toBe(20123);
  });

  test('is asked for a decision where it names another gateway than a mere name does, and neither runs', async () => {
    const usual = await state(`.${NAME}`);
    const dir = await state(path.join(machine.root, 'srv/neo'));
    await answers(status({ config: `${dir}/${NAME}.json` }));
    const facts = await look();
    const problem = problemOf(
      await look().then((seen) => {
        try {
          return discover(seen, { product, profile: null });
        } catch (thrown) {
          return thrown;
        }
      }),
    );
    expect(problem).toMatchObject({ code: 'discovery-conflict', stops: true });
    expect(problem.message).toContain(`gateway status: state dir ${dir}`);
    expect(problem.hint).toContain(`--state-dir ${usual}`);
    const named = await look({ stateDir: usual, asksStatus: false });
    expect(discover(named, { product, profile: null, stateDir: usual }).stateDir).toBe(usual);
    expect(facts.gateways).toHaveLength(2);
  });

  test('is shown and no more where nothing lies in the place that it names', async () => {
    const usual = await state(`.${NAME}`);
    await answers(status({ config: `/nowhere/neo/${NAME}.json` }));
    const gateway = discover(await look(), { product, profile: null });
    expect(Object.keys(word(gateway, 'state dir'))).toEqual([usual, '/nowhere/neo']);
    expect(gateway.sources).toEqual(['default']);
  });
});

describe('the look goes on without the word of a product that', () => {
  test.each([
    ['prints garbage', `process.stdout.write('{"service": {"loaded": tru');`],
    ['prints prose and ends with 1', `console.log('Gateway is not reachable.'); process.exitCode = 1;`],
    ['answers with the wrong types (F52)', `console.log('{"service": [], "config": 7}');`],
    ['answers with another prototype (F52)', `console.log('{"__proto__": {"service": {}}, "config": {}}');`],
    ['names no whole path', status({ config: '../../etc/passwd' })],
    ['names a path with control characters (F41)', status({ config: '/home/x\n\u001b[2J/c.json' })],
    ['nests deeply (F52)', `console.log('['.repeat(500000));`],
    [
      'prints 100 MB (F52)',
      `const part = Buffer.alloc(1 << 20, 120); for (let n = 0; n < 100; n++) fs.writeSync(1, part);`,
    ],
  ])('%s', async (_, program) => {
    await state(`.${NAME}`);
    await answers(program);
    const facts = await look();
    expect(facts.product?.version).toBe('2026.2.26');
    expect(facts.gateways).toMatchObject([{ sources: ['default'] }]);
    expect(facts.gateways[0]?.sayings.flatMap(({ sources }) => sources)).not.toContain('gateway status');
  });

  test('hangs, and waits no longer than for the limit', async () => {
    await state(`.${NAME}`);
    await answers(`setInterval(() => {}, 1000);`);
    const waits: number[] = [];
    const counting = {
      now: () => clock.now(),
      sleep: (ms: number, signal?: AbortSignal) => {
        waits.push(ms);
        return clock.sleep(ms === 5000 ? 300 : ms, signal);
      },
    };
    const begun = performance.now();
    const facts = await look({ clock: counting });
    expect(facts.gateways).toMatchObject([{ sources: ['default'] }]);
    expect(waits).toContain(5000);
    expect(performance.now() - begun).toBeLessThan(60_000);
  });
});

test('the real answer of a gateway agrees with what is found, and asking leaves the old home as it was', async () => {
  const lab = await makeTempLab({ product: NAME, runsAs: 'stopped', sessions: 2 });
  try {
    lab.cli('old', '--version');
    const was = await snapshot(lab.old.home);
    const host = new LocalHost({ label: 'old machine', env: lab.old.env });
    const facts = await survey(host, { product, clock, asksStatus: true });
    const gateway = discover(facts, { product, profile: null });
    expect(gateway.sources).toEqual(['default', 'gateway status']);
    expect(word(gateway, 'port')).toMatchObject({ [String(lab.port)]: ['gateway status'] });
    expect(await snapshot(lab.old.home)).toEqual(was);
  } finally {
    await lab.destroy();
  }
});
