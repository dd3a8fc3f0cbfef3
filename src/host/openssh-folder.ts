import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../core/problem.ts';
import type { LocalHost } from './local.ts';
import { PROGRAM_TEXT } from './openssh-askpass.generated.ts';
import { quoteWord } from './quote.ts';
import { runOk } from './run.ts';
import { makeSocketFolder } from './socket-folder.ts';

/** ssh binds to a name of its own first: a dot and 16 characters behind that of the control socket. */
const USE = { prefix: 'neo-pull-ssh-', socket: 'ask', longest: `line-999.${'0'.repeat(16)}` };

/** The private folder (0700) with the control socket, and with the programs that ssh starts for us. */
export interface OpenSshFolder {
  readonly path: string;
  /** Where we listen for ssh's questions. */
  readonly askSocket: string;
  /** Random; also in the file `token` (0600), so that it is in no argv. */
  readonly token: string;
  /** For SSH_ASKPASS. */
  readonly askProgram: string;
  /** For KnownHostsCommand, with `%I %f %t %K %H`. It vouches for the pinned key and refuses every other. */
  readonly hostKeyProgram: string;
  /** The control socket of one login; each has its own. */
  line(count: number): string;
  /** Where the ssh to the jump host of that number leaves its words. */
  hopLog(hop: number): string;
  /** What it has left there; nothing where it has said nothing. */
  saidAtHop(hop: number): Promise<string>;
  /** From now on only the key with this fingerprint is taken, whatever known_hosts says. */
  pin(fingerprint: string): Promise<void>;
  /** Forgets what was shown, and said at hops. */
  forget(): Promise<void>;
  /** Fingerprint and type of the key that the machine has shown; null when it has not come to that. */
  shown(): Promise<{ fingerprint: string; keyType: string } | null>;
  /** Removes the folder with all in it. Repeatable. */
  remove(): Promise<void>;
}

/**
 * Makes the folder in `runtimeDir` when that will do, else in /tmp; one will do when programs in it can be started, too (`noexec`).
 * Throws `command-not-found` when neither will do.
 */
export async function makeOpenSshFolder(
  local: LocalHost,
  { runtimeDir, node }: { runtimeDir: string | null; node: string },
): Promise<OpenSshFolder> {
  // ssh reads `%`, `$`, `~`, quotes and blanks in the name of a socket or program as something else.
  const parents = [runtimeDir, '/tmp'].filter((each) => each !== null && /^\/[A-Za-z0-9/._-]*$/.test(each));
  for (const parent of parents) {
    const made = await makeSocketFolder([parent], USE);
    if (made === null) continue;
    try {
      const folder = await furnish(made.path, node);
      await runOk(local, [folder.hostKeyProgram, 'ORDER']);
      return folder;
    } catch {
      await rm(made.path, { recursive: true, force: true });
    }
  }
  throw fail('command-not-found', {
    message:
      'ssh cannot be started, for no private folder for it could be made: neither XDG_RUNTIME_DIR nor /tmp will do.',
    hint: 'Run this and look at owner, mode, noexec and free space: ls -ld "$XDG_RUNTIME_DIR" /tmp; findmnt -T /tmp; df -h /tmp',
  });
}

async function furnish(path: string, node: string): Promise<OpenSshFolder> {
  const token = randomBytes(32).toString('hex');
  const [askProgram, hostKeyProgram] = [join(path, 'askpass'), join(path, 'host-key')];
  const hopLog = (hop: number): string => join(path, `hop-${hop}`);
  const carrier = join(path, 'askpass.cjs');
  await writeFile(join(path, 'token'), token, { flag: 'wx', mode: 0o600 });
  await writeFile(carrier, PROGRAM_TEXT, { flag: 'wx', mode: 0o600 });
  const ask = `#!/bin/sh\nexec ${[node, carrier, path].map(quoteWord).join(' ')} "$@"\n`;
  await writeFile(askProgram, ask, { flag: 'wx', mode: 0o700 });
  await writeFile(hostKeyProgram, hostKeyScript(path), { flag: 'wx', mode: 0o700 });
  return {
    path,
    token,
    askProgram,
    hostKeyProgram,
    askSocket: join(path, USE.socket),
    line: (count) => join(path, `line-${count}`),
    pin: (fingerprint) => writeFile(join(path, 'pin'), `${fingerprint}\n`, { mode: 0o600 }),
    hopLog,
    saidAtHop: (hop) => readFile(hopLog(hop), 'latin1').catch(() => ''),
    forget: async () => {
      const names = (await readdir(path)).filter((name) => name === 'shown' || name.startsWith('hop-'));
      await Promise.all(names.map((name) => rm(join(path, name), { force: true })));
    },
    shown: async () => {
      const text = await readFile(join(path, 'shown'), 'latin1').catch(() => '');
      const [fingerprint = '', keyType = ''] = text.trim().split(' ');
      return fingerprint === '' ? null : { fingerprint, keyType };
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/**
 * ssh calls it once to learn which types of key are known (`ORDER`), and once with the key that was shown, a certificate's own key
 * included. What it prints vouches beside the known_hosts files; when it fails, ssh breaks off before it logs in.
 */
function hostKeyScript(path: string): string {
  const file = (name: string): string => quoteWord(join(path, name));
  return [
    '#!/bin/sh',
    '[ "$1" = HOSTNAME ] || exit 0',
    `printf '%s %s\\n' "$2" "$3" >${file('shown')}`,
    `[ -e ${file('pin')} ] || exit 0`,
    `read -r pin <${file('pin')} && [ "$2" = "$pin" ] || exit 1`,
    `printf '%s %s %s\\n' "$5" "$3" "$4"`,
    '',
  ].join('\n');
}
