import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loginCommand, quoteWord, signalCommand } from '../../src/host/quote.ts';

const NONCE = '0123456789abcdef0123456789abcdef';

/** What each shell reads before a command that comes by ssh, printing on both streams and leaving a line unfinished. */
const START_UP: Readonly<Record<string, { file: string; text: string }>> = {
  bash: { file: '.bashrc', text: 'echo welcome; echo oops >&2; printf "no newline"; set -x\n' },
  dash: { file: '.profile', text: '' },
  zsh: { file: '.zshenv', text: 'echo welcome; echo oops >&2; printf "no newline"; setopt xtrace verbose\n' },
  fish: { file: '.config/fish/config.fish', text: 'echo welcome; echo oops >&2; printf "no newline"\n' },
  tcsh: { file: '.tcshrc', text: 'echo welcome; printf "no newline"; set echo; set verbose\n' },
};
const SHELLS = Object.keys(START_UP);
const NASTY = [
  "it's",
  'a b',
  'x\ny\n',
  ';id',
  '$(id)`id`$HOME',
  '-n',
  '!!',
  '\\',
  '\\\\\'"',
  '%s',
  '*',
  'ä日😀',
  '\x01\x7f\x81',
  '~',
];

describe.each(SHELLS)('a command line for a login shell, read by %s', (shell) => {
  let home: string;

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'np-shell-'));
    const { file, text } = START_UP[shell] ?? { file: 'none', text: '' };
    mkdirSync(join(home, file, '..'), { recursive: true });
    writeFileSync(join(home, file), text);
  });
  afterAll(() => {
    rmSync(home, { recursive: true, force: true });
  });

  /** As sshd starts it: the line is one argument of the login shell. */
  const start = (line: string, input = ''): { code: number | null; out: string; err: string; said: Buffer } => {
    const env = { HOME: home, PATH: process.env['PATH'] ?? '', SSH_CLIENT: '127.0.0.1 1 22', LANG: 'C.UTF-8' };
    const { status, stdout, stderr } = spawnSync(shell, ['-c', line], { env, cwd: home, input });
    const [out, err] = [stdout, stderr].map((said) => afterNonce(said));
    return { code: status, out: out?.toString() ?? '', err: err?.toString() ?? '', said: stdout };
  };

  it('starts what it says, behind the nonce, although the start-up files talk (F115)', () => {
    const { code, out, err, said } = start(
      loginCommand(['sh', '-c', 'echo out; echo err >&2; exit 7'], { nonce: NONCE }),
    );
    expect({ code, out, err }).toEqual({ code: 7, out: 'out\n', err: 'err\n' });
    expect(said.includes('welcome')).toBe(shell !== 'dash');
  });

  it('keeps every word, the directory and the environment as they are', () => {
    const cwd = join(home, NASTY.join('').replaceAll('/', ''));
    mkdirSync(cwd);
    const env = { NP_TEST: NASTY.join(' ') };
    const script = 'pwd -P; printf "%s." "$NP_TEST"; printf "%s\\0" "$@"';
    const { out } = start(loginCommand(['sh', '-c', script, 'sh', ...NASTY], { nonce: NONCE, cwd, env }));
    expect(out).toBe(`${cwd}\n${env.NP_TEST}.${NASTY.map((word) => `${word}\0`).join('')}`);
  });

  it('keeps words of any bytes that a string can hold', () => {
    const word = fc.string({ unit: 'binary', maxLength: 60 }).map((any) => any.toWellFormed().replaceAll('\0', ''));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
        const { out } = start(loginCommand(['printf', '%s\\0', ...words], { nonce: NONCE }));
        expect(out).toBe(words.map((each) => `${each}\0`).join(''));
      }),
      { numRuns: 40 },
    );
  });

  it('takes a line of 100 kB', () => {
    const long = 'long/path '.repeat(10_000);
    expect(start(loginCommand(['printf', '%s', long], { nonce: NONCE })).out).toBe(long);
  });

  it('does not hold the nonce in the open, so that a shell that echoes its commands cannot forge it (F53)', () => {
    expect(loginCommand(['true'], { nonce: NONCE })).not.toContain(NONCE);
  });

  it('exits 125 for a directory that is not there and 127 for a program that is not there', () => {
    expect(start(loginCommand(['echo', 'ran'], { nonce: NONCE, cwd: '/np/nowhere' }))).toMatchObject({
      code: 125,
      out: '',
    });
    expect(start(loginCommand(['np-no-such-program'], { nonce: NONCE }))).toMatchObject({ code: 127, out: '' });
  });

  it('reports how the command ended where that is asked for, and words, directory and environment stay as they are', () => {
    const env = { NP_TEST: NASTY.join(' ') };
    const launch = { nonce: NONCE, cwd: home, env, reports: true };
    const script = 'pwd -P; printf "%s." "$NP_TEST"; printf "%s\\0" "$@"; cat; echo err >&2; exit 7';
    const { out, err } = start(loginCommand(['sh', '-c', script, 'sh', ...NASTY], launch), 'go\nfor the command');
    expect(out).toBe(`${home}\n${env.NP_TEST}.${NASTY.map((word) => `${word}\0`).join('')}for the command`);
    expect(err).toBe(`err\n${NONCE}=7\n`);
    expect(loginCommand(['true'], launch)).not.toContain(NONCE);
  });

  it('begins nothing that is to be reported on when its input ends before it is told to (F115)', () => {
    const { out, err } = start(loginCommand(['echo', 'ran'], { nonce: NONCE, reports: true }));
    expect(out).toBe('');
    expect(err).toBe(`${NONCE}=1\n`);
  });

  it.each([
    ['TERM', 143],
    ['INT', 130],
    ['HUP', 129],
    ['KILL', 137],
    ['SEGV', 139],
  ])('reports an end by %s, and no shell says a word about it', (signal, status) => {
    const { err } = start(loginCommand(['sh', '-c', `kill -s ${signal} $$`], { nonce: NONCE, reports: true }), 'go\n');
    expect(err).toBe(`${NONCE}=${status}\n`);
  });

  it('reports what a signal to the whole group has ended', async () => {
    const line = loginCommand(['sh', '-c', 'sleep 100 & wait'], { nonce: NONCE, reports: true });
    const env = { HOME: home, PATH: process.env['PATH'] ?? '', SSH_CLIENT: '127.0.0.1 1 22' };
    const group = spawn(shell, ['-c', line], { env, detached: true, stdio: 'pipe' });
    const said = text(group.stderr);
    group.stdin.write('go\n');
    let began = '';
    for await (const chunk of group.stdout) {
      began += String(chunk);
      if (began.includes(NONCE)) process.kill(-(group.pid ?? 0), 'SIGTERM');
    }
    expect(await said).toContain(`${NONCE}=143\n`);
  });

  it('reports 125 for a directory that is not there and 127 for a program that is not there', () => {
    const launch = { nonce: NONCE, reports: true };
    const astray = start(loginCommand(['echo', 'ran'], { ...launch, cwd: '/np/nowhere' }), 'go\n');
    expect(astray.out).toBe('');
    expect(astray.err).toMatch(new RegExp(`nowhere[^]*${NONCE}=125\n$`));
    expect(start(loginCommand(['np-no-such-program'], launch), 'go\n').err).toMatch(new RegExp(`${NONCE}=127\n$`));
  });

  it('signals a whole group by its number', async () => {
    const group = spawn('sh', ['-c', 'sleep 100 & wait'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(group, 'close');
    start(signalCommand(group.pid ?? 0, 'TERM'));
    // The output closes when the last of the group is gone.
    expect(await ended).toEqual([null, 'SIGTERM']);
  });
});

describe('quoting', () => {
  it('refuses a line that no machine would take as one argument', () => {
    expect(() => loginCommand(['printf', 'x'.repeat(130_000)], { nonce: NONCE })).toThrow(TypeError);
  });

  it('makes one word of anything', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (any) => {
        const word = any.replaceAll('\0', '').toWellFormed();
        expect(spawnSync('sh', ['-c', `printf %s ${quoteWord(word)}`], { encoding: 'utf8' }).stdout).toBe(word);
      }),
      { numRuns: 30 },
    );
  });
});

function afterNonce(said: Buffer): Buffer {
  const at = said.indexOf(NONCE);
  return at < 0 ? Buffer.from('(no nonce)') : said.subarray(said.indexOf('\n', at) + 1);
}
