import { userInfo } from 'node:os';
import type { Ask } from '../../src/core/ask.ts';
import type { Host } from '../../src/core/host.ts';
import type { Transport } from '../../src/core/plan.ts';
import { systemClock } from '../../src/host/clock.ts';
import { dial } from '../../src/host/dial.ts';
import { LocalHost } from '../../src/host/local.ts';

/** How a test dials; what it leaves out is not given, or the usual. */
export interface Dialling {
  readonly transport?: Transport;
  readonly knownHosts?: string | null;
  readonly password?: string | null;
  readonly passphrase?: string | null;
  readonly connectTimeoutMs?: number | null;
  /** Who answers; nobody without it. */
  readonly ask?: Ask;
  /** Of `-o`. */
  readonly options?: readonly string[];
  /** Takes what the dialling tells. */
  readonly told?: string[];
}

/** Dials the machine `old` of an SSH configuration. */
export function dialBy(configFile: string, dialling: Dialling = {}): Promise<Host> {
  const { transport = 'auto', knownHosts = null, password = null, passphrase = null, options = [], told } = dialling;
  const env = { PATH: process.env['PATH'] ?? '', HOME: userInfo().homedir };
  const here = new LocalHost({ label: 'here', env });
  const nothing = { user: null, port: null, identities: [], jump: null, family: null };
  const account = { user: userInfo().username, uid: userInfo().uid, cwd: '/', home: userInfo().homedir, env: {} };
  const patience = { clock: systemClock, reconnectMs: 0, connectTimeoutMs: dialling.connectTimeoutMs ?? null };
  const tell = (message: string): Promise<void> => Promise.resolve(void told?.push(message));
  return dial(
    { query: { host: 'old', configFile, options, ...nothing }, knownHosts, hostKeyPin: null, password, passphrase },
    { here, env, node: process.execPath, account, ask: dialling.ask ?? null, ...patience },
    { transport, tell },
  );
}
