import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gatewayToken } from './client.ts';
import { catchUp } from './catch-up.ts';
import { configuredChannels, connectChannels } from './channels.ts';
import type { Channel } from './channels.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import { lockHolder, releaseLock, startTime, takeLock } from './lock.ts';
import { openMemory } from './memory.ts';
import type { Memory } from './memory.ts';
import { compareVersions, ENTRY, env, envName, PRODUCT, VERSION } from './names.ts';
import { agents, defaultAgent, gatewayPort, stateDir } from './paths.ts';
import { serve } from './server.ts';
import type { Methods } from './server.ts';
import { appendMessage, readSessions } from './sessions.ts';
import { settings, trap } from './settings.ts';
import { heedSignals } from './stopping.ts';
import type { Stopping } from './stopping.ts';

const BEAT_MS = 100;

/** Adds this process to the list by which a test finds and ends everything of an installation. */
function register(role: string): void {
  const { pids } = settings();
  if (!pids) return;
  const line = { pid: process.pid, startTime: startTime(process.pid), role, stateDir: stateDir() };
  appendFileSync(pids, `${JSON.stringify(line)}\n`);
}

function log(line: string): void {
  process.stdout.write(`${new Date().toISOString()} [gateway] ${line}\n`);
  mkdirSync(join(stateDir(), 'logs'), { recursive: true, mode: 0o700 });
  appendFileSync(join(stateDir(), 'logs/gateway.log'), `${new Date().toISOString()} ${line}\n`);
}

function refuse(why: string): never {
  process.stderr.write(`Gateway failed to start: ${why}\n`);
  process.exit(1);
}

/**
 * `gateway` in a terminal: a parent under the product's name, and the gateway itself as its child. A service has no parent.
 * A signal to either ends both.
 */
export async function foreground(argv: readonly string[], port: number | undefined): Promise<void> {
  if (env('SERVICE_MARKER') || env('NO_RESPAWN')) {
    await runGateway(port);
    return;
  }
  register('parent');
  process.title = PRODUCT;
  const child = spawn(process.execPath, [ENTRY, ...argv], {
    stdio: 'inherit',
    env: { ...process.env, [envName('NO_RESPAWN')]: '1' },
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}

/** A tool that the gateway started and that nobody stops: it goes on writing where the state is. */
export function runTool(): void {
  register('tool');
  process.title = `${PRODUCT}-tool`;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const file = join(stateDir(), 'agents/main/sessions/tool-output.jsonl');
  setInterval(() => {
    if (existsSync(stateDir())) appendFileSync(file, `${JSON.stringify({ at: Date.now() })}\n`);
  }, BEAT_MS / 2);
}

function startTool(): void {
  spawn(process.execPath, [ENTRY, '__tool'], { stdio: 'ignore', detached: true }).unref();
}

function acknowledge(what: object): void {
  const { ack } = settings();
  if (ack) appendFileSync(ack, `${JSON.stringify(what)}\n`);
}

/** One beat of a gateway's life: a row in the memory index, and, when it speaks, a message in the main session. */
function beat(config: Config, memory: Memory): void {
  lockSession(trap('turn-runs') === true);
  const row = memory.addRow();
  acknowledge({ row });
  if (env('SKIP_CHANNELS')) return;
  try {
    const file = appendMessage(defaultAgent(config), { id: row, role: 'user', text: `message ${String(row)}` });
    acknowledge({ line: row, file });
  } catch (error) {
    log(`message ${String(row)} was not answered: ${(error as Error).message}`);
  }
}

/** A session is locked for as long as an agent writes to it. */
function lockSession(isLocked: boolean): void {
  const lock = join(stateDir(), 'agents/main/sessions/main.jsonl.lock');
  mkdirSync(dirname(lock), { recursive: true });
  if (isLocked) writeFileSync(lock, String(process.pid));
  else rmSync(lock, { force: true });
}

function methods(config: Config, channels: readonly Channel[]): Methods {
  const listed = trap('sessions-lost') ? [] : agents(config);
  const isQuiet = Boolean(env('SKIP_CHANNELS'));
  return {
    health: () => ({
      channels: channels.map(({ id, running, connected }) => ({ id, running, connected })),
      agents: listed.map((agent) => ({ id: agent.id, sessions: Object.keys(readSessions(agent)).length })),
    }),
    channels: () => channels.map((channel) => ({ ...channel, identity: '' })),
    message: () => ({
      file: appendMessage(defaultAgent(config), { id: Date.now(), role: 'user', text: 'asked', isQuiet }),
    }),
  };
}

/** Releases from the middle of 2026 on do not start on what a newer one has written; earlier ones warn. */
function refuseNewerState({ meta }: Config): void {
  const touched = meta?.lastTouchedVersion;
  if (touched === undefined || compareVersions(touched, VERSION) <= 0) return;
  const why = `the config was last written by version ${touched}, which is newer than ${VERSION}`;
  if (compareVersions(VERSION, '2026.6.0') < 0) log(`warning: ${why}`);
  else if (!env('ALLOW_OLDER_BINARY_DESTRUCTIVE_ACTIONS')) refuse(why);
}

async function runGateway(flag: number | undefined): Promise<void> {
  process.title = `${PRODUCT}-gateway`;
  register('gateway');
  const config = readConfig();
  const mode = config.gateway?.mode;
  if (mode !== 'local')
    refuse(`start blocked: set gateway.mode=local (current: ${mode ?? 'unset'}) or pass --allow-unconfigured.`);
  refuseNewerState(config);
  const stopping = heedSignals();
  if (!takeLock()) refuse(`gateway already running (pid ${String(lockHolder())}); lock timeout`);
  const slow = trap('slow-start');
  if (typeof slow === 'number') await new Promise((resolve) => setTimeout(resolve, slow));
  if (trap('start-crashes')) {
    releaseLock();
    refuse('Error: Cannot find module of a plugin');
  }
  if (trap('start-never-ready')) {
    setInterval(() => undefined, BEAT_MS * 10);
    stopping.end(releaseLock);
    return;
  }
  await live(config, { port: gatewayPort(config, flag).port, stopping });
}

const COMPLAINTS = [
  '[whatsapp] web connection closed (status 440): conflict: replaced',
  '[whatsapp] web connection closed (status 440): conflict: replaced',
  '[telegram] Call to getUpdates failed! (409: Conflict: terminated by other getUpdates request) /bot110:canary-of-a-log/getUpdates',
  '[openai] request failed: 401 Unauthorized',
  '[whatsapp] Scan this QR in WhatsApp (Linked Devices):',
  '[gateway] 401 sessions in 440 ms on port 18409',
];

function misbehave(): void {
  if (trap('channels-complain')) for (const line of COMPLAINTS) log(line);
  if (!trap('crashes-later')) return;
  setTimeout(() => {
    releaseLock();
    refuse('Error: an extension threw');
  }, 500);
}

async function live(config: Config, run: { port: number; stopping: Stopping }): Promise<void> {
  const channels = configuredChannels(config);
  try {
    await serve(run.port, { token: gatewayToken(config), methods: methods(config, channels) });
  } catch (error) {
    releaseLock();
    refuse(`port ${String(run.port)}: ${(error as Error).message}`);
  }
  const memory = openMemory();
  const silence = await connectChannels(channels);
  catchUp();
  if (!env('SKIP_CHANNELS')) misbehave();
  const timer = setInterval(() => {
    beat(config, memory);
  }, BEAT_MS);
  if (trap('child-survives')) startTool();
  log(`listening on ws://127.0.0.1:${String(run.port)} (pid ${String(process.pid)})`);
  run.stopping.end(() => {
    clearInterval(timer);
    silence();
    lockSession(false);
    log('stopped');
    releaseLock();
  });
}
