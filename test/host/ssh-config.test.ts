import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { systemClock } from '../../src/host/clock.ts';
import { findRoute } from '../../src/host/dial.ts';
import { LocalHost } from '../../src/host/local.ts';
import { runOk } from '../../src/host/run.ts';
import { SshHost } from '../../src/host/ssh.ts';
import {
  parseSettings,
  readSshSettings,
  settingsOf,
  type SshAccount,
  type SshQuery,
  type SshSettings,
  sshWords,
} from '../../src/host/ssh-config.ts';
import { settingsFromFiles } from '../../src/host/ssh-config-files.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { isAlive, startTimeOf } from '../kit/processes.ts';
import { type Agent, startAgent } from '../kit/ssh-agent.ts';
import { type KeyPair, makeKey } from '../kit/ssh-keys.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';
import { waitFor } from '../kit/wait.ts';
import { canMakeUsers, makeUser, type ThrowawayUser } from '../kit/throwaway-user.ts';

const SLOW = process.env['SLOW'] === '1';

let folder: string;
let near: Sshd;
let far: Sshd;
let key: KeyPair;
let agent: Agent;
let other: ThrowawayUser | null = null;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'np-config-'));
  [near, far] = await Promise.all([
    startSshd({ config: ['ListenAddress ::1'] }),
    startSshd({ hostKeys: ['rsa', 'ed25519', 'ecdsa'], config: ['ListenAddress ::1'] }),
  ]);
  key = makeKey(folder, 'key');
  for (const server of [near, far]) server.authorize(key.publicLine);
  agent = await startAgent();
  agent.add(key.path, makeKey(folder, 'stranger').path);
  if (canMakeUsers) other = makeUser();
  writeFileSync(join(folder, 'known'), readFileSync(near.knownHosts, 'utf8') + readFileSync(far.knownHosts, 'utf8'));
  const known = readFileSync(join(folder, 'known'), 'utf8');
  writeFileSync(join(folder, 'six'), known + known.replaceAll('[127.0.0.1]:', '[::1]:'));
  writeFileSync(join(folder, 'hashed'), readFileSync(join(folder, 'known')));
  execFileSync('ssh-keygen', ['-q', '-H', '-f', join(folder, 'hashed')], { stdio: 'ignore' });
  const aliased = far.hostKeys.map(({ publicLine }) => `the-old-one ${publicLine}\n`).join('');
  writeFileSync(join(folder, 'aliased'), aliased);
});
afterAll(async () => {
  await Promise.all([near.stop(), far.stop(), agent.stop()]);
  other?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** One fixture: a config and what is typed; `viaFiles: false` where only ssh itself can evaluate it. */
interface Fixture {
  readonly config: () => string;
  readonly typed?: () => Partial<SshQuery>;
  readonly viaFiles?: false;
}

const user = (): string => other?.name ?? userInfo().username;
const base = (known = 'known'): string => `  IdentityFile ${key.path}\n  UserKnownHostsFile ${join(folder, known)}\n`;
const at = (server: Sshd): string => `  HostName 127.0.0.1\n  Port ${String(server.port)}\n`;
const at6 = (server: Sshd): string => at(server).replace('127.0.0.1', '::1');
const write = (name: string, text: string): string => {
  mkdirSync(join(folder, 'parts'), { recursive: true });
  writeFileSync(join(folder, 'parts', name), text);
  return join(folder, 'parts', name);
};
/** Carries bytes to a port, as nc does, which is not everywhere. */
const PIPE = `const s=require('net').connect(process.argv[2],process.argv[1]);process.stdin.pipe(s).pipe(process.stdout)`;

const FIXTURES: Readonly<Record<string, Fixture>> = {
  'an alias with HostName, Port and IdentityFile': { config: () => `Host old\n${at(far)}${base()}` },
  'a User': { config: () => `Host old\n  User ${user()}\n${at(far)}${base()}` },
  'a user that is typed, over the User of the file': {
    config: () => `Host old\n  User nobody-of-that-name\n${at(far)}${base()}`,
    typed: () => ({ user: user() }),
  },
  'a port that is typed, over the Port of the file': {
    config: () => `Host old\n${at(near)}${base()}`,
    typed: () => ({ port: far.port }),
  },
  'patterns, and what is negated': {
    config: () => `Host o* !old\n${at(near)}Host o?d\n${at(far)}Host *\n${base()}`,
  },
  'the first of two values': { config: () => `Host old\n${at(far)}Host *\n${at(near)}${base()}` },
  'an Include': { config: () => `Include ${write('one.conf', `Host old\n${at(far)}`)}\nHost *\n${base()}` },
  'an Include of several files': {
    config: () => {
      write('10-a.glob', `Host old\n${at(far)}`);
      write('20-b.glob', `Host old\n${at(near)}`);
      return `Include ${join(folder, 'parts')}/*.glob\nHost *\n${base()}`;
    },
  },
  'a Match by host and user': {
    config: () => `Match originalhost old user ${user()}\n${at(far)}Host old\n${at(near)}Host *\n${base()}`,
    typed: () => ({ user: user() }),
    viaFiles: false,
  },
  'a Match by a command': {
    config: () => `Match originalhost old exec "test 1 = 1"\n${at(far)}Host old\n${at(near)}Host *\n${base()}`,
    viaFiles: false,
  },
  'tokens in HostName': {
    config: () => `Host 1\n  HostName 127.0.0.%h\n  Port ${String(far.port)}\n${base()}`,
    typed: () => ({ host: '1' }),
    viaFiles: false,
  },
  'the second of two keys': {
    config: () => `Host old\n${at(far)}  IdentityFile ${join(folder, 'stranger')}\n${base()}`,
  },
  IdentityAgent: {
    config: () =>
      `Host old\n${at(far)}  IdentityAgent ${agent.socket}\n  UserKnownHostsFile ${join(folder, 'known')}\n`,
  },
  'IdentitiesOnly, with an agent full of others': {
    config: () => `Host old\n${at(far)}  IdentitiesOnly yes\n  IdentityAgent ${agent.socket}\n${base()}`,
  },
  HostKeyAlias: { config: () => `Host old\n${at(far)}  HostKeyAlias the-old-one\n${base('aliased')}` },
  'hashed known_hosts': { config: () => `Host old\n${at(far)}${base('hashed')}` },
  'two known_hosts files': {
    config: () =>
      `Host old\n${at(far)}  IdentityFile ${key.path}\n  UserKnownHostsFile ${join(folder, 'none')} ${join(folder, 'known')}\n`,
  },
  GlobalKnownHostsFile: {
    config: () =>
      `Host old\n${at(far)}  IdentityFile ${key.path}\n  UserKnownHostsFile ${join(folder, 'none')}\n  GlobalKnownHostsFile ${join(folder, 'known')}\n`,
  },
  'AddressFamily, by name': {
    config: () =>
      `Host old\n  AddressFamily inet\n${at(far).replace('127.0.0.1', 'localhost')}  HostKeyAlias the-old-one\n${base('aliased')}`,
  },
  ProxyJump: {
    config: () => `Host old\n${at(far)}  ProxyJump near\nHost near\n${at(near)}Host *\n${base()}`,
  },
  'ProxyJump with two hops': {
    config: () =>
      `Host old\n${at(far)}  ProxyJump near,second\nHost near\n${at(near)}Host second\n${at(near)}Host *\n${base()}`,
  },
  'a jump host that is typed': {
    config: () => `Host old\n${at(far)}Host *\n${base()}`,
    typed: () => ({ jump: `127.0.0.1:${String(near.port)}` }),
  },
  ProxyCommand: {
    config: () => `Host old\n${at(far)}  ProxyCommand ${process.execPath} -e "${PIPE}" %h %p\n${base()}`,
  },
  'ProxyJump none over a wildcard': {
    config: () => `Host old\n${at(far)}  ProxyJump none\nHost *\n  ProxyJump nowhere.invalid\n${base()}`,
  },
  'ProxyCommand none over a wildcard': {
    config: () => `Host old\n${at(far)}  ProxyCommand none\nHost *\n  ProxyCommand false\n${base()}`,
  },
  'a Match final': {
    config: () =>
      `Host old\n${at(far)}Match final host 127.0.0.1\n${base()}Host *\n  IdentityFile ${join(folder, 'none')}\n`,
    viaFiles: false,
  },
  'a Match canonical, with CanonicalizeHostname': {
    config: () =>
      `CanonicalizeHostname always\nMatch canonical host localhost\n  HostKeyAlias the-old-one\n  Port ${String(far.port)}\n${base('aliased')}`,
    typed: () => ({ host: 'localhost', family: 4 }),
    viaFiles: false,
  },
  'an IPv6 HostName': {
    config: () => `Host old\n${at6(far)}${base('six')}`,
  },
  'an IPv6 address that is typed': {
    config: () => base('six'),
    typed: () => ({ host: '::1', port: far.port }),
  },
  'a jump host with an IPv6 address': {
    config: () => `Host old\n${at(far)}  ProxyJump [::1]:${String(near.port)}\nHost *\n${base('six')}`,
  },
  'an IPv6 address behind a jump host that is reached by -4': {
    config: () => `Host old\n${at6(far)}  ProxyJump near\nHost near\n${at(near)}Host *\n${base('six')}`,
    typed: () => ({ family: 4 }),
  },
  'a jump host that has IPv6 only, and -4': {
    config: () => `Host old\n${at(far)}  ProxyJump near\nHost near\n${at6(near)}Host *\n${base('six')}`,
    typed: () => ({ family: 4 }),
  },
  'options that are typed, over the file': {
    config: () => `Host old\n${at(near)}${base()}`,
    typed: () => ({
      options: [
        `Port=${String(far.port)}`,
        'HostKeyAlias=the-old-one',
        `UserKnownHostsFile=${join(folder, 'aliased')}`,
      ],
    }),
  },
};

const account = (): SshAccount => ({
  user: userInfo().username,
  uid: userInfo().uid,
  cwd: '/',
  home: userInfo().homedir,
  env: {},
});
const here = new LocalHost({ label: 'here', env: { PATH: process.env['PATH'] ?? '', HOME: userInfo().homedir } });
/** Where no ssh is to be found. */
const bare = new LocalHost({ label: 'here', env: { PATH: '/nonexistent', HOME: userInfo().homedir } });

function queryOf({ config, typed }: Fixture, name: string): SshQuery {
  const configFile = write(`${name.replaceAll(/\W/g, '-')}.config`, config());
  const nothing = { user: null, port: null, identities: [], jump: null, options: [], family: null };
  return { host: 'old', ...nothing, configFile, ...typed?.() };
}

/** What the far server has noted of the last login: as whom, and with which key. */
function lastLogin(before: number): string {
  const lines = far
    .log()
    .slice(before)
    .matchAll(/Accepted publickey for (\S+) from \S+ port \d+ ssh2: (\S+ \S+)/g);
  return [...lines].map(([, who = '', which = '']) => `${who} ${which}`).join('; ');
}

async function connectAsWeDo(query: SshQuery): Promise<string> {
  const before = far.log().length;
  const request = { query, knownHosts: null, hostKeyPin: null, password: null, passphrase: null };
  const around = {
    here,
    env: {},
    node: process.execPath,
    account: account(),
    ask: null,
    clock: systemClock,
    reconnectMs: 0,
    connectTimeoutMs: 10_000,
  };
  const { options, beyond } = await findRoute(request, around);
  expect(beyond).toBeNull();
  const host = await SshHost.connect(options);
  try {
    await runOk(host, ['true']);
  } finally {
    await host.close();
  }
  return waitFor('the login in the log', () => lastLogin(before) || null);
}

async function connectAsSshDoes(query: SshQuery): Promise<string> {
  const before = far.log().length;
  const argv = [...sshWords(query), '-o', 'BatchMode=yes', '--', query.host, 'true'];
  await runOk(here, ['ssh', ...argv]);
  return waitFor('the login in the log', () => lastLogin(before) || null);
}

describe('a machine is reached as ssh reaches it, with', () => {
  it.each(Object.entries(FIXTURES))('%s', async (name, fixture) => {
    const query = queryOf(fixture, name);
    const [ours, theirs] = [await connectAsWeDo(query), await connectAsSshDoes(query)];
    expect(ours).toMatch(/^\S+ ED25519 SHA256:\S+$/);
    expect(ours).toBe(theirs);
  });
});

describe('without an ssh to ask', () => {
  const known = Object.entries(FIXTURES).filter(([, { viaFiles }]) => viaFiles !== false);

  it.each(known)('the files say the same of %s', async (name, fixture) => {
    const query = queryOf(fixture, name);
    const [asked, read] = await Promise.all(
      [here, bare].map((host) => readSshSettings(host, query, { account: account() })),
    );
    expect(comparable(read)).toEqual(comparable(asked));
  });
});

/** Old kinds of keys, which nobody takes any more, and a default that has no effect are left out. */
function comparable(settings: SshSettings | undefined): Partial<SshSettings> {
  const { all: _all, keepaliveCount: _count, identities = [], ...rest } = settings ?? ({} as Partial<SshSettings>);
  return { ...rest, identities: identities.filter((path) => !/id_(?:xmss|dsa)$/.test(path)) };
}

describe('the settings', () => {
  // F124
  it('of any text are read without throwing', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('none', '"', '~', '[', '%', '${X}', '-1', '1e999'),
    );
    const keyword = fc.oneof(
      fc.constantFrom(
        'hostname',
        'port',
        'identityfile',
        'userknownhostsfile',
        'proxyjump',
        'identityagent',
        '__proto__',
      ),
      fc.string(),
    );
    const text = fc.array(fc.tuple(keyword, value)).map((lines) => lines.map((line) => line.join(' ')).join('\n'));
    const query = queryOf({ config: () => '' }, 'fuzz');
    fc.assert(
      fc.property(text, (any) => {
        const { port, host } = settingsOf(parseSettings(any), query, account());
        expect(port).toBeGreaterThan(0);
        expect(host).not.toBe('');
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('without an ssh to ask, a file of any text', () => {
  // F124
  it('is read, or refused as that file, and nothing else happens', async () => {
    const word = fc.constantFrom(
      'Host',
      'Match',
      'Include',
      'HostName',
      '"',
      '\\',
      '=',
      '*',
      '!',
      '#',
      ',',
      'exec',
      'old',
      '~/x',
      ' ',
      '\t',
    );
    const line = fc.array(fc.oneof(word, fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 6 });
    const text = fc
      .array(
        line.map((words) => words.join(' ')),
        { maxLength: 8 },
      )
      .map((lines) => lines.join('\n'));
    await fc.assert(
      fc.asyncProperty(text, async (any) => {
        const query = queryOf({ config: () => any }, 'any');
        const outcome = await settingsFromFiles(query, { ...account(), home: folder }).catch((error: unknown) => error);
        if (outcome instanceof ProblemError) expect(outcome.problem.code).toBe('option-invalid');
        else expect(outcome).toBeInstanceOf(Map);
      }),
      { numRuns: SLOW ? 10_000 : 2000 },
    );
  });
});

describe('a configuration that cannot be used', () => {
  it('is told in the words of ssh, before anything is reached', async () => {
    const query = queryOf({ config: () => 'Host old\n  Prot 22\n' }, 'bad');
    const problem = await problemFrom(readSshSettings(here, query, { account: account() }));
    expect(problem).toMatchObject({ code: 'option-invalid' });
    expect(problem.message).toContain('Bad configuration option: prot');
  });

  it('is not waited for when nobody wants to know any more: what it has ssh run is ended too', async () => {
    const pidFile = join(folder, 'pid');
    const hangs = `Match exec "echo $$ > ${pidFile}.part; mv ${pidFile}.part ${pidFile}; exec sleep 1000"\n`;
    const stop = new AbortController();
    const asked = readSshSettings(here, queryOf({ config: () => hangs }, 'hangs'), {
      account: account(),
      signal: stop.signal,
    });
    const pid = await waitFor('the command of the Match', () => existsSync(pidFile) && Number(readFileSync(pidFile)));
    const command = { pid, startTime: startTimeOf(pid) };
    const reason = new Error('no longer wanted');
    stop.abort(reason);
    await expect(asked).rejects.toBe(reason);
    await waitFor('the command to end', () => !isAlive(command));
  });

  it('is told with its place when one of its jump hosts is no name (F38)', async () => {
    const query = queryOf({ config: () => 'Host old\n  ProxyJump good,bad;id\n' }, 'hop');
    const request = { query, knownHosts: null, hostKeyPin: null, password: null, passphrase: null };
    const patience = { ask: null, clock: systemClock, reconnectMs: 0, connectTimeoutMs: 1000 };
    const around = { here, env: {}, node: process.execPath, account: account(), ...patience };
    const problem = await problemFrom(findRoute(request, around));
    expect(problem).toMatchObject({ code: 'option-invalid' });
    expect(problem.message).toContain(`ProxyJump for old in ${query.configFile ?? ''} names the jump host "bad;id"`);
    const typed = { ...request, query: { ...query, configFile: 'none', options: ['proxyjump=bad;id'] } };
    expect((await problemFrom(findRoute(typed, { ...around, here: bare }))).message).toContain(
      '-o ProxyJump names the jump host',
    );
  });

  it('is told when its jump hosts lead round in a circle', async () => {
    const query = queryOf({ config: () => 'Host a old\n  ProxyJump b\nHost b\n  ProxyJump a\n' }, 'circle');
    const request = { query, knownHosts: null, hostKeyPin: null, password: null, passphrase: null };
    const around = {
      here,
      env: {},
      node: process.execPath,
      account: account(),
      ask: null,
      clock: systemClock,
      reconnectMs: 0,
      connectTimeoutMs: 1000,
    };
    const problem = await problemFrom(findRoute(request, around));
    expect(problem).toMatchObject({ code: 'option-invalid' });
    expect(problem.message).toContain('leads round in a circle');
  });

  it('never reaches ssh as an option, whatever the host is called (F38)', () => {
    expect(sshWords(queryOf({ config: () => '' }, 'words'))).toEqual(['-F', join(folder, 'parts', 'words.config')]);
  });
});
