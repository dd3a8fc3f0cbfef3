import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SshHost } from '../../src/host/ssh.ts';
import type { SshOptions } from '../../src/host/ssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { ScriptedAsk } from '../kit/scripted-ask.ts';
import { makeKey } from '../kit/ssh-keys.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';
import { sshOptions } from '../kit/ssh-options.ts';

describe('the key of the old machine', () => {
  let server: Sshd;
  let folder: string;
  let file: string;
  let name: string;
  let count = 0;

  beforeAll(async () => {
    server = await startSshd({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
    name = `[127.0.0.1]:${server.port}`;
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    count += 1;
    folder = join(server.folder, `case-${count}`);
    mkdirSync(folder);
    file = join(folder, 'known_hosts');
  });
  /** A machine whose key is refused is shown no credential, not even a user name. */
  let logBefore = 0;
  beforeEach(() => (logBefore = server.log().length));
  const attempts = (): string[] =>
    server
      .log()
      .slice(logBefore)
      .match(/(Accepted|Failed|Postponed|userauth) .*/g) ?? [];

  const line = (type: string, names = name): string =>
    `${names} ${server.hostKeys.find((key) => key.type === type)?.publicLine ?? ''}`;
  const fingerprint = (type: string): string => server.hostKeys.find((key) => key.type === type)?.fingerprint ?? '';
  const other = (type: 'ed25519' | 'ecdsa' | 'rsa'): string => makeKey(folder, `other_${type}`, { type }).publicLine;

  /** Connects with a known_hosts file of these lines, and says how the key came to be trusted. */
  const trustedBy = async (lines: readonly string[], options: Partial<SshOptions> = {}): Promise<string> => {
    if (lines.length > 0) writeFileSync(file, lines.map((each) => `${each}\n`).join(''));
    const host = await SshHost.connect(sshOptions(server, { knownHosts: [file], ...options }));
    const { keyType } = host.hostKey;
    await host.close();
    return `${keyType} by ${host.hostKey.trustedBy}`;
  };
  const refused = (lines: readonly string[], options: Partial<SshOptions> = {}): ReturnType<typeof problemFrom> =>
    problemFrom(trustedBy(lines, options));

  it('is trusted when a line knows it', async () => {
    expect(await trustedBy([line('ed25519')])).toBe('ssh-ed25519 by known-hosts');
  });

  it('is asked for in the type that is known, although the server has others that are better', async () => {
    expect(await trustedBy([line('rsa')])).toBe('ssh-rsa by known-hosts');
    expect(await trustedBy([line('ecdsa')])).toBe('ecdsa-sha2-nistp256 by known-hosts');
  });

  it('is trusted by hashed lines, wildcards, lists and a second file', async () => {
    writeFileSync(file, `${line('ed25519')}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    expect(readFileSync(file, 'latin1')).toMatch(/^\|1\|/);
    expect(await trustedBy([])).toBe('ssh-ed25519 by known-hosts');
    expect(await trustedBy([line('ed25519', '[127.0.0.*]:*')])).toBe('ssh-ed25519 by known-hosts');
    expect(await trustedBy([line('ed25519', `other,${name}`)])).toBe('ssh-ed25519 by known-hosts');
    expect(await trustedBy([], { knownHosts: [join(folder, 'none'), file] })).toBe('ssh-ed25519 by known-hosts');
  });

  it('is trusted when one of several lines knows it', async () => {
    expect(await trustedBy([`${name} ${other('ed25519')}`, line('ed25519')])).toBe('ssh-ed25519 by known-hosts');
  });

  it('is trusted by a line without the port, as ssh does, which however cannot accuse it', async () => {
    expect(await trustedBy([line('ed25519', '127.0.0.1')])).toBe('ssh-ed25519 by known-hosts');
    expect(await refused([`127.0.0.1 ${other('ed25519')}`])).toMatchObject({ code: 'host-key-unknown' });
  });

  it('is refused when it is unknown and there is no one to ask, with what to do about it (F28)', async () => {
    const problem = await refused([]);
    expect(problem).toMatchObject({ code: 'host-key-unknown', stops: true });
    expect(problem.message).toBe(`The ED25519 key of ${name} is not known here: ${fingerprint('ed25519')}`);
    expect(problem.hint).toContain(`--host-key ${fingerprint('ed25519')}`);
    expect(problem.hint).toContain('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
    expect(attempts()).toEqual([]);
    expect(existsSync(file)).toBe(false);
  });

  it('is not vouched for by the line of another host or by @cert-authority (F31)', async () => {
    const lines = [line('ed25519', '[127.0.0.2]:22'), `@cert-authority ${line('ed25519')}`];
    expect(await refused(lines)).toMatchObject({ code: 'host-key-unknown' });
  });

  it('is shown to the person at the terminal when it is unknown, and remembered after a yes', async () => {
    const ask = new ScriptedAsk(true);
    file = join(folder, 'new', 'known_hosts');
    expect(await trustedBy([], { ask })).toBe('ssh-ed25519 by person');
    expect(ask.questions).toHaveLength(1);
    expect(ask.questions[0]).toContain(fingerprint('ed25519'));
    expect(readFileSync(file, 'latin1')).toBe(`${line('ed25519')}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
    expect(await trustedBy([], { ask: null })).toBe('ssh-ed25519 by known-hosts');
  });

  it('is remembered under a hash of its name where that is wished, and found again, by ssh too', async () => {
    expect(await trustedBy([], { ask: new ScriptedAsk(true), hashesNames: true })).toBe('ssh-ed25519 by person');
    expect(readFileSync(file, 'latin1')).not.toContain('127.0.0.1');
    expect(await trustedBy([], { ask: null })).toBe('ssh-ed25519 by known-hosts');
    expect(execFileSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'latin1' })).toContain('found: line 1');
  });

  it('is remembered in a line of its own behind a last line that was not finished', async () => {
    writeFileSync(file, line('ed25519', 'other'));
    expect(await trustedBy([], { ask: new ScriptedAsk(true) })).toBe('ssh-ed25519 by person');
    expect(readFileSync(file, 'latin1')).toBe(`${line('ed25519', 'other')}\n${line('ed25519')}\n`);
  });

  it('is not remembered, and nothing is sent, after a no', async () => {
    expect(await refused([], { ask: new ScriptedAsk(false) })).toMatchObject({ code: 'declined' });
    expect(existsSync(file)).toBe(false);
    expect(attempts()).toEqual([]);
  });

  it('is accepted for this time where the file cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    const knownHosts = [join(folder, 'file', 'known_hosts')];
    expect(await trustedBy([], { knownHosts, ask: new ScriptedAsk(true) })).toBe('ssh-ed25519 by person');
  });

  it('is refused when another is known, with file and line, whoever could be asked (F29)', async () => {
    const problem = await refused(['# mine', `${name} ${other('ed25519')}`], { ask: new ScriptedAsk() });
    expect(problem).toMatchObject({
      code: 'host-key-changed',
      detail: { file, line: 2, fingerprint: fingerprint('ed25519') },
    });
    expect(problem.message).toContain(`line 2 of ${file}`);
    expect(problem.hint).toContain(`ssh-keygen -R '${name}' -f '${file}'`);
    expect(attempts()).toEqual([]);
  });

  it('is refused when a key of another type is known and that one is no longer shown (F29)', async () => {
    expect(await refused([`${name} ${other('rsa')}`])).toMatchObject({ code: 'host-key-changed' });
  });

  it('is refused when it is revoked, although another line knows it (F30)', async () => {
    const problem = await refused([line('ed25519'), `@revoked ${line('ed25519', '*')}`]);
    expect(problem).toMatchObject({ code: 'host-key-revoked', detail: { line: 2 } });
    expect(attempts()).toEqual([]);
  });

  it('is judged by the pin alone, when there is one', async () => {
    const hostKeyPin = fingerprint('ed25519');
    expect(await trustedBy([], { hostKeyPin })).toBe('ssh-ed25519 by pin');
    expect(await trustedBy([`${name} ${other('ed25519')}`], { hostKeyPin })).toBe('ssh-ed25519 by pin');
    expect(existsSync(join(folder, 'none'))).toBe(false);
    const problem = await refused([line('ed25519')], {
      hostKeyPin: `SHA256:${'A'.repeat(43)}`,
      ask: new ScriptedAsk(),
    });
    expect(problem).toMatchObject({ code: 'host-key-changed' });
    expect(problem.message).toContain(fingerprint('ed25519'));
  });

  it('is pinned in the type in which it was shown before', async () => {
    const changed = await refused([`${name} ${other('rsa')}`]);
    const { fingerprint: shown } = changed.detail as { fingerprint: string };
    expect(shown).toBe(fingerprint('rsa'));
    expect(await trustedBy([], { hostKeyPin: shown })).toBe('ssh-rsa by pin');
  });

  it('is not judged by a file that cannot be read', async () => {
    mkdirSync(file);
    expect(await refused([])).toMatchObject({ code: 'host-key-unknown' });
  });
});
