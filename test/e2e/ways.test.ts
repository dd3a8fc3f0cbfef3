import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { IMPATIENT, leadingTo, neoPull, type Ended } from '../kit/neo-pull.ts';
import { makeKey } from '../kit/ssh-keys.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { type Sshd, type SshdOptions, startSshd } from '../kit/sshd.ts';

let lab: TempLab | null = null;
const servers: Sshd[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  await lab?.destroy();
  lab = null;
});

async function makeOld(options: SshdOptions = {}): Promise<{ lab: TempLab; sshd: Sshd }> {
  lab = await makeTempLab({ runsAs: 'service' });
  const sshd = await startSshd({ env: lab.old.env, ...options });
  servers.push(sshd);
  return { lab, sshd };
}

const perform = (made: TempLab, argv: readonly string[]): Promise<Ended> =>
  neoPull([...argv, '--json'], { env: made.new.env });
const notices = ({ events }: Ended): string[] =>
  events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
const end = ({ events }: Ended): unknown => events.at(-1);

describe('a whole move', () => {
  it('goes by an alias of ssh_config through a jump host, and a later cutover finds the way again', async () => {
    const made = await makeOld();
    const jump = await startSshd();
    servers.push(jump);
    const known = join(made.lab.path, 'known');
    writeFileSync(known, readFileSync(made.sshd.knownHosts, 'utf8') + readFileSync(jump.knownHosts, 'utf8'));
    const block = (name: string, { port, identity }: Sshd): string =>
      `Host ${name}\n  HostName 127.0.0.1\n  Port ${String(port)}\n  IdentityFile ${identity.path}\n`;
    const config = join(made.lab.path, 'ssh_config');
    const all = `Host *\n  UserKnownHostsFile ${known}\n  User ${made.sshd.user}\n`;
    writeFileSync(config, `${block('old', made.sshd)}  ProxyJump jump\n${block('jump', jump)}${all}`);
    const synced = await perform(made.lab, ['sync', 'old', '-F', config, ...IMPATIENT]);
    expect(end(synced)).toMatchObject({ outcome: 'staged', exitCode: 0 });
    expect(jump.log()).toContain('Accepted publickey');
    const before = jump.log().length;
    const moved = await perform(made.lab, ['cutover', '--yes']);
    expect(end(moved)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(jump.log().slice(before)).toContain('Accepted publickey');
  });

  it('works where the server lets one command run at a time (F24)', async () => {
    const made = await makeOld({ config: ['MaxSessions 1'] });
    const moved = await perform(made.lab, [
      'pull',
      `${made.sshd.user}@127.0.0.1`,
      '--yes',
      ...leadingTo(made),
      ...IMPATIENT,
    ]);
    expect(end(moved)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0, problem: null });
  });

  it('goes by OpenSSH where that is asked for', async () => {
    const made = await makeOld();
    const way = [...leadingTo(made), ...IMPATIENT];
    const moved = await perform(made.lab, [
      'pull',
      `${made.sshd.user}@127.0.0.1`,
      '--yes',
      '--transport',
      'openssh',
      ...way,
    ]);
    expect(end(moved)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
  });

  it('falls to OpenSSH with a server that knows post-quantum key exchange only, and says why once', async () => {
    const made = await makeOld({ config: ['KexAlgorithms sntrup761x25519-sha512@openssh.com'] });
    const way = [...leadingTo(made), ...IMPATIENT];
    const synced = await perform(made.lab, ['sync', `${made.sshd.user}@127.0.0.1`, ...way]);
    expect(end(synced)).toMatchObject({ outcome: 'staged', exitCode: 0 });
    const told = notices(synced).filter((notice) => notice.includes('OpenSSH'));
    expect(told).toEqual(['OpenSSH is tried, for the machine wants algorithms that ssh2 does not have.']);
  });
});

describe('a passphrase and a password', () => {
  it.each(['ssh2', 'openssh'])(
    'by %s are in no argument, environment, output, journal, log or report',
    async (transport) => {
      const made = await makeOld();
      const [passphrase, password] = ['canary-passphrase-4711', 'canary-password-4711'];
      const key = makeKey(made.sshd.folder, 'locked', { passphrase });
      made.sshd.authorize(key.publicLine);
      const secret = (name: string, value: string): string => {
        writeFileSync(join(made.lab.path, name), `${value}\n`, { mode: 0o600 });
        return join(made.lab.path, name);
      };
      const files = [
        '--passphrase-file',
        secret('passphrase', passphrase),
        '--password-file',
        secret('password', password),
      ];
      const way = ['-i', key.path, '--known-hosts', made.sshd.knownHosts, '-p', String(made.sshd.port)];
      const seen = new Set<string>();
      const argv = [
        'sync',
        `${made.sshd.user}@127.0.0.1`,
        '-vv',
        '--json',
        '--transport',
        transport,
        ...files,
        ...way,
        ...IMPATIENT,
      ];
      const synced = await neoPull(argv, { env: made.lab.new.env, onOutput: () => canariesInProcesses(seen) });
      expect(end(synced)).toMatchObject({ outcome: 'staged', exitCode: 0 });
      expect([...seen]).toEqual([]);
      const runs = join(made.lab.new.home, '.local/state/neo-pull/runs');
      const kept = readdirSync(runs, { recursive: true, encoding: 'utf8', withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
      expect(kept.length).toBeGreaterThan(2);
      for (const text of [synced.stdout, synced.stderr, ...kept]) expect(text).not.toContain('canary-pass');
    },
  );
});

/** Looks into every process that this account may look into; `seen` gets where a secret was. */
function canariesInProcesses(seen: Set<string>): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const file of ['cmdline', 'environ']) {
      try {
        const text = readFileSync(`/proc/${pid}/${file}`, 'latin1');
        if (/canary-pass(?:word|phrase)-4711/.test(text)) seen.add(`${file} of ${text.slice(0, 80)}`);
      } catch {
        // It has ended, or is somebody else's.
      }
    }
  }
}

describe('--transport ssh2', () => {
  it('refuses what only OpenSSH can do, and says what', async () => {
    const made = await makeOld();
    const way = [...leadingTo(made), ...IMPATIENT, '-o', 'ProxyCommand=nc %h %p | tee log'];
    const refused = await perform(made.lab, ['plan', `${made.sshd.user}@127.0.0.1`, '--transport', 'ssh2', ...way]);
    expect(end(refused)).toMatchObject({ exitCode: 4, problem: { code: 'transport-unfit' } });
  });
});
