import { arch, platform, release } from 'node:os';
import { join } from 'node:path';
import { callGateway, GatewayClosed } from './client.ts';
import type { Channel } from './channels.ts';
import { readConfig } from './config.ts';
import type { Config } from './config.ts';
import { deviceId } from './devices.ts';
import { reach, serviceFacts } from './gateway-status.ts';
import { openMemory } from './memory.ts';
import { PRODUCT, VERSION } from './names.ts';
import type { Agent } from './paths.ts';
import { agents, configPath, defaultAgent, gatewayPort, stateDir } from './paths.ts';
import { json } from './print.ts';
import { readSessions, transcriptLines } from './sessions.ts';
import { trap } from './settings.ts';

function knownAgents(config: Config): Agent[] {
  return trap('sessions-lost') ? [defaultAgent(config)] : agents(config);
}

function sessionsOf(agent: Agent) {
  if (trap('sessions-lost')) return [];
  return Object.entries(readSessions(agent)).map(([key, entry]) => ({
    key,
    updatedAt: entry.updatedAt,
    ageMs: Date.now() - entry.updatedAt,
    sessionId: entry.sessionId,
    model: 'example-model',
    agentId: agent.id,
    kind: 'direct',
    transcriptLines: transcriptLines(agent, entry),
  }));
}

/** `agents list --json`. */
export function listAgents(): number {
  const config = readConfig();
  json(
    knownAgents(config).map(({ id, workspace, agentDir, isDefault }) => ({
      id,
      workspace,
      agentDir,
      bindings: 0,
      isDefault,
      routes: isDefault ? ['default (no explicit rules)'] : [],
    })),
  );
  return 0;
}

/** `sessions --json [--all-agents]`: read from the files, each transcript at the path that the index names. */
export function listSessions(isAll: boolean): number {
  const config = readConfig();
  const chosen = isAll ? knownAgents(config) : [defaultAgent(config)];
  const sessions = chosen.flatMap(sessionsOf);
  const stores = chosen.map((agent) => ({ agentId: agent.id, path: agent.sessionsPath }));
  const head = isAll ? { path: null, stores, allAgents: true } : { path: stores[0]?.path };
  json({ ...head, count: sessions.length, activeMinutes: null, sessions });
  return 0;
}

/** `status --json`: exit 0 always. Looking makes a device identity and a memory index where there is none. */
export async function status(): Promise<number> {
  const config = readConfig();
  deviceId();
  openMemory();
  const { ok, error } = await reach(config);
  const all = knownAgents(config);
  const byAgent = all.map((agent) => ({
    agentId: agent.id,
    path: agent.sessionsPath,
    count: sessionsOf(agent).length,
    recent: [],
  }));
  const service = serviceFacts();
  const mode = config.gateway?.mode ?? 'local';
  json({
    heartbeat: { defaultAgentId: defaultAgent(config).id, agents: [] },
    channelSummary: [],
    sessions: {
      paths: byAgent.map((one) => one.path),
      count: byAgent.reduce((sum, one) => sum + one.count, 0),
      byAgent,
    },
    os: { platform: platform(), arch: arch(), release: release(), label: `${platform()} ${release()} (${arch()})` },
    memory: {
      agentId: 'main',
      backend: 'builtin',
      workspaceDir: defaultAgent(config).workspace,
      dbPath: join(stateDir(), 'memory/main.sqlite'),
    },
    gateway: {
      mode,
      url: mode === 'remote' ? config.gateway?.remote?.url : `ws://127.0.0.1:${String(gatewayPort(config).port)}`,
      misconfigured: false,
      reachable: ok,
      self: ok ? { host: 'gateway', version: VERSION, platform: platform() } : null,
      error: error && `connect failed: ${error.split('\n')[0] ?? ''}`,
    },
    gatewayService: {
      label: 'systemd',
      installed: service.command !== null,
      loadedText: service.loaded ? 'enabled' : 'disabled',
      runtimeShort: service.runtime.status,
    },
    agents: {
      defaultId: defaultAgent(config).id,
      agents: all.map((agent, at) => ({
        id: agent.id,
        workspaceDir: agent.workspace,
        sessionsPath: agent.sessionsPath,
        sessionsCount: byAgent[at]?.count ?? 0,
      })),
    },
    securityAudit: { ts: Date.now(), findings: [] },
  });
  return 0;
}

/** `health --json`: 1 and a trace on stderr when the gateway is down. */
export async function health(): Promise<number> {
  const config = readConfig();
  try {
    const { agents: seen } = (await callGateway(config, 'health')) as { agents: { id: string; sessions: number }[] };
    const listed = seen.map(({ id, sessions }) => ({
      agentId: id,
      isDefault: id === defaultAgent(config).id,
      sessions: { count: sessions, recent: [] },
    }));
    json({
      ok: trap('health-lies') === undefined,
      ts: Date.now(),
      durationMs: 0,
      channels: {},
      channelOrder: [],
      defaultAgentId: defaultAgent(config).id,
      agents: listed,
      sessions: { count: listed[0]?.sessions.count ?? 0, recent: [] },
    });
    return 0;
  } catch (error) {
    if (!(error instanceof GatewayClosed)) throw error;
    if (trap('health-lies')) {
      json({ ok: true, ts: Date.now(), agents: [], sessions: { count: 0, recent: [] } });
      return 0;
    }
    process.stderr.write(
      `[${PRODUCT}] Failed to start CLI: Error: ${error.message}\n    at Object.onClose (file:///index.js:444:10)\n`,
    );
    return 1;
  }
}

function account(channel: Channel) {
  const { enabled, running, connected, lastError } = channel;
  return {
    accountId: 'default',
    enabled,
    configured: true,
    linked: true,
    running,
    connected,
    reconnectAttempts: connected ? 0 : 2,
    lastError,
  };
}

/** `channels status --json`: prose and exit 0 when the gateway is down. */
export async function channelsStatus(): Promise<number> {
  const config = readConfig();
  try {
    const all = ((await callGateway(config, 'channels')) as Channel[]).filter((channel) => channel.id !== 'gmail');
    json({
      ts: Date.now(),
      channelOrder: all.map((channel) => channel.id),
      channels: Object.fromEntries(all.map((channel) => [channel.id, account(channel)])),
      channelAccounts: Object.fromEntries(all.map((channel) => [channel.id, [account(channel)]])),
      channelDefaultAccountId: Object.fromEntries(all.map((channel) => [channel.id, 'default'])),
    });
  } catch (error) {
    if (!(error instanceof GatewayClosed)) throw error;
    process.stdout.write(
      `Gateway not reachable; showing config-only status.\nConfig: ${configPath()}\nMode: local\n\n\nTip: channel probes need a reachable gateway.\n`,
    );
    process.stderr.write(`Gateway not reachable: Error: ${error.message}\n`);
  }
  return 0;
}

/** `agent --message`: one message through the running gateway, also when its channels are off. */
export async function message(): Promise<number> {
  json(await callGateway(readConfig(), 'message'));
  return 0;
}
