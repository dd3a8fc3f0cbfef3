import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/host/run.ts';
import { SshHost } from '../../src/host/ssh.ts';
import type { SshOptions } from '../../src/host/ssh-options.ts';
import { fingerprint } from '../transfer/fingerprint.ts';
import { twoPlaces } from '../transfer/two-places.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';
import { sshOptions } from '../kit/ssh-options.ts';
import { canMakeUsers, makeUser, type ThrowawayUser } from '../kit/throwaway-user.ts';

const NASTY = ["it's", 'a b', 'x\ny', ';id>pwned', '$(id)', '!!', '\\', '-rf', 'ä日😀'];

/** One program of many names: as a login shell it goes by this one. */
const BUSYBOX = join(mkdtempSync(join(tmpdir(), 'np-busybox-')), 'ash');

/** What talks, asks, dawdles or leaves at every login, by the file that each shell reads then. */
const START_UP: Readonly<Record<string, { shell: string; file: string; text: string }>> = {
  bash: { shell: '/bin/bash', file: '.bashrc', text: 'echo welcome; echo oops >&2; stty -a; printf "[31m>"\n' },
  dash: { shell: '/bin/dash', file: '.profile', text: '' },
  zsh: { shell: '/usr/bin/zsh', file: '.zshenv', text: 'echo welcome; echo oops >&2; stty -a; printf ">"\n' },
  fish: { shell: '/usr/bin/fish', file: '.config/fish/config.fish', text: 'echo welcome; echo oops >&2; printf ">"\n' },
  tcsh: { shell: '/bin/tcsh', file: '.tcshrc', text: 'echo welcome; set verbose; printf ">"\n' },
  'bash with odd options': {
    shell: '/bin/bash',
    file: '.bashrc',
    text: 'set -o noclobber -o nounset -o errexit; shopt -s nullglob failglob; IFS=x; alias exec=echo printf=false; echo hi\n',
  },
  'zsh with odd options': {
    shell: '/usr/bin/zsh',
    file: '.zshenv',
    text: 'setopt noclobber errexit shwordsplit; echo hi\n',
  },
  'bash that dawdles': { shell: '/bin/bash', file: '.bashrc', text: 'sleep 0.3; cat </dev/null; echo late\n' },
  'busybox ash': { shell: BUSYBOX, file: '.profile', text: '' },
};

// Only root can make accounts with other login shells; without it test/host/quote.test.ts starts the same shells directly.
describe.runIf(canMakeUsers)('an account on the old machine', () => {
  let server: Sshd;
  const users: ThrowawayUser[] = [];
  beforeAll(async () => {
    chmodSync(dirname(BUSYBOX), 0o755);
    symlinkSync('/bin/busybox', BUSYBOX);
    server = await startSshd({ ownHomes: true });
  });
  afterAll(async () => {
    await server.stop();
    for (const user of users) user.remove();
    rmSync(dirname(BUSYBOX), { recursive: true });
  });

  const connect = async (
    shell: string,
    files: Record<string, string>,
    other: Partial<SshOptions> = {},
  ): Promise<SshHost> => {
    const user = makeUser({ shell });
    users.push(user);
    for (const [path, text] of Object.entries(files)) user.write(path, text);
    return SshHost.connect(sshOptions(server, { user: user.name, ...other }));
  };

  it.each(Object.keys(START_UP))(
    'with the login shell %s, and start-up files that talk, starts commands as they are (F115)',
    async (name) => {
      const { shell, file, text } = START_UP[name] ?? { shell: '', file: '', text: '' };
      expect(existsSync(shell)).toBe(true);
      const host = await connect(shell, { [file]: text });
      const { code, stdout, stderr } = await run(host, ['printf', '%s\\0', ...NASTY], { env: { NP_TEST: "it's" } });
      expect({ code, said: stdout.toString(), stderr: stderr.toString() }).toEqual({
        code: 0,
        said: NASTY.map((word) => `${word}\0`).join(''),
        stderr: '',
      });
      const held = await host.spawn(['sh', '-c', 'sleep 100 & wait']);
      held.stdout.resume();
      held.stderr.resume();
      held.kill('TERM');
      expect(await held.exit).toEqual({ code: null, signal: 'TERM' });
      await host.close();
    },
  );

  it.each(Object.keys(START_UP))('with the login shell %s can be copied from by rsync (F115)', async (name) => {
    const { shell, file, text } = START_UP[name] ?? { shell: '', file: '', text: '' };
    const host = await connect(shell, { [file]: text });
    const places = await twoPlaces();
    try {
      const tree = join(users.at(-1)?.home ?? '', 'a tree');
      users.at(-1)?.write('a tree/file', 'content');
      await places.pull({ old: host, oldPath: tree });
      expect(await fingerprint(places.staging)).toEqual(await fingerprint(tree));
    } finally {
      await places.remove();
      await host.close();
    }
  });

  it('starts commands without a terminal, without an agent, and with nothing of our environment', async () => {
    const liberal = await startSshd({ config: ['AcceptEnv *', 'AllowAgentForwarding yes'] });
    try {
      const host = await SshHost.connect(sshOptions(liberal, { agent: process.env['SSH_AUTH_SOCK'] ?? null }));
      const { stdout } = await run(host, ['sh', '-c', 'tty; env']);
      expect(stdout.toString()).toMatch(/^not a tty\n/);
      expect(stdout.toString()).not.toMatch(/^(?:LC_|LANG|SSH_AUTH_SOCK|DISPLAY|VITEST)/m);
      await host.close();
    } finally {
      await liberal.stop();
    }
  });

  it.each([
    ['/usr/sbin/nologin', {}, 'This account is currently not available'],
    ['/bin/false', {}, 'exit code 1'],
    [
      '/bin/bash',
      { '.bashrc': 'echo gone for lunch; exit 9\n' },
      'ended (exit code 9) before the command began. It said: gone for lunch',
    ],
    ['/bin/rbash', {}, 'restricted'],
  ])('with %s that starts nothing is named as that, with what it says (F115)', async (shell, files, words) => {
    const host = await connect(shell, files);
    const problem = await problemFrom(run(host, ['true']));
    expect(problem).toMatchObject({ code: 'login-shell-unusable' });
    expect(problem.message).toContain(words);
    await host.close();
  });

  it('that asks a question at login is not answered with what was meant for the command, which never begins (F115)', async () => {
    const files = { '.bashrc': 'read -r answer; echo "$answer" >"$HOME/answer"\n' };
    const host = await connect('/bin/bash', files, { loginTimeoutMs: 300 });
    const mark = `${users.at(-1)?.home ?? ''}/began`;
    const problem = await problemFrom(run(host, ['touch', mark], { stdin: 'secret' }));
    expect(problem).toMatchObject({ code: 'login-shell-unusable' });
    expect(problem.message).toContain('did not start the command within 0.3 s');
    await host.close();
    expect(existsSync(mark)).toBe(false);
  });

  it('that dawdles at login is waited for', async () => {
    const host = await connect('/bin/bash', { '.bashrc': 'sleep 0.5\n' });
    expect(await run(host, ['cat'], { stdin: 'patience' })).toMatchObject({ code: 0 });
    await host.close();
  });
});
