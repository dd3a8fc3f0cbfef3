import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Exit, Host, Process } from '../../src/core/host.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { OpenSshHost } from '../../src/host/openssh.ts';
import { run, runOk } from '../../src/host/run.ts';
import { SshHost } from '../../src/host/ssh.ts';
import type { SshOptions } from '../../src/host/ssh-options.ts';
import { openSshOptions } from '../kit/openssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';
import { sshOptions } from '../kit/ssh-options.ts';

/** One kind of Host under the contract. */
interface Kind {
  readonly host: Host;
  /** Where a Process starts without a cwd. */
  readonly login: string;
  stop(): Promise<void>;
}

const HOST_ENV = { GIVEN: 'by the host' };

const KINDS: Record<string, () => Promise<Kind>> = {
  LocalHost: () => {
    const home = realpathSync(mkdtempSync(join(tmpdir(), 'np-local-')));
    const env = { ...HOST_ENV, HOME: home, PATH: process.env['PATH'] ?? '' };
    const stop = (): Promise<void> => {
      rmSync(home, { recursive: true });
      return Promise.resolve();
    };
    return Promise.resolve({ host: new LocalHost({ label: 'here', env }), login: home, stop });
  },
  SshHost: async () => {
    const server: Sshd = await startSshd({ env: HOST_ENV });
    const host = await SshHost.connect(sshOptions(server));
    const stop = async (): Promise<void> => {
      await host.close();
      await server.stop();
    };
    return { host, login: realpathSync(userInfo().homedir), stop };
  },
  OpenSshHost: async () => {
    const server: Sshd = await startSshd({ env: HOST_ENV });
    const host = await OpenSshHost.connect(openSshOptions(server));
    const stop = async (): Promise<void> => {
      await host.close();
      await server.stop();
    };
    return { host, login: realpathSync(userInfo().homedir), stop };
  },
  'SshHost behind two jump hosts': async () => {
    const servers = await Promise.all([startSshd(), startSshd(), startSshd({ env: HOST_ENV })]);
    const [first, second, last] = servers.map((server) => sshOptions(server)) as [SshOptions, SshOptions, SshOptions];
    const middle: SshOptions = { ...second, through: { kind: 'jump', options: first } };
    const host = await SshHost.connect({ ...last, through: { kind: 'jump', options: middle } });
    const stop = async (): Promise<void> => {
      await host.close();
      await Promise.all(servers.map((server) => server.stop()));
    };
    return { host, login: realpathSync(userInfo().homedir), stop };
  },
};

/** Words that some shell somewhere would make something else of. */
const NASTY = [
  'two words',
  '  ',
  '',
  "it's",
  '"quoted"',
  'new\nline',
  'trailing newline\n',
  '\r\n',
  ';id>pwned',
  '$(id)',
  '`id`',
  '${IFS}$HOME$0',
  '-rf',
  '--',
  '!!',
  '!id',
  '\\',
  '\\\\n\\0101',
  '%s%n%%',
  '*',
  '?[a-z]{b,c}',
  '~root',
  '^a^b',
  '#comment',
  '&& || | < > &',
  'a\tb\x01\x1b[31m\x7f',
  'ärger 日本 😀 \u202e',
  '=x',
  'a=b',
];

describe.each(Object.keys(KINDS))('%s keeps the contract of Host', (name) => {
  let kind: Kind;
  let host: Host;
  let folder: string;

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'np-contract-')));
    kind = await (KINDS[name] as () => Promise<Kind>)();
    host = kind.host;
  });
  afterAll(async () => {
    await kind.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a command says, with its input empty. */
  const say = async (argv: readonly string[], options = {}): Promise<string> =>
    (await runOk(host, argv, options)).stdout.toString();

  const spoken = (argv: readonly string[]): Promise<string[]> =>
    say(['printf', '%s\\0', ...argv]).then((said) => said.split('\0').slice(0, -1));

  it('hands over every argument as it is, whatever a shell would make of it (F38, F55)', async () => {
    expect(await spoken(NASTY)).toEqual(NASTY);
  });

  it('hands over arguments of any characters', async () => {
    const word = fc.string({ unit: 'binary', maxLength: 40 }).map((any) => any.toWellFormed().replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 8 }), async (words) => {
        expect(await spoken(words)).toEqual(words);
      }),
      { numRuns: 40 },
    );
  });

  it('hands over 60 kB in one argument', async () => {
    const long = 'long way '.repeat(7_000);
    expect(await spoken([long])).toEqual([long]);
  });

  it('starts in the directory asked for, whatever its name (F55)', async () => {
    for (const name of [...NASTY.filter((each) => each !== ''), 'trailing\n\n']) {
      const cwd = join(folder, `x${name.replaceAll('/', '')}`);
      mkdirSync(cwd, { recursive: true });
      expect(await say(['sh', '-c', 'pwd -P; printf .'], { cwd })).toBe(`${cwd}\n.`);
    }
  });

  it('starts in the login directory without one', async () => {
    expect(await say(['pwd', '-P'])).toBe(`${kind.login}\n`);
  });

  it('ends with 125 and a word on stderr when the directory is not there', async () => {
    const { code, stdout, stderr } = await run(host, ['echo', 'ran'], { cwd: join(folder, 'nowhere') });
    expect(code).toBe(125);
    expect(stdout.toString()).toBe('');
    expect(stderr.toString()).toContain('nowhere');
  });

  it('adds to the environment of the host, and wins over it', async () => {
    expect(await say(['sh', '-c', 'echo "$GIVEN"'])).toBe('by the host\n');
    for (const value of NASTY) {
      expect(await say(['sh', '-c', 'printf "%s." "$GIVEN"'], { env: { GIVEN: value } })).toBe(`${value}.`);
    }
  });

  it('finds the program on the PATH given', async () => {
    const bin = join(folder, 'bin');
    execFileSync('sh', [
      '-c',
      'mkdir "$1"; printf "#!/bin/sh\\necho found\\n" >"$1/np-tool"; chmod +x "$1/np-tool"',
      'sh',
      bin,
    ]);
    expect(await say(['np-tool'], { env: { PATH: `${bin}:/usr/bin:/bin` } })).toBe('found\n');
  });

  it('says when a program is not there: known at once here, as 127 over SSH', async () => {
    const tried = run(host, ['np-no-such-program']);
    if (name === 'LocalHost') expect(await problemFrom(tried)).toMatchObject({ code: 'command-not-found' });
    else expect(await tried).toMatchObject({ code: 127 });
  });

  it('passes on exit codes and signals', async () => {
    expect(await run(host, ['sh', '-c', 'exit 42'])).toMatchObject({ code: 42, signal: null });
    expect(await run(host, ['sh', '-c', 'kill -KILL $$'])).toMatchObject({ code: null, signal: 'KILL' });
    expect(await run(host, ['sh', '-c', 'kill -TERM $$'])).toMatchObject({ code: null, signal: 'TERM' });
  });

  it('keeps stdout and stderr apart, byte for byte', async () => {
    const bytes = randomBytes(300_000);
    const script = 'cat >"$1"; cat "$1"; cat "$1" >&2';
    const { stdout, stderr } = await run(host, ['sh', '-c', script, 'sh', join(folder, 'bytes')], { stdin: bytes });
    expect(stdout.equals(bytes)).toBe(true);
    expect(stderr.equals(bytes)).toBe(true);
  });

  it('carries 64 MiB through a command and back, unchanged', async () => {
    const block = randomBytes(1024 * 1024);
    const [sent, received] = [createHash('sha256'), createHash('sha256')];
    const cat = await host.spawn(['cat']);
    cat.stderr.resume();
    cat.stdout.on('data', (chunk: Buffer) => received.update(chunk));
    for (let count = 0; count < 64; count += 1) {
      sent.update(block);
      await new Promise<void>((resolve) => cat.stdin.write(block, () => resolve()));
    }
    cat.stdin.end();
    expect(await cat.exit).toEqual({ code: 0, signal: null });
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  it('takes no more than some megabytes from a writer when nobody reads at the other end', async () => {
    const sleeper = await host.spawn(['sleep', '100']);
    const ended = discard(sleeper);
    let taken = 0;
    for (let went = true; went && taken < 64;) {
      const written = new Promise<boolean>((resolve) =>
        sleeper.stdin.write(Buffer.alloc(1024 * 1024), () => resolve(true)),
      );
      went = await Promise.race([written, systemClock.sleep(400).then(() => false)]);
      if (went) taken += 1;
    }
    expect(taken).toBeLessThan(16);
    sleeper.kill('KILL');
    await ended;
  });

  it('holds a command up when nobody reads what it says', async () => {
    const mark = join(folder, 'all-written');
    const writer = await host.spawn(['sh', '-c', 'head -c 60000000 /dev/zero; : >"$1"', 'sh', mark]);
    writer.stdin.end();
    writer.stderr.resume();
    await systemClock.sleep(500);
    expect(existsSync(mark)).toBe(false);
    expect(writer.stdout.readableLength).toBeLessThan(8 * 1024 * 1024);
    expect((await buffer(writer.stdout)).length).toBe(60_000_000);
    expect(await writer.exit).toMatchObject({ code: 0 });
  });

  it('ends although stdin was left open, and takes what is written too late without a crash', async () => {
    const short = await host.spawn(['true']);
    await discard(short);
    await new Promise<void>((resolve) => short.stdin.write('too late', () => resolve()));
    expect(await short.exit).toEqual({ code: 0, signal: null });
  });

  it('ends when its outputs end, and not before', async () => {
    const forker = await host.spawn(['sh', '-c', '(read -r line <"$1"; echo late) & echo early', 'sh', fifo(folder)]);
    forker.stdin.end();
    forker.stderr.resume();
    const said = text(forker.stdout);
    execFileSync('sh', ['-c', 'echo go >"$1"', 'sh', join(folder, 'fifo')]);
    expect(await said).toBe('early\nlate\n');
    expect(await forker.exit).toEqual({ code: 0, signal: null });
  });

  it('signals the whole group', async () => {
    const parent = await host.spawn(['sh', '-c', 'sleep 100 & echo $! $$; wait']);
    const pids = (await firstLine(parent.stdout)).split(' ').map(Number);
    const ended = discard(parent);
    parent.stdin.end();
    parent.kill('TERM');
    expect(await ended).toEqual({ code: null, signal: 'TERM' });
    // A process lets go of its outputs a moment before it is over.
    await expect.poll(() => pids.filter(isRunning)).toEqual([]);
  });

  it('ends what does not heed TERM when the signal aborts, and what has left the group lets go of the outputs', async () => {
    const stop = new AbortController();
    const script = 'trap "" TERM; setsid sleep 100 & echo $!; while :; do sleep 0.1; done';
    const stubborn = await host.spawn(['bash', '-c', script], { signal: stop.signal });
    const escaped = Number(await firstLine(stubborn.stdout));
    const ended = discard(stubborn);
    stop.abort();
    expect(await ended).toEqual({ code: null, signal: 'KILL' });
    process.kill(escaped, 'SIGKILL');
  });

  it('starts nothing once the signal has aborted', async () => {
    const reason = new Error('no longer wanted');
    await expect(host.spawn(['true'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('runs many small commands side by side', async () => {
    const numbers = Array.from({ length: 60 }, (_, index) => String(index));
    const said = await Promise.all(numbers.map((number) => say(['echo', number])));
    expect(said).toEqual(numbers.map((number) => `${number}\n`));
  });

  it('refuses what cannot be started truthfully as the bug that it is', async () => {
    for (const argv of [[], [''], ['-x'], ['a\0b'], ['a', '\ud800']]) {
      await expect(host.spawn(argv)).rejects.toBeInstanceOf(TypeError);
    }
    await expect(host.spawn(['true'], { cwd: 'relative' })).rejects.toBeInstanceOf(TypeError);
    await expect(host.spawn(['true'], { env: { 'A B': '' } })).rejects.toBeInstanceOf(TypeError);
  });

  describe('run', () => {
    it('stops a command that takes too long', async () => {
      const problem = await problemFrom(run(host, ['sleep', '100'], { timeoutMs: 50 }));
      expect(problem).toMatchObject({ code: 'command-timeout' });
      expect(problem.message).toContain('sleep did not end within 0.05 s');
    });

    it('stops a command that says too much', async () => {
      expect(await problemFrom(run(host, ['yes'], { maxBytes: 10_000 }))).toMatchObject({ code: 'output-too-large' });
    });

    it('stops when it is told to, with the reason it is told', async () => {
      const stop = new AbortController();
      const reason = new Error('enough');
      const running = run(host, ['sleep', '100'], { signal: stop.signal });
      await systemClock.sleep(50);
      stop.abort(reason);
      await expect(running).rejects.toBe(reason);
    });

    it('makes a Problem of a failure when asked to, with the last line of stderr and nothing that a terminal obeys', async () => {
      const script = 'echo first >&2; printf "\\033[31mred\\033[0m\\n" >&2; exit 3';
      const problem = await problemFrom(runOk(host, ['sh', '-c', script]));
      expect(problem.code).toBe('command-failed');
      expect(problem.message).toContain('sh failed with exit code 3: \\x1b[31mred\\x1b[0m');
    });
  });
});

async function firstLine(output: Readable): Promise<string> {
  let said = '';
  return new Promise((resolve) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (!said.includes('\n')) return;
      output.off('data', hear);
      resolve(said.slice(0, said.indexOf('\n')));
    };
    output.on('data', hear);
  });
}

async function discard(running: Process): Promise<Exit> {
  running.stdout.resume();
  running.stderr.resume();
  return running.exit;
}

function fifo(folder: string): string {
  const path = join(folder, 'fifo');
  if (!existsSync(path)) execFileSync('mkfifo', [path]);
  return path;
}

/** A zombie that nobody has waited for yet does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
