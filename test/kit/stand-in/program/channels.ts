import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { env } from './names.ts';
import { expand, stateDir } from './paths.ts';
import { settings, trap } from './settings.ts';

export interface Channel {
  readonly id: 'telegram' | 'whatsapp' | 'gmail';
  /** Who this channel speaks as: two gateways may never speak as the same. */
  readonly identity: string;
  readonly enabled: boolean;
  connected: boolean;
  running: boolean;
  lastError: string | null;
}

function whatsapp(config: Config): Channel[] {
  const creds = join(stateDir(), 'credentials/whatsapp/default/creds.json');
  if (!existsSync(creds)) return [];
  const { me } = JSON.parse(readFileSync(creds, 'utf8')) as { me: { id: string } };
  // The mere presence of credentials switches the channel on.
  return [off('whatsapp', me.id, config.channels?.whatsapp?.enabled !== false)];
}

function telegram(config: Config): Channel[] {
  const { botToken, tokenFile, enabled } = config.channels?.telegram ?? {};
  const path = tokenFile ? expand(tokenFile) : null;
  if (!botToken && path && !existsSync(path)) {
    return [{ ...off('telegram', '', false), lastError: `token file not found: ${path}` }];
  }
  const token = botToken ?? (path ? readFileSync(path, 'utf8').trim() : undefined);
  return token ? [off('telegram', token, enabled !== false)] : [];
}

function gmail(config: Config): Channel[] {
  const account = config.hooks?.gmail?.account;
  return account ? [off('gmail', account, !env('SKIP_GMAIL_WATCHER'))] : [];
}

function off(id: Channel['id'], identity: string, enabled: boolean): Channel {
  return { id, identity, enabled, connected: false, running: false, lastError: null };
}

/** The channels that the state dir is configured for, none of them speaking yet. */
export function configuredChannels(config: Config): Channel[] {
  return [...telegram(config), ...whatsapp(config), ...gmail(config)];
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

/** Makes something in the hub that every account may use: the gateways of two machines need not be of the same one. */
function openly(make: () => void): void {
  const was = process.umask(0);
  try {
    make();
  } finally {
    process.umask(was);
  }
}

/** Notes what happened in the hub, for those who look from outside. */
function note(hub: string, file: string, what: object): void {
  const line = `${JSON.stringify({ at: Date.now(), stateDir: stateDir(), pid: process.pid, ...what })}\n`;
  openly(() => {
    appendFileSync(join(hub, file), line);
  });
}

/**
 * Begins to speak as `channel.identity`. A claim is a listening socket in the hub: it ends with its process, however that ends,
 * and is seen from every namespace. Whoever comes second finds the first and leaves a VIOLATION.
 */
async function speak(hub: string, channel: Channel): Promise<Server> {
  const key = createHash('sha256').update(`${channel.id} ${channel.identity}`).digest('hex').slice(0, 12);
  const folder = join(hub, key);
  openly(() => {
    mkdirSync(folder, { recursive: true });
  });
  const mine = `${randomBytes(4).toString('hex')}.s`;
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ path: join(folder, mine), readableAll: true, writableAll: true }, resolve);
  });
  for (const other of readdirSync(folder).filter((name) => name !== mine)) {
    if (await answers(join(folder, other))) note(hub, 'VIOLATION', { channel: channel.id, identity: key, other });
    else rmSync(join(folder, other), { force: true });
  }
  note(hub, 'spoken.ndjson', { channel: channel.id, identity: key, what: 'connected' });
  return server;
}

async function connectChannel(channel: Channel): Promise<Server | null> {
  channel.running = true;
  const { hub } = settings();
  if (!hub || trap('channels-do-not-connect')) {
    channel.lastError = hub ? 'status 408: Request Time-out' : 'getaddrinfo EAI_AGAIN';
    return null;
  }
  const server = await speak(hub, channel);
  channel.connected = true;
  return server;
}

/** Connects every channel that is not switched off by the environment; the result ends them all. */
export async function connectChannels(channels: readonly Channel[]): Promise<() => void> {
  const isQuiet = Boolean(env('SKIP_CHANNELS'));
  const wanted = channels.filter((channel) => channel.enabled && (channel.id === 'gmail' || !isQuiet));
  const servers = await Promise.all(wanted.map(connectChannel));
  return () => {
    for (const server of servers) server?.close();
  };
}

/** Sends one queued message, as far as the hub is concerned. */
export function send(what: object): void {
  const { hub } = settings();
  if (hub) note(hub, 'sent.ndjson', what);
}
