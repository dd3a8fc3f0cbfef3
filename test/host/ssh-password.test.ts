import type { AuthContext, Connection } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { fail } from '../../src/core/problem.ts';
import { run } from '../../src/host/run.ts';
import { SshHost } from '../../src/host/ssh.ts';
import type { SshOptions } from '../../src/host/ssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { ScriptedAsk } from '../kit/scripted-ask.ts';
import { type ScriptedServer, startScripted } from '../kit/scripted-server.ts';
import { makeKey } from '../kit/ssh-keys.ts';
import { startSshd } from '../kit/sshd.ts';
import { sshOptions } from '../kit/ssh-options.ts';
import { canMakeUsers, makeUser } from '../kit/throwaway-user.ts';

const SECRET = 'canary pässword $(id)';

describe('logging in by password', () => {
  let server: ScriptedServer | null = null;
  afterEach(async () => {
    await server?.stop();
    server = null;
  });

  /** A server that takes the methods listed, and of them what `judge` accepts. */
  const serve = async (methods: readonly string[], judge: (context: AuthContext) => void): Promise<AuthContext[]> => {
    const seen: AuthContext[] = [];
    server = await startScripted((connection: Connection) => {
      connection.on('authentication', (context) => {
        seen.push(context);
        if (methods.includes(context.method)) judge(context);
        else context.reject(methods as never);
      });
    });
    return seen;
  };
  const connect = async (options: Partial<SshOptions>): Promise<SshHost> => {
    if (!server) throw new Error('no server');
    return SshHost.connect(sshOptions(server, { identities: [], ...options }));
  };
  const byPassword = (context: AuthContext): void => {
    if (context.method === 'password' && context.password === SECRET) context.accept();
    else context.reject(['password']);
  };

  it('uses the one given', async () => {
    await serve(['password'], byPassword);
    await (await connect({ password: SECRET })).close();
  });

  it('asks a person where none was given, and lets them mistype it', async () => {
    await serve(['password'], byPassword);
    const ask = new ScriptedAsk('typo', SECRET);
    await (await connect({ ask })).close();
    expect(ask.questions).toEqual(['Password for al@127.0.0.1', 'Password for al@127.0.0.1']);
  });

  it('is bounded, however often the server asks (F37)', async () => {
    const seen = await serve(['password'], (context) => context.reject(['password']));
    const problem = await problemFrom(connect({ ask: new ScriptedAsk('a', 'b', 'c', 'd') }));
    expect(problem).toMatchObject({ code: 'auth-failed', detail: { tried: ['password', 'password', 'password'] } });
    expect(seen.filter(({ method }) => method === 'password')).toHaveLength(3);
  });

  it('fails with what was tried when it is wrong, without the password itself', async () => {
    await serve(['password'], byPassword);
    const problem = await problemFrom(connect({ password: 'canary' }));
    expect(problem).toMatchObject({ code: 'auth-failed', detail: { tried: ['password'], accepts: ['password'] } });
    expect(JSON.stringify(problem)).not.toContain('canary');
  });

  it('is not asked for when the server takes none', async () => {
    await serve(['publickey'], (context) => context.reject(['publickey']));
    const ask = new ScriptedAsk();
    expect(await problemFrom(connect({ ask }))).toMatchObject({ code: 'auth-failed' });
    expect(ask.questions).toEqual([]);
  });

  it('shows the prompts of the server as its own words, with nothing that a terminal obeys (F36)', async () => {
    await serve(['keyboard-interactive'], (context) => {
      if (context.method !== 'keyboard-interactive') return;
      context.prompt([{ prompt: '\x1b]0;pwned\x07\x1b[2JCode\u202e: ', echo: false }], (answers) => {
        if (answers[0] === '4711') context.accept();
        else context.reject();
      });
    });
    const ask = new ScriptedAsk('4711');
    await (await connect({ ask })).close();
    expect(ask.questions).toEqual(['The old machine asks: \\x1b]0;pwned\\x07\\x1b[2JCode\\u{202e}:']);
  });

  it('answers a lone prompt with the password given', async () => {
    await serve(['keyboard-interactive'], (context) => {
      if (context.method !== 'keyboard-interactive') return;
      context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
        if (answers[0] === SECRET) context.accept();
        else context.reject();
      });
    });
    await (await connect({ password: SECRET })).close();
  });

  it('does not follow a server that asks on and on (F37)', async () => {
    await serve(['keyboard-interactive'], (context) => {
      if (context.method !== 'keyboard-interactive') return;
      const again = (): void => context.prompt([{ prompt: 'Again: ', echo: false }], again);
      again();
    });
    const ask = new ScriptedAsk(...Array.from({ length: 50 }, () => 'x'));
    expect(await problemFrom(connect({ ask }))).toMatchObject({ code: 'auth-failed' });
    expect(ask.questions.length).toBeLessThan(10);
  });

  it('gives every prompt of a round its own question, visible where the server says so, under what it says (F36)', async () => {
    await serve(['keyboard-interactive'], (context) => {
      if (context.method !== 'keyboard-interactive') return;
      const prompts = [
        { prompt: 'Login\n\tname: ', echo: true },
        { prompt: 'Password: ', echo: false },
      ];
      context.prompt(prompts, 'Two\x1b[2J\nfactors', `Look at\u202e your phone.${'x'.repeat(9000)}`, (answers) => {
        if (answers.join() === `al,${SECRET}`) context.accept();
        else context.reject();
      });
    });
    const ask = new ScriptedAsk('al', SECRET);
    await (await connect({ password: 'not for two prompts', ask })).close();
    const [first = '', second] = ask.questions;
    expect(first).toMatch(
      /^The old machine says: Two\\x1b\[2J factors: Look at\\u\{202e\} your phone\.x+… - The old machine asks: Login name:$/,
    );
    expect(first.length).toBeLessThan(400);
    expect(second).toBe('The old machine asks: Password:');
    expect(ask.visible).toEqual([first]);
  });

  it.each([
    ['rounds without a prompt', 0, 'host-unreachable'],
    ['rounds of a hundred prompts', 100, 'auth-failed'],
  ])('ends with %s that never cease (F37)', async (_name, size, code) => {
    await serve(['keyboard-interactive'], (context) => {
      if (context.method !== 'keyboard-interactive') return;
      const prompts = Array.from({ length: size }, () => ({ prompt: 'More: ', echo: false }));
      const again = (): void => context.prompt(prompts, () => setTimeout(again, 5));
      again();
    });
    const ask = new ScriptedAsk(...Array.from({ length: 200 }, () => 'x'));
    expect(await problemFrom(connect({ ask, connectTimeoutMs: 300 }))).toMatchObject({ code });
    expect(ask.questions).toEqual([]);
  });

  it('ends with a server that takes everything and always wants more (F37)', async () => {
    const seen = await serve(['password', 'keyboard-interactive', 'publickey'], (context) => {
      if (context.method === 'publickey' && !context.signature) context.accept();
      else if (context.method === 'keyboard-interactive')
        context.prompt([{ prompt: 'Code: ' }], () => context.reject(['password', 'publickey'], true));
      else context.reject(['password', 'keyboard-interactive', 'publickey'], true);
    });
    const ask = new ScriptedAsk(...Array.from({ length: 50 }, () => 'x'));
    const identities = [server?.identity.path ?? ''];
    expect(await problemFrom(connect({ ask, identities }))).toMatchObject({ code: 'auth-failed' });
    expect(ask.questions.length).toBeLessThan(10);
    expect(seen.length).toBeLessThan(20);
  });

  it('names the key that could not be used before the prompt that nobody could answer', async () => {
    await serve(['publickey', 'keyboard-interactive'], (context) => {
      if (context.method === 'keyboard-interactive') context.prompt([{ prompt: 'Password: ' }], () => context.reject());
      else context.accept();
    });
    const locked = makeKey(server?.folder ?? '', 'locked', { passphrase: 'canary' }).path;
    expect(await problemFrom(connect({ identities: [locked] }))).toMatchObject({ code: 'identity-unusable' });
    const none = await problemFrom(connect({}));
    expect(none.message).toContain('The old machine asks: Password: (there is nobody to answer).');
  });

  it('says that a password has expired when the server wants a new one', async () => {
    await serve(['password'], (context) => {
      if (context.method === 'password') context.requestChange('New\x1b password: ', () => context.accept());
    });
    const problem = await problemFrom(connect({ password: SECRET }));
    expect(problem).toMatchObject({ code: 'auth-failed', detail: { tried: ['password'] } });
    expect(problem.message).toContain('the password has expired');
    expect(problem.hint).toContain('Set a new one');
    expect(JSON.stringify(problem)).not.toContain('canary');
  });

  it('ends when a person breaks off at a prompt, and asks nothing more', async () => {
    await serve(['keyboard-interactive'], (context) => {
      if (context.method === 'keyboard-interactive') context.prompt([{ prompt: 'Code: ' }], () => context.reject());
    });
    const brokenOff = fail('interrupted', { message: 'Interrupted.', hint: 'Run it again.' });
    const ask = new ScriptedAsk(brokenOff, 'x');
    expect(await problemFrom(connect({ ask }))).toMatchObject({ code: 'interrupted' });
    expect(ask.questions).toHaveLength(1);
  });

  it('goes on to the second factor after a key was taken', async () => {
    let keyTaken = false;
    await serve(['publickey', 'password'], (context) => {
      if (context.method === 'publickey' && context.signature) {
        keyTaken = true;
        context.reject(['password'], true);
      } else if (context.method === 'publickey') context.accept();
      else if (keyTaken) byPassword(context);
      else context.reject(['publickey']);
    });
    const identities = [server?.identity.path ?? ''];
    await (await connect({ identities, ask: new ScriptedAsk(SECRET) })).close();
  });

  it('shows the banner of a server that refuses, bounded and printable', async () => {
    server = await startScripted((connection) => connection.on('authentication', (context) => context.reject([])), {
      banner: `\x1b[31mClosed for today.${'x'.repeat(20_000)}`,
    });
    const problem = await problemFrom(connect({ password: 'x' }));
    expect(problem.message).toContain('It says: \\x1b[31mClosed for today.');
    expect(problem.message.length).toBeLessThan(700);
  });

  it.runIf(canMakeUsers)('works with a real sshd and an account of another name and home', async () => {
    const user = makeUser({ password: SECRET });
    const sshd = await startSshd({ passwords: true, ownHomes: true });
    try {
      const host = await SshHost.connect(sshOptions(sshd, { user: user.name, identities: [], password: SECRET }));
      const { stdout } = await run(host, ['sh', '-c', 'id -un; pwd -P; echo "$HOME"']);
      expect(stdout.toString()).toBe(`${user.name}\n${user.home}\n${user.home}\n`);
      await host.close();
      const wrong = SshHost.connect(sshOptions(sshd, { user: user.name, identities: [], password: 'wrong' }));
      expect(await problemFrom(wrong)).toMatchObject({ code: 'auth-failed' });
      const nobody = SshHost.connect(sshOptions(sshd, { user: 'np-nobody-of-that-name', password: 'wrong' }));
      expect(await problemFrom(nobody)).toMatchObject({ code: 'auth-failed' });
    } finally {
      await sshd.stop();
      user.remove();
    }
  });
});
