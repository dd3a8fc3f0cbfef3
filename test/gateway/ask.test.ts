import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/core/plan.ts';
import * as ask from '../../src/gateway/ask.ts';
import { Bench } from './bench.ts';
import { fixture, jsonFixture } from './fixture.ts';

let bench: Bench;
let gateway: Gateway;
beforeEach(async () => {
  bench = await Bench.make('work');
  gateway = { ...bench.gateway, argv: [join(bench.home, 'bin/smart-agent-neo')] };
});
afterEach(() => bench.end());

const verbs = jsonFixture('service-verbs.json') as Record<string, unknown>;

interface Reply {
  readonly out?: string;
  readonly err?: string;
  readonly code?: number;
  readonly hangs?: true;
}

/** Puts a product in place that answers each line of words as told, and notes what it was called with. */
async function product(replies: Record<string, Reply>): Promise<void> {
  const script = `#!${process.execPath}
    const replies = ${JSON.stringify(replies)};
    const words = process.argv.slice(2).join(' ');
    require('node:fs').appendFileSync(${JSON.stringify(join(bench.home, 'calls'))}, JSON.stringify({ words, env: process.env, cwd: process.cwd() }) + '\\n');
    const { out = '', err = 'error: unknown words: ' + words, code = out ? 0 : 2, hangs } = replies[words] ?? {};
    process.stdout.write(out);
    if (!out) process.stderr.write(err + '\\n');
    process.exitCode = code;
    if (hangs) setInterval(() => undefined, 1000);
  `;
  await writeFile(gateway.argv[0] ?? '', script, { mode: 0o755 });
}

async function calls(): Promise<{ words: string; cwd: string; env: Record<string, string> }[]> {
  const text = await readFile(join(bench.home, 'calls'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { words: string; cwd: string; env: Record<string, string> });
}

describe('asking the product', () => {
  // F116
  it('calls it with the profile, the state dir and its own bin directory first, in the home of the gateway', async () => {
    await product({ '--profile work --version': { out: 'SmartAgentNeo 2026.3.13 (0a1b2c3)\n' } });
    expect(await ask.askVersion(bench.host, gateway)).toBe('2026.3.13');
    const [call] = await calls();
    expect(call).toMatchObject({ cwd: bench.home, env: { SMART_AGENT_NEO_STATE_DIR: gateway.stateDir } });
    expect(call?.env['PATH']?.split(':')[0]).toBe(gateway.binDir);
  });

  it('reads answers behind notices', async () => {
    await product({ '--profile work agents list --json': { out: fixture('notices-before-agents.txt') } });
    expect(await ask.askAgents(bench.host, gateway)).toMatchObject([{ id: 'main' }, { id: 'books' }]);
  });

  it('reads the status without calling the gateway unless it is told to', async () => {
    const out = fixture('gateway-status-service.json');
    await product({
      '--profile work gateway status --json --no-probe': { out },
      '--profile work gateway status --json': { out },
    });
    expect(await ask.askGatewayStatus(bench.host, gateway)).toMatchObject({ port: 20100 });
    await ask.askGatewayStatus(bench.host, gateway, { probe: true });
    expect((await calls()).map((call) => call.words.includes('--no-probe'))).toEqual([true, false]);
  });

  it('takes plain text and errors for no answer', async () => {
    await product({
      '--profile work channels status --json': { out: fixture('channels-down.txt') },
      '--profile work health --json': {
        err: '[smart-agent-neo] Error: gateway closed\n    at Object.onClose',
        code: 1,
      },
    });
    expect(await ask.askChannels(bench.host, gateway)).toBeNull();
    expect(await ask.askHealth(bench.host, gateway)).toBeNull();
    expect(await ask.askAgents(bench.host, gateway)).toBeNull();
  });

  it('reads channels and health of a gateway that serves', async () => {
    await product({
      '--profile work channels status --json --probe': { out: fixture('channels-up.json') },
      '--profile work health --json': { out: fixture('health-up.json') },
    });
    expect(await ask.askChannels(bench.host, gateway, { probe: true })).toHaveLength(3);
    expect(await ask.askHealth(bench.host, gateway)).toMatchObject({ ok: true });
  });

  it("asks for every agent's sessions, and a release that cannot for those that it knows", async () => {
    const out = fixture('sessions.json');
    await product({ '--profile work sessions --json --all-agents': { out } });
    expect(await ask.askSessions(bench.host, gateway)).toMatchObject({ count: 2 });
    await product({ '--profile work sessions --json': { out } });
    expect(await ask.askSessions(bench.host, gateway)).toMatchObject({ count: 2 });
  });

  it('gives what doctor printed, and its exit code', async () => {
    await product({ '--profile work doctor --non-interactive': { out: fixture('doctor-clean.txt'), code: 1 } });
    expect(await ask.askDoctor(bench.host, gateway)).toEqual({ code: 1, text: fixture('doctor-clean.txt') });
  });

  // F97
  it('throws when doctor does not come to its end', async () => {
    await product({ '--profile work doctor --non-interactive': { out: 'Continue?', hangs: true } });
    await expect(ask.askDoctor(bench.host, gateway, { timeoutMs: 500 })).rejects.toMatchObject({
      problem: { code: 'command-timeout' },
    });
  });
});

describe('asking for a change of the service', () => {
  const stop = '--profile work gateway stop --json';
  const help = '--profile work gateway stop --help';

  // F91
  it('passes on what was claimed, without believing it', async () => {
    await product({ [stop]: { out: JSON.stringify(verbs['notLoaded']) } });
    expect(await ask.askStop(bench.host, gateway)).toMatchObject({
      code: 0,
      said: 'The service is disabled.',
      answer: { ok: true, result: 'not-loaded' },
    });
  });

  it('gives the reason of either shape of refusal', async () => {
    await product({ [stop]: { out: JSON.stringify(verbs['noBus']), code: 1 } });
    expect(await ask.askStop(bench.host, gateway)).toMatchObject({ code: 1, said: /no bus/, answer: { ok: false } });
    await product({ [stop]: { out: JSON.stringify(verbs['refusedAsObject']), code: 1 } });
    expect(await ask.askStop(bench.host, gateway)).toMatchObject({ code: 1, said: /skipped/, answer: { ok: false } });
  });

  it('forces a stop where the release has the flag', async () => {
    await product({
      [help]: { out: 'Usage: gateway stop [options]\n  --force   stop without a terminal\n' },
      [`${stop} --force`]: { out: JSON.stringify(verbs['stopped']) },
    });
    expect(await ask.askStop(bench.host, gateway)).toMatchObject({ answer: { result: 'stopped' } });
  });

  // F92
  it('comes back from a stop that hangs', async () => {
    await product({ [stop]: { out: ' ', hangs: true } });
    expect(await ask.askStop(bench.host, gateway, { timeoutMs: 500 })).toMatchObject({ code: null, answer: null });
  });

  it('reads no answer from words that are none, and passes on the last of them', async () => {
    await product({ '--profile work gateway start --json': { err: 'one\ntwo\u001b[31m three', code: 1 } });
    const said = await ask.askStart(bench.host, gateway);
    expect(said).toMatchObject({ code: 1, answer: null, said: /^two.*three$/ });
    expect(said.said).not.toContain('\u001b');
  });

  it('installs with the port, and passes warnings on', async () => {
    const words = `--profile work gateway install --force --json --port ${gateway.port}`;
    await product({ [words]: { out: JSON.stringify(verbs['installed']) } });
    expect(await ask.askInstall(bench.host, gateway)).toMatchObject({
      answer: { warnings: ["The system's Node is old."] },
    });
  });
});
