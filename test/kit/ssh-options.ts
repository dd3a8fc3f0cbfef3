import { systemClock } from '../../src/host/clock.ts';
import type { SshOptions } from '../../src/host/ssh-options.ts';
import type { Sshd } from './sshd.ts';

/** How a test connects to its server unless it says otherwise: by the key that is let in, with a known_hosts file that knows it. */
export function sshOptions(
  server: Pick<Sshd, 'user' | 'host' | 'port' | 'identity' | 'knownHosts'>,
  other: Partial<SshOptions> = {},
): SshOptions {
  return {
    user: server.user,
    host: server.host,
    port: server.port,
    identities: [server.identity.path],
    agent: null,
    knownHosts: [server.knownHosts],
    hostKeyPin: null,
    ask: null,
    password: null,
    passphrase: null,
    clock: systemClock,
    reconnectMs: 5000,
    ...other,
  };
}
