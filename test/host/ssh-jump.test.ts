import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalHost } from '../../src/host/local.ts';
import { proxyArgv } from '../../src/host/proxy-command.ts';
import { run } from '../../src/host/run.ts';
import { SshHost } from '../../src/host/ssh.ts';
import type { SshOptions } from '../../src/host/ssh-options.ts';
import { freePort } from '../kit/ports.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { ScriptedAsk } from '../kit/scripted-ask.ts';
import { makeKey } from '../kit/ssh-keys.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';
import { sshOptions } from '../kit/ssh-options.ts';
import { waitFor } from '../kit/wait.ts';

let first: Sshd;
let second: Sshd;
let old: Sshd;
beforeAll(async () => {
  [first, second, old] = await Promise.all([startSshd(), startSshd(), startSshd()]);
});
afterAll(async () => {
  await Promise.all([first, second, old].map((server) => server.stop()));
});

const through = (options: SshOptions): Partial<SshOptions> => ({ through: { kind: 'jump', options } });
/** This machine → first → second → old. */
const twoHops = (
  parts: { first?: Partial<SshOptions>; second?: Partial<SshOptions>; old?: Partial<SshOptions> } = {},
): Promise<SshHost> => {
  const nearest = sshOptions(first, parts.first);
  const middle = sshOptions(second, { ...through(nearest), ...parts.second });
  return SshHost.connect(sshOptions(old, { ...through(middle), ...parts.old }));
};
const echo = async (host: SshHost): Promise<string> => (await run(host, ['echo', 'here'])).stdout.toString();

describe('through two jump hosts', () => {
  it('commands run on the last machine, and nothing stays open behind them', async () => {
    const host = await twoHops();
    expect(await echo(host)).toBe('here\n');
    expect([first, second, old].map((server) => server.connections().length)).toEqual([1, 1, 1]);
    await host.close();
    for (const server of [first, second, old])
      await waitFor('the connection to end', () => server.connections().length === 0);
  });

  it.each(['first', 'second', 'old'] as const)(
    'the key of the %s is checked under its own name (F32)',
    async (name) => {
      const known = join(old.folder, `wrong-${name}`);
      const { port } = { first, second, old }[name];
      writeFileSync(known, `[127.0.0.1]:${String(port)} ${makeKey(old.folder, `wrong-key-${name}`).publicLine}\n`);
      const problem = await problemFrom(twoHops({ [name]: { knownHosts: [known] } }));
      expect(problem).toMatchObject({ code: 'host-key-changed' });
      const hop = `On the way, at the jump host 127.0.0.1:${String(port)}: `;
      expect(problem.message.startsWith(hop)).toBe(name !== 'old');
      expect(problem.message).toContain(`[127.0.0.1]:${String(port)} shows the ED25519 key`);
    },
  );

  it('a hop that lets nobody in, or is not there, is named', async () => {
    const stranger = makeKey(old.folder, 'stranger').path;
    const locked = await problemFrom(twoHops({ second: { identities: [stranger] } }));
    expect(locked).toMatchObject({ code: 'auth-failed' });
    expect(locked.message).toContain(`On the way, at the jump host 127.0.0.1:${String(second.port)}: `);
    const gone = await problemFrom(twoHops({ first: { port: await freePort() } }));
    expect(gone).toMatchObject({ code: 'host-unreachable' });
    expect(gone.message).toContain('On the way, at the jump host 127.0.0.1:');
  });

  it('a hop that does not lead on is named, and is left', async () => {
    const port = await freePort();
    const problem = await problemFrom(twoHops({ old: { port } }));
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    expect(problem.message).toContain(
      `127.0.0.1:${String(second.port)}: it does not lead on to 127.0.0.1:${String(port)}`,
    );
    await waitFor('the hops to be left', () => first.connections().length + second.connections().length === 0);
  });

  it('each unknown key is asked about by itself, and a hop nobody agreed to is not used', async () => {
    const nothing = join(old.folder, 'nothing-known');
    const ask = new ScriptedAsk(true, false);
    const unknown = { knownHosts: [nothing], ask };
    const problem = await problemFrom(twoHops({ first: unknown, second: unknown, old: unknown }));
    expect(problem).toMatchObject({ code: 'declined' });
    expect(ask.questions.map((question) => /\[127\.0\.0\.1\]:(\d+)/.exec(question)?.[1])).toEqual(
      [first, second].map(({ port }) => String(port)),
    );
  });

  it.each(['first', 'second', 'old'] as const)(
    'a line that breaks at the %s is opened again, all of it (F23)',
    async (name) => {
      const host = await twoHops({ old: { keepaliveMs: 200 } });
      const held = await host.spawn(['cat']);
      ({ first, second, old })[name].drop();
      expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
      expect(await echo(host)).toBe('here\n');
      await host.close();
    },
  );

  it('gives up with its reason where forwarding is forbidden', async () => {
    const strict = await startSshd({ config: ['AllowTcpForwarding no'] });
    try {
      const problem = await problemFrom(SshHost.connect(sshOptions(old, through(sshOptions(strict)))));
      expect(problem).toMatchObject({ code: 'host-unreachable' });
      expect(problem.message).toContain('does not lead on');
    } finally {
      await strict.stop();
    }
  });
});

const here = new LocalHost({ label: 'here', env: { PATH: process.env['PATH'] ?? '' } });
const PIPE = `const s=require('net').connect(process.argv[2],process.argv[1]);process.stdin.pipe(s).pipe(process.stdout)`;

describe('through a ProxyCommand', () => {
  const by = (...argv: string[]): Promise<SshHost> =>
    SshHost.connect(sshOptions(old, { through: { kind: 'command', argv, here } }));

  it('commands run on the machine behind it, also when the line has to be opened again', async () => {
    const host = await by(process.execPath, '-e', PIPE, '127.0.0.1', String(old.port));
    expect(await echo(host)).toBe('here\n');
    const held = await host.spawn(['cat']);
    old.drop();
    expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
    expect(await echo(host)).toBe('here\n');
    await host.close();
  });

  it('says how it ended, in its own last words, printable', async () => {
    const problem = await problemFrom(by('sh', '-c', 'printf "\\033[31mno way\\n" >&2; exit 7'));
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    expect(problem.message).toContain('the ProxyCommand sh ended with exit code 7: \\x1b[31mno way');
  });

  it('that is not there is named', async () => {
    expect(await problemFrom(by('/nonexistent/proxy'))).toMatchObject({ code: 'command-not-found' });
  });
});

describe('the words of a ProxyCommand', () => {
  const place = { host: 'old.example', port: 2222, user: 'al', typed: 'old' };

  it.each<[string, string[] | null]>([
    ['nc %h %p', ['nc', 'old.example', '2222']],
    ['exec  nc\t-X 5 %h %p', ['nc', '-X', '5', 'old.example', '2222']],
    ['"/opt/my proxy" --to=%r@%n %%', ['/opt/my proxy', '--to=al@old', '%']],
    ["p 'a;b|c' d\\ e ''", ['p', 'a;b|c', 'd e', '']],
    ['nc %h %p 2>/dev/null', null],
    ['nc %h %p | tee log', null],
    ['sh -c "nc $HOST %p"', null],
    ['~/bin/proxy %h', null],
    ['A=b nc %h', null],
    ['nc %C', null],
    ["nc 'unfinished", null],
    ['exec', null],
    ['exec -a x nc %h', null],
    ['command nc %h %p', null],
  ])('%s', (command, argv) => {
    expect(proxyArgv(command, place)).toEqual(argv);
  });

  // F124
  it('of any text are words or null', () => {
    const piece = fc.oneof(
      fc.constantFrom("'", '"', '\\', '%', '%h', ' ', '|', 'exec'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const text = fc.array(piece).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (any) => {
        const argv = proxyArgv(any, place);
        expect(argv === null || argv.length > 0).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });

  it('stay as many as they are, whatever a name holds (F38)', () => {
    expect(proxyArgv('nc %h', { ...place, host: 'a b;id $(id)' })).toEqual(['nc', 'a b;id $(id)']);
  });
});
