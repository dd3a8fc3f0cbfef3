import { z } from 'zod';
import type { ChannelState } from '../core/inventory.ts';
import { printable } from '../host/printable.ts';

// Shapes are tolerant: unknown fields are dropped, a field of the wrong type counts as absent. What a machine prints is data, and a
// release that says a little more or less must not stop a move; what is asked of an answer is checked where it is used.
const text = z.string().nullish().catch(null);
const flag = z.boolean().nullish().catch(null);
const count = z.number().int().nonnegative().nullish().catch(null);
const pid = z.number().int().positive().nullish().catch(null);

/** `2026.2.26` from either format of `--version` (`2026.2.26`, `SmartAgentNeo 2026.3.13 (61d171a)`), or null. */
export function readVersion(output: string): string | null {
  return /(?<![\w.])\d{4}\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?/.exec(output)?.[0] ?? null;
}

/** What a service verb (`gateway stop|start|restart|install|uninstall`) answered. It is a claim, never a proof. */
export interface ServiceAnswer {
  readonly ok: boolean;
  /** `stopped`, `started`, `installed`, `already-installed`, `not-loaded`, ...; null with an error. */
  readonly result: string | null;
  /** The reason it gave, printable. */
  readonly message: string | null;
  /** Does the product think that there is an enabled service? */
  readonly loaded: boolean | null;
  readonly warnings: readonly string[];
}

const serviceAnswer = z.object({
  ok: z.boolean(),
  result: text,
  message: text,
  error: z
    .union([z.string(), z.object({ message: z.string() }).transform((error) => error.message)])
    .nullish()
    .catch(null),
  service: z.object({ loaded: flag }).nullish().catch(null),
  warnings: z.array(z.string().catch('')).catch([]).default([]),
});

/** Reads the answer of a service verb, with either shape of error; null when it is none. */
export function readServiceAnswer(answer: unknown): ServiceAnswer | null {
  const parsed = serviceAnswer.safeParse(answer);
  if (!parsed.success) return null;
  const { ok, result, message, error, service, warnings } = parsed.data;
  const said = error ?? message ?? null;
  return {
    ok,
    result: result ?? null,
    message: said === null ? null : printable(said),
    loaded: service?.loaded ?? null,
    warnings: warnings.filter((warning) => warning !== '').map((warning) => printable(warning)),
  };
}

/** What `gateway status --json` says: the best single look that the product offers at itself. */
export interface GatewayStatus {
  readonly service: {
    readonly loaded: boolean | null;
    readonly status: string | null;
    readonly pid: number | null;
    /** How the service starts the gateway; null without a service. */
    readonly programArguments: readonly string[] | null;
    /** Holds secrets: never printed, never stored. */
    readonly environment: Readonly<Record<string, string>>;
    readonly sourcePath: string | null;
  };
  /** The config that the CLI reads, and the one that the service would. */
  readonly configPath: string | null;
  readonly serviceConfigPath: string | null;
  readonly port: number | null;
  /** `free`, `busy`, or what else it says. */
  readonly portStatus: string | null;
  readonly listenerPids: readonly number[];
  /** Did the gateway answer a call? Null when it was not asked (`--no-probe`). */
  readonly answered: boolean | null;
}

const gatewayStatus = z.object({
  service: z.object({
    loaded: flag,
    command: z
      .object({
        programArguments: z.array(z.string()),
        environment: z.record(z.string(), z.string()).catch({}).default({}),
        sourcePath: text,
      })
      .nullish()
      .catch(null),
    runtime: z.object({ status: text, pid }).nullish().catch(null),
  }),
  config: z
    .object({
      cli: z.object({ path: text }).nullish().catch(null),
      daemon: z.object({ path: text }).nullish().catch(null),
    })
    .nullish()
    .catch(null),
  gateway: z.object({ port: count }).nullish().catch(null),
  port: z
    .object({ status: text, listeners: z.array(z.object({ pid })).catch([]).default([]) })
    .nullish()
    .catch(null),
  rpc: z.object({ ok: flag }).nullish().catch(null),
});

/** Reads the answer of `gateway status --json`; null when it is none. */
export function readGatewayStatus(answer: unknown): GatewayStatus | null {
  const parsed = gatewayStatus.safeParse(answer);
  if (!parsed.success) return null;
  const { service, config, gateway, port, rpc } = parsed.data;
  return {
    service: {
      loaded: service.loaded ?? null,
      status: service.runtime?.status ?? null,
      pid: service.runtime?.pid ?? null,
      programArguments: service.command?.programArguments ?? null,
      environment: service.command?.environment ?? {},
      sourcePath: service.command?.sourcePath ?? null,
    },
    configPath: config?.cli?.path ?? null,
    serviceConfigPath: config?.daemon?.path ?? null,
    port: gateway?.port ?? null,
    portStatus: port?.status ?? null,
    listenerPids: (port?.listeners ?? []).flatMap((listener) => listener.pid ?? []),
    answered: rpc?.ok ?? null,
  };
}

const channelAccount = z.object({ accountId: text, running: flag, connected: flag });
const channels = z.object({
  channelAccounts: z.record(z.string(), z.array(channelAccount.nullable().catch(null)).catch([])),
});

/**
 * Reads the answer of `channels status --json`; null when it is none, as when the gateway is down. `linked` is left out on purpose: it
 * only says that files exist.
 */
export function readChannels(answer: unknown): readonly ChannelState[] | null {
  const parsed = channels.safeParse(answer);
  if (!parsed.success) return null;
  return Object.entries(parsed.data.channelAccounts).flatMap(([channel, accounts]) =>
    accounts.flatMap((account) =>
      account === null
        ? []
        : {
            channel: printable(channel),
            account: printable(account.accountId ?? 'default'),
            running: account.running ?? false,
            connected: account.connected ?? null,
          },
    ),
  );
}

/** One conversation, as the index on disk names it. */
export interface SessionLine {
  readonly key: string;
  readonly sessionId: string | null;
  readonly agentId: string | null;
}

/** What `sessions --json` lists. */
export interface SessionList {
  readonly count: number;
  readonly sessions: readonly SessionLine[];
}

const sessions = z.object({
  count,
  sessions: z.array(z.object({ key: z.string(), sessionId: text, agentId: text }).nullable().catch(null)),
});

/** Reads the answer of `sessions --json`; null when it is none. */
export function readSessions(answer: unknown): SessionList | null {
  const parsed = sessions.safeParse(answer);
  if (!parsed.success) return null;
  const lines = parsed.data.sessions.flatMap((line) =>
    line === null ? [] : { key: line.key, sessionId: line.sessionId ?? null, agentId: line.agentId ?? null },
  );
  return { count: parsed.data.count ?? lines.length, sessions: lines };
}

/** One agent as `agents list --json` names it; its paths show whether the move's rewriting took. */
export interface AgentLine {
  readonly id: string;
  readonly workspace: string | null;
  readonly agentDir: string | null;
  readonly isDefault: boolean;
}

const agents = z.array(
  z.object({ id: z.string(), workspace: text, agentDir: text, isDefault: flag }).nullable().catch(null),
);

/** Reads the answer of `agents list --json`; null when it is none. */
export function readAgents(answer: unknown): readonly AgentLine[] | null {
  const parsed = agents.safeParse(answer);
  if (!parsed.success) return null;
  return parsed.data.flatMap((agent) =>
    agent === null
      ? []
      : {
          id: agent.id,
          workspace: agent.workspace ?? null,
          agentDir: agent.agentDir ?? null,
          isDefault: agent.isDefault ?? false,
        },
  );
}

/** What `health --json` says; only a gateway that serves can say it. */
export interface Health {
  readonly ok: boolean;
  readonly agentIds: readonly string[];
  readonly sessionCount: number | null;
}

const health = z.object({
  ok: z.boolean(),
  agents: z
    .array(z.object({ agentId: text }).nullable().catch(null))
    .catch([])
    .default([]),
  sessions: z.object({ count }).nullish().catch(null),
});

/** Reads the answer of `health --json`; null when it is none, as when the gateway is down. */
export function readHealth(answer: unknown): Health | null {
  const parsed = health.safeParse(answer);
  if (!parsed.success) return null;
  const agentIds = parsed.data.agents.flatMap((agent) => agent?.agentId ?? []);
  return { ok: parsed.data.ok, agentIds, sessionCount: parsed.data.sessions?.count ?? null };
}
