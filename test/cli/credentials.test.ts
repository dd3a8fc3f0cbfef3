import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { flagsFromEnvironment } from '../../src/cli/environment.ts';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../src/cli/flags.ts';
import { requestOf } from '../../src/cli/request.ts';
import { Secrets } from '../../src/cli/secrets.ts';
import { makeTools } from '../../src/cli/tools.ts';
import type { Problem } from '../../src/core/problem.ts';
import { systemClock } from '../../src/host/clock.ts';
import { listenForSignals } from '../../src/run/interrupt.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { type ScriptedServer, startScripted } from '../kit/scripted-server.ts';
import { makeKey } from '../kit/ssh-keys.ts';
import { surroundings } from './sample.ts';

let server: ScriptedServer;
let folder = '';
let count = 0;
/** What the old machine was sent: passwords, and how many signatures of keys. */
const sent: string[] = [];

beforeAll(async () => {
  server = await startScripted((connection) =>
    connection.on('authentication', (context) => {
      if (context.method === 'password') sent.push(context.password);
      if (context.method === 'publickey' && context.signature) sent.push('a signature');
      if (context.method === 'publickey' && !context.signature) context.accept();
      else context.reject(['publickey', 'password']);
    }),
  );
});
afterAll(() => server.stop());
beforeEach(() => {
  count += 1;
  folder = join(mkdtempSync(join(tmpdir(), 'np-credentials-')), String(count));
  mkdirSync(folder, { mode: 0o700 });
  sent.length = 0;
  return () => rmSync(join(folder, '..'), { recursive: true, force: true });
});

function file(name: string, text: string, mode = 0o400): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

/** Logs in as the program would, with the environment and the flags given; nobody is let in. */
async function refused(env: Record<string, string>, flags: ConnectionFlags = {}): Promise<Problem> {
  const { around } = surroundings([], { env, clock: systemClock, home: folder });
  const called = { ...flagsFromEnvironment(CONNECTION_FLAGS, env), 'known-hosts': server.knownHosts, ...flags };
  const { connect } = requestOf(`ssh://al@127.0.0.1:${server.port}`, called, around);
  const never = { clock: systemClock, onFirst: () => undefined, onSecond: () => undefined };
  const interrupt = listenForSignals(around.signals, never);
  const secrets = new Secrets();
  const before = sent.length;
  const tools = makeTools(around, {
    command: 'neo-pull plan',
    ask: null,
    yes: false,
    failAt: null,
    interrupt,
    listeners: [],
    secrets,
    connectTimeoutMs: 10_000,
    reconnectMs: 1000,
  });
  try {
    const problem = await problemFrom(tools.connect(connect, () => Promise.resolve()));
    expect(JSON.stringify(problem)).not.toContain('canary');
    for (const secret of sent.slice(before).filter((text) => text !== 'a signature'))
      expect(secrets.hide(secret)).toBe('[hidden]');
    return problem;
  } finally {
    interrupt.dispose();
  }
}

describe('secrets of a unit of systemd', () => {
  it('are its credentials: the password, and the key with its passphrase', async () => {
    const key = makeKey(folder, 'ssh_key', { passphrase: 'canary phrase' }).path;
    rmSync(`${key}.pub`);
    file('neo-pull-password', 'canary password\n');
    file('neo-pull-passphrase', 'canary phrase\n');
    chmodSync(folder, 0o500);
    const problem = await refused({ CREDENTIALS_DIRECTORY: folder });
    expect(sent).toEqual(['canary password', 'a signature']);
    expect(problem).toMatchObject({ code: 'auth-failed', detail: { tried: ['password', `key ${key}`] } });
    chmodSync(folder, 0o700);
  });

  it('may be readable for the group, which is how the ACL of systemd looks, and for nobody else', async () => {
    file('neo-pull-password', 'canary password', 0o440);
    await refused({ CREDENTIALS_DIRECTORY: folder });
    expect(sent).toEqual(['canary password']);
    for (const mode of [0o444, 0o460, 0o404]) {
      file('neo-pull-password', 'canary password', mode);
      expect(await refused({ CREDENTIALS_DIRECTORY: folder })).toMatchObject({ code: 'option-invalid' });
    }
  });

  it('count only where no flag and no variable names others', async () => {
    file('neo-pull-password', 'canary of the unit');
    file('ssh_key', 'not a key');
    const [flag, variable] = [file('flag', 'canary of the flag'), file('variable', 'canary of the variable')];
    const env = { CREDENTIALS_DIRECTORY: folder };
    const key = makeKey(folder, 'key').path;
    await refused({ ...env, NEO_PULL_PASSWORD_FILE: variable }, { identity: [key] });
    await refused({ ...env, NEO_PULL_PASSWORD_FILE: variable }, { identity: [key], 'password-file': flag });
    expect(sent).toEqual(['canary of the variable', 'a signature', 'canary of the flag', 'a signature']);
  });

  it('are in no plan, so that a run that is resumed takes those of the invocation that resumes it', async () => {
    const { connect } = requestOf('al@old', {}, surroundings([], { env: { CREDENTIALS_DIRECTORY: folder } }).around);
    expect(connect).toMatchObject({ identities: [], passwordFile: null, passphraseFile: null });
    const [first, second] = ['first', 'second'].map((name) => {
      mkdirSync(join(folder, name), { mode: 0o700 });
      return join(folder, name);
    });
    for (const invocation of [first ?? '', second ?? '']) {
      const key = makeKey(invocation, 'ssh_key').path;
      const problem = await refused({ CREDENTIALS_DIRECTORY: invocation });
      expect(problem).toMatchObject({ detail: { tried: [`key ${key}`] } });
      rmSync(invocation, { recursive: true });
    }
  });

  it('are none where systemd gives none', async () => {
    const usual = makeKey(folder, 'usual').path;
    const config = file('config', `Host *\n  IdentityFile ${usual}\n`, 0o600);
    for (const env of [{ CREDENTIALS_DIRECTORY: join(folder, 'none') }, { CREDENTIALS_DIRECTORY: '' }, {}])
      expect(await refused(env, { 'ssh-config': config })).toMatchObject({ detail: { tried: [`key ${usual}`] } });
  });
});

describe('a secret named by a variable', () => {
  it('is read as the one that a flag names, with the same care', async () => {
    await refused({ NEO_PULL_PASSWORD_FILE: file('mine', 'canary password\n', 0o600) });
    expect(sent).toEqual(['canary password']);
    const open = await refused({ NEO_PULL_PASSWORD_FILE: file('open', 'canary password\n', 0o440) });
    expect(open).toMatchObject({ code: 'option-invalid' });
  });
});
