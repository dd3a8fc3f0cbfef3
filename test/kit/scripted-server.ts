import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type Connection, type ServerChannel, type ServerConfig } from 'ssh2';
import { type KeyPair, type KeyType, makeKey } from './ssh-keys.ts';

/** An SSH server inside the test process that does what real ones never would. Known to `knownHosts`; lets nobody in by itself. */
export interface ScriptedServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly folder: string;
  readonly identity: KeyPair;
  readonly knownHosts: string;
  stop(): Promise<void>;
}

/** Starts it; `script` gets every connection before anything has happened on it. */
export async function startScripted(
  script: (connection: Connection) => void,
  { hostKeyType = 'ed25519', ...config }: Omit<Partial<ServerConfig>, 'hostKeys'> & { hostKeyType?: KeyType } = {},
): Promise<ScriptedServer> {
  const folder = mkdtempSync(join(tmpdir(), 'np-scripted-'));
  const hostKey = makeKey(folder, 'host', { type: hostKeyType });
  const identity = makeKey(folder, 'identity');
  const open = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [readFileSync(hostKey.path)], ...config }, (connection) => {
    open.add(connection);
    connection.on('error', () => undefined).on('close', () => open.delete(connection));
    script(connection);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const knownHosts = join(folder, 'known_hosts');
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${hostKey.publicLine}\n`);
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const connection of open) connection.end();
    await closed;
    rmSync(folder, { recursive: true, force: true });
  };
  return { host: '127.0.0.1', port, user: 'al', folder, identity, knownHosts, stop };
}

/** Lets everybody in, and hands every command to `play`, with the line that the bootstrap would print before it begins. */
export function letIn(
  connection: Connection,
  play: (channel: ServerChannel, opening: string) => void = () => undefined,
): void {
  connection
    .on('authentication', (context) => context.accept())
    .on('session', (acceptSession) => {
      acceptSession().on('exec', (acceptCommand, _reject, { command }) => {
        play(acceptCommand(), `${nonceOf(command)} 4711\n`);
      });
    });
}

/** The nonce that a command line is to say before it begins. */
export function nonceOf(command: string): string {
  const script = command.replaceAll(/\\0([0-7]{3})/g, (_match, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  );
  const [, first = '', second = ''] = /'([0-9a-f]{16})' '([0-9a-f]{16})'/.exec(script) ?? [];
  return first + second;
}
