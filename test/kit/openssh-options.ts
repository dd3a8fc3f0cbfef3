import { tmpdir } from 'node:os';
import { systemClock } from '../../src/host/clock.ts';
import type { OpenSshOptions } from '../../src/host/openssh.ts';
import type { Sshd } from './sshd.ts';

/** The words behind `ssh` that reach a test's server, and nothing of the account that runs the test. */
export function sshWords(
  { port, user, knownHosts }: Pick<Sshd, 'port' | 'user' | 'knownHosts'>,
  ...more: readonly string[]
): string[] {
  const set = [`UserKnownHostsFile=${knownHosts}`, 'GlobalKnownHostsFile=none', 'IdentitiesOnly=yes'];
  return ['-F', 'none', ...more, ...set.flatMap((each) => ['-o', each]), '-p', String(port), '-l', user];
}

/** How a test connects to its server by ssh unless it says otherwise: by the key that is let in, with a known_hosts file that knows it. */
export function openSshOptions(
  server: Pick<Sshd, 'user' | 'host' | 'port' | 'identity' | 'knownHosts'>,
  other: Partial<OpenSshOptions> = {},
): OpenSshOptions {
  return {
    args: sshWords(server, '-i', server.identity.path),
    destination: server.host,
    place: { host: server.host, port: server.port },
    user: server.user,
    env: { HOME: tmpdir(), PATH: process.env['PATH'] ?? '' },
    node: process.execPath,
    password: null,
    passphrase: null,
    hostKeyPin: null,
    ask: null,
    clock: systemClock,
    reconnectMs: 5000,
    ...other,
  };
}
