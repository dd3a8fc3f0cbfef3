import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as answers from '../../src/gateway/answers.ts';
import { readJsonAnswer } from '../../src/gateway/json-answer.ts';
import { fixture, jsonFixture } from './fixture.ts';

const verbs = jsonFixture('service-verbs.json') as Record<string, unknown>;

describe('the version', () => {
  it('is read from both formats', () => {
    expect(answers.readVersion('2026.2.26\n')).toBe('2026.2.26');
    expect(answers.readVersion('SmartAgentNeo 2026.3.13 (0a1b2c3)\n')).toBe('2026.3.13');
    expect(answers.readVersion('(node:7) Warning: v22.1.0\nSmartAgentNeo 2026.9.6-beta.2 (0a1b2c3)')).toBe(
      '2026.9.6-beta.2',
    );
  });

  it('is null when it is not told', () => {
    expect(answers.readVersion('requires Node >= 22.12.0')).toBeNull();
  });
});

describe('the answer of a service verb', () => {
  it('is read in each of its shapes', () => {
    expect(answers.readServiceAnswer(verbs['stopped'])).toMatchObject({
      ok: true,
      result: 'stopped',
      loaded: true,
      message: null,
    });
    expect(answers.readServiceAnswer(verbs['notLoaded'])).toMatchObject({
      ok: true,
      result: 'not-loaded',
      loaded: false,
    });
    expect(answers.readServiceAnswer(verbs['startedNothing'])).toMatchObject({ ok: true, result: 'not-loaded' });
    expect(answers.readServiceAnswer(verbs['installed'])).toMatchObject({
      ok: true,
      warnings: ["The system's Node is old."],
    });
  });

  it('gives the reason of both shapes of error', () => {
    expect(answers.readServiceAnswer(verbs['noBus'])).toMatchObject({ ok: false, result: null, message: /no bus/ });
    expect(answers.readServiceAnswer(verbs['refusedAsObject'])).toMatchObject({ ok: false, message: /skipped/ });
  });

  // F36
  it('shows nothing that a terminal would obey', () => {
    const answer = answers.readServiceAnswer({ ok: false, error: 'bad\u001b[2Jnews\u202e' });
    expect(answer?.message).not.toMatch(/[\u001b\u202e]/);
  });
});

describe('the status of the gateway', () => {
  it('tells how the service starts it and who listens', () => {
    expect(answers.readGatewayStatus(jsonFixture('gateway-status-service.json'))).toMatchObject({
      service: { loaded: true, status: 'running', pid: 4711, sourcePath: /gateway.service$/ },
      serviceConfigPath: '/home/ann/.smart-agent-neo/smart-agent-neo.json',
      port: 20100,
      portStatus: 'busy',
      listenerPids: [4711],
      answered: true,
    });
  });

  it('leaves open what was not asked and what there is not', () => {
    expect(answers.readGatewayStatus(jsonFixture('gateway-status-down.json'))).toMatchObject({
      service: { loaded: false, pid: null, programArguments: null, environment: {} },
      serviceConfigPath: null,
      portStatus: 'free',
      listenerPids: [],
      answered: null,
    });
  });
});

describe('the channels', () => {
  it('are listed by account, connected only where the product says so', () => {
    expect(answers.readChannels(jsonFixture('channels-up.json'))).toEqual([
      { channel: 'whatsapp', account: 'default', running: false, connected: false },
      { channel: 'telegram', account: 'home', running: true, connected: null },
      { channel: 'telegram', account: 'work', running: true, connected: true },
    ]);
  });

  it('are null when the gateway is down and plain text comes', () => {
    expect(answers.readChannels(readJsonAnswer(fixture('channels-down.txt')))).toBeNull();
  });

  it('are none when there are none', () => {
    expect(answers.readChannels({ channelAccounts: {} })).toEqual([]);
  });
});

describe('agents, sessions and health', () => {
  it('are read', () => {
    const agents = answers.readAgents(readJsonAnswer(fixture('notices-before-agents.txt')));
    expect(agents).toMatchObject([
      { id: 'main', isDefault: true },
      { id: 'books', workspace: '/home/ann/books', isDefault: false },
    ]);
    const sessions = answers.readSessions(jsonFixture('sessions.json'));
    expect(sessions).toMatchObject({ count: 2, sessions: [{ key: 'agent:main:main', agentId: 'main' }, {}] });
    expect(answers.readHealth(jsonFixture('health-up.json'))).toEqual({
      ok: true,
      agentIds: ['main', 'books'],
      sessionCount: 2,
    });
  });

  it('are null when the answer is of another kind', () => {
    for (const other of [null, 'text', 7, [], {}, { ok: 'yes' }, { sessions: 'many' }]) {
      expect(answers.readHealth(other)).toBeNull();
      expect(answers.readSessions(other)).toBeNull();
      expect(answers.readServiceAnswer(other)).toBeNull();
      expect(answers.readGatewayStatus(other)).toBeNull();
    }
    expect(answers.readAgents({ ok: false, error: 'no' })).toBeNull();
  });
});

// F52
describe('an answer with fields of the wrong type', () => {
  it('counts them as absent instead of failing', () => {
    const wrong = { channelAccounts: { a: 'x', b: [7, null, { accountId: 1, running: 'yes', connected: 0 }] } };
    expect(answers.readChannels(wrong)).toEqual([
      { channel: 'b', account: 'default', running: false, connected: null },
    ]);
    expect(
      answers.readGatewayStatus({ service: { runtime: { pid: -1 } }, port: { listeners: [{ pid: 'x' }] } }),
    ).toMatchObject({
      service: { pid: null },
      listenerPids: [],
    });
  });

  // F124
  it('never makes a reader throw', () => {
    const readers = [
      answers.readServiceAnswer,
      answers.readGatewayStatus,
      answers.readChannels,
      answers.readSessions,
      answers.readAgents,
      answers.readHealth,
    ];
    const keys = fc.constantFrom(
      'ok',
      'error',
      'service',
      'runtime',
      'pid',
      'port',
      'listeners',
      'channelAccounts',
      'sessions',
      'agents',
    );
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, true, -1, 1.5, 'text', '__proto__'),
        fc.dictionary(keys, tie('node'), { maxKeys: 4 }),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (value) => {
        for (const read of readers) read(value);
      }),
      { numRuns: 10_000 },
    );
  });
});
