import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EXIT, type ExitCode } from '../../src/core/exit.ts';
import type { ProblemCode } from '../../src/core/problem.ts';
import { makeLoopbackLab, type LoopbackLab } from '../kit/loopback-lab.ts';
import { leadingTo, neoPull } from '../kit/neo-pull.ts';
import { expectAsPictured, takePicture, type Picture } from '../kit/picture.ts';
import { freePort } from '../kit/ports.ts';
import { makeKey } from '../kit/ssh-keys.ts';
import { startSshd } from '../kit/sshd.ts';
import { canMakeUsers, makeUser } from '../kit/throwaway-user.ts';
import { expectFourLines, finishedOf } from '../kit/told.ts';

let lab: LoopbackLab;
let was: Picture;
let folder: string;

beforeAll(async () => {
  lab = await makeLoopbackLab({ runsAs: 'service' });
  was = takePicture(lab);
  folder = mkdtempSync(join(tmpdir(), 'np-bad-input-'));
});
afterEach(() => expectAsPictured(lab, was));
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await lab.destroy();
});

interface Refusal {
  readonly exit: ExitCode;
  readonly code: ProblemCode;
  readonly what: string | RegExp;
  readonly next: string | RegExp;
  /** What is said of who runs the gateway. Before the command line is understood nobody can know. */
  readonly running?: 'old' | 'unknown';
}

/** Runs it twice, for a person and with --json; neither changes anything. */
async function expectRefused(argv: readonly string[], { exit, running = 'old', ...words }: Refusal): Promise<void> {
  const [told, json] = await Promise.all([
    neoPull(argv, { env: lab.new.env }),
    neoPull(['--json', ...argv], { env: lab.new.env }),
  ]);
  expect(told.code, told.stderr).toBe(exit);
  expect(told.stdout).toBe('');
  expectFourLines(told, { ...words, changed: /^Nothing, on neither machine\.$/ });
  expect(finishedOf(json)).toMatchObject({
    outcome: 'refused',
    running,
    exitCode: exit,
    downtimeMs: null,
    problem: { code: words.code },
  });
}

/** A target that leads to the lab, with some of its flags left to the test. */
function target(user = lab.sshd.user): string {
  return `${user}@127.0.0.1`;
}

function port(): string[] {
  return ['-p', String(lab.sshd.port)];
}

function secretFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `${text}\n`, { mode: 0o600 });
  return path;
}

describe('a command line that cannot be meant', () => {
  it.each<[string, string[], RegExp, RegExp, ProblemCode]>([
    ['an unknown flag', ['al@old', '--jsno'], /jsno/, /Did you mean --json\?/, 'usage'],
    ['a misspelt command', ['statsu'], /"statsu"/, /Did you mean neo-pull status\?/, 'usage'],
    ['no old machine', [], /No old machine was named/, /neo-pull user@oldhost/, 'usage'],
    ['two old machines', ['al@old', 'al@older'], /al@older|Too many|One word too many/i, /--help/, 'usage'],
    ['a password as a flag', ['al@old', '--password', 'x'], /password/, /--password-file/, 'usage'],
    [
      'a rate that is no number',
      ['al@old', '--bwlimit', 'fast'],
      /--bwlimit is "fast"/,
      /whole number/,
      'option-invalid',
    ],
    ['a port that is none', ['al@old', '-p', '70000'], /--port is "70000"/, /65535/, 'option-invalid'],
    ['half a fingerprint', ['al@old', '--host-key', 'SHA256:x'], /--host-key/, /ssh-keygen -lf/, 'option-invalid'],
    ['a product unheard of', ['al@old', '--product', 'chatty'], /--product is "chatty"/, /openclaw/, 'option-invalid'],
    ['a target with a blank', ['al@ol d'], /"al@ol d" is not a target/, /user@host/, 'target-malformed'],
    [
      'a target that is an option (F38)',
      ['--', '-oProxyCommand=id'],
      /is not a target/,
      /user@host/,
      'target-malformed',
    ],
    ['a key file that is not there', ['al@old', '-i', '/no/such/key'], /\/no\/such\/key/, /./, 'option-invalid'],
    ['a run that is not there', ['resume', '2020'], /There is no run on this machine yet/, /neo-pull/, 'run-unknown'],
  ])('is refused with 2: %s', async (_title, argv, what, next, code) => {
    await expectRefused(argv, {
      exit: EXIT.usage,
      code,
      what,
      next,
      running: code === 'run-unknown' ? 'old' : 'unknown',
    });
  });
});

describe('an old machine that cannot be reached', () => {
  let silent: Server | undefined;
  afterEach(() => {
    silent?.close();
    silent = undefined;
  });

  it('is refused with 4 where nothing listens', async () => {
    const nobody = String(await freePort());
    await expectRefused([target(), '-p', nobody], {
      exit: EXIT.connect,
      code: 'host-unreachable',
      what: /does not answer \(ECONNREFUSED\)/,
      next: new RegExp(`ssh -v -p ${nobody}`),
    });
  });

  it('is refused with 4 where something listens and never says a word, within --connect-timeout, whatever ConnectTimeout says', async () => {
    const server = (silent = createServer(() => undefined));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const begun = performance.now();
    const nobody = String((server.address() as AddressInfo).port);
    await expectRefused([target(), '-p', nobody, '-o', 'ConnectTimeout=60', '--connect-timeout', '1'], {
      exit: EXIT.connect,
      code: 'host-unreachable',
      what: /did not finish the SSH handshake within 1 s/,
      next: /ssh -v/,
    });
    expect(performance.now() - begun).toBeLessThan(15_000);
  });

  it('is refused with 4 where the name means nothing', async () => {
    await expectRefused(['al@no-such-host.invalid'], {
      exit: EXIT.connect,
      code: 'host-not-found',
      what: /The name no-such-host\.invalid does not resolve/,
      next: /getent hosts no-such-host\.invalid/,
    });
  });
});

describe('credentials that do not let in', () => {
  const known = (): string[] => [...port(), '--known-hosts', lab.sshd.knownHosts];

  it('are refused with 4: a key that the old machine does not know', async () => {
    const stranger = makeKey(folder, 'stranger');
    await expectRefused([target(), ...known(), '-i', stranger.path], {
      exit: EXIT.connect,
      code: 'auth-failed',
      what: /did not let root@127\.0\.0\.1 in|did not let \S+ in/,
      next: new RegExp(`ssh-copy-id -p ${String(lab.sshd.port)} `),
    });
  });

  it('are refused with 4: a user that is not there', async () => {
    await expectRefused([target('no-such-user'), ...known(), '-i', lab.sshd.identity.path], {
      exit: EXIT.connect,
      code: 'auth-failed',
      what: /did not let no-such-user@127\.0\.0\.1 in/,
      next: /Check the user name/,
    });
  });

  it('are refused with 4: an encrypted key, with no passphrase and no one to ask', async () => {
    const locked = makeKey(folder, 'locked', { passphrase: 'open sesame' });
    lab.sshd.authorize(locked.publicLine);
    await expectRefused([target(), ...known(), '-i', locked.path], {
      exit: EXIT.connect,
      code: 'identity-unusable',
      what: /locked/,
      next: /--passphrase-file/,
    });
    const wrong = secretFile('wrong', 'open barley');
    await expectRefused([target(), ...known(), '-i', locked.path, '--passphrase-file', wrong], {
      exit: EXIT.connect,
      code: 'identity-unusable',
      what: /locked/,
      next: /passphrase/,
    });
    const right = ['--passphrase-file', secretFile('right', 'open sesame')];
    const let_in = await neoPull(['plan', target(), ...known(), '-i', locked.path, ...right], { env: lab.new.env });
    expect(let_in.code, let_in.stderr).toBe(EXIT.done);
    expect(let_in.stdout + let_in.stderr).not.toContain('open sesame');
  });

  it('are refused with 2 before they are used: a password that others can read', async () => {
    const open = secretFile('open', 'canary-password');
    chmodSync(open, 0o644);
    await expectRefused([target(), ...known(), '--password-file', open], {
      exit: EXIT.usage,
      code: 'option-invalid',
      what: /can be read by others \(mode 644\)/,
      next: /chmod 600/,
    });
  });

  it.runIf(canMakeUsers)('are refused with 4: a password that is not the right one', async () => {
    const user = makeUser({ password: 'the right one' });
    const sshd = await startSshd({ passwords: true, ownHomes: true });
    try {
      const wrong = secretFile('password', 'canary-password');
      const flags = ['-p', String(sshd.port), '--known-hosts', sshd.knownHosts, '--password-file', wrong];
      await expectRefused([`${user.name}@127.0.0.1`, ...flags], {
        exit: EXIT.connect,
        code: 'auth-failed',
        what: /Tried: password\..*It accepts: .*password/,
        next: /Check the user name and the password/,
      });
    } finally {
      await sshd.stop();
      user.remove();
    }
  });
});

describe('a host key', () => {
  const inside = (): string[] => [target(), ...port(), '-i', lab.sshd.identity.path];
  const fingerprint = (): string => lab.sshd.hostKeys[0]?.fingerprint ?? '';
  const knownHosts = (name: string, text: string): string[] => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return ['--known-hosts', path];
  };

  it('that is unknown is refused with 5, with its fingerprint and the flag that pins it (F28)', async () => {
    await expectRefused([...inside(), ...knownHosts('nobody', '')], {
      exit: EXIT.hostKey,
      code: 'host-key-unknown',
      what: fingerprint(),
      next: `--host-key ${fingerprint()}`,
    });
  });

  it('that has changed is refused with 5, with the line that knows another, also under --yes (F29)', async () => {
    const other = makeKey(folder, 'other-host');
    const file = knownHosts('changed', `[127.0.0.1]:${String(lab.sshd.port)} ${other.publicLine}\n`);
    await expectRefused([...inside(), ...file, '--yes'], {
      exit: EXIT.hostKey,
      code: 'host-key-changed',
      what: new RegExp(`${escaped(fingerprint())}.*line 1 of .*changed.*${escaped(other.fingerprint)}`),
      next: /ssh-keygen -R/,
    });
  });

  it('that is revoked is refused with 5 (F30)', async () => {
    const [key] = lab.sshd.hostKeys;
    const file = knownHosts('revoked', `@revoked * ${key?.publicLine ?? ''}\n`);
    await expectRefused([...inside(), ...file], {
      exit: EXIT.hostKey,
      code: 'host-key-revoked',
      what: /@revoked in line 1/,
      next: /new host key/,
    });
  });

  it('that is pinned lets in when it is the one, and is refused with 5 when it is not', async () => {
    const nothing = knownHosts('empty', '');
    const right = await neoPull(['plan', ...inside(), ...nothing, '--host-key', fingerprint()], { env: lab.new.env });
    expect(right.code, right.stderr).toBe(EXIT.done);
    const { fingerprint: wrong } = makeKey(folder, 'pinned');
    await expectRefused([...inside(), ...nothing, '--host-key', wrong], {
      exit: EXIT.hostKey,
      code: 'host-key-changed',
      what: new RegExp(`${escaped(fingerprint())}; the pin asks for ${escaped(wrong)}`),
      next: /Pin the fingerprint/,
    });
  });
});

describe('a question with no one to ask', () => {
  it('is refused with 12, after the plan was shown, and names the flag that says yes', async () => {
    await expectRefused([target(), ...leadingTo(lab)], {
      exit: EXIT.confirmation,
      code: 'confirmation-needed',
      what: /There is no one to ask/,
      next: /--yes/,
    });
  });

  it('never makes a command hang, with stdin closed (row 69)', async () => {
    const closed = async (...argv: string[]): Promise<number | null> =>
      (await neoPull(argv, { env: lab.new.env, stdin: 'closed' })).code;
    const flags = leadingTo(lab);
    expect(await closed(target(), ...port(), '--known-hosts', '/dev/null')).toBe(EXIT.hostKey);
    expect(await closed(target('no-such-user'), ...flags)).toBe(EXIT.connect);
    expect(await closed(target(), ...flags)).toBe(EXIT.confirmation);
    expect(await closed('pull', target(), ...flags, '--json')).toBe(EXIT.confirmation);
    expect(await closed('plan', target(), ...flags)).toBe(EXIT.done);
    for (const command of ['cutover', 'resume', 'rollback', 'verify', 'report', 'status']) {
      expect([command, await closed(command)]).toEqual([command, EXIT.usage]);
    }
    expect(await closed('runs')).toBe(EXIT.done);
    expect(await closed('--help')).toBe(EXIT.done);
    expect(await closed('--version')).toBe(EXIT.done);
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
