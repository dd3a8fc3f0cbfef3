import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FILES_SCRIPT } from '../../src/checks/files-script.ts';
import { KEEPERS_SCRIPT, keeperNames } from '../../src/checks/keepers-script.ts';
import { GATEWAY_SCRIPT } from '../../src/checks/gateway-script.ts';
import { LINKS_SCRIPT } from '../../src/checks/links-script.ts';
import { MEASURE_SCRIPT } from '../../src/checks/measure-script.ts';
import { PATHS_SCRIPT } from '../../src/checks/paths-script.ts';
import { MACHINE_SCRIPT, machineArgs } from '../../src/checks/survey-script.ts';
import { type Account, insideRoots } from '../../src/read-only/account.ts';
import { accountOf, cleaned } from '../../src/read-only/environment.ts';
import { grant, judgeInput } from '../../src/read-only/grant.ts';
import { programInput, readProgramInput, scriptInput } from '../../src/host/input.ts';
import { SCRIPTS } from '../../src/read-only/known.generated.ts';
import { endOfArgs, isPlainSender, isSender, strangeArg } from '../../src/read-only/rsync-args.ts';
import { PROGRAM_TEXT as CENSUS } from '../../src/census/program.generated.ts';
import { decodeRequest as decodeCensus, encodeRequest as encodeCensus } from '../../src/census/request.ts';
import { PROGRAM_TEXT } from '../../src/walk/program.generated.ts';
import { decodeRequest, encodeRequest } from '../../src/walk/request.ts';
import { LAUNCH } from '../../src/watch/bootstrap.ts';
import { PROGRAM_SHA256 } from '../../src/watch/program.generated.ts';
import {
  decodeRequest as decodeWatch,
  encodeRequest as encodeWatch,
  type WatchRequest,
} from '../../src/watch/request.ts';

let home: string;
let account: Account;

beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'np-read-only-')));
  const units = join(home, '.config/systemd/user');
  mkdirSync(units, { recursive: true });
  mkdirSync(join(home, 'state'));
  symlinkSync('/etc', join(home, 'way-out'));
  symlinkSync('state', join(home, 'way-in'));
  const start = 'ExecStart=-"/opt/node 20/bin/node" /opt/n/bin/node \\\n  %h/lib/index.js gateway --port 18789';
  writeFileSync(join(units, 'smart-agent-neo-gateway.service'), `[Service]\n${start}\nEnvironment=A=/bin/evil\n`);
  writeFileSync(join(units, 'other.service'), '[Service]\nExecStart=/bin/other\n');
  const env = { HOME: home, SHELL: '/bin/bash', PATH: '/usr/bin:/bin' };
  account = accountOf(['--program', '/opt/named'], env, {
    homedir: '/nowhere',
    shell: '/bin/zsh',
    node: process.execPath,
  }) as Account;
});
afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

type Judged = ReturnType<typeof judgeInput>;
const kindOf = (judged: Judged): string | null => (typeof judged === 'string' ? null : judged.kind);
const judged = (script: string, ...args: string[]): string | null =>
  kindOf(judgeInput(Buffer.from(scriptInput({ script, args })), 'script', account));
const program = (text: string, request: string): Judged =>
  judgeInput(Buffer.from(programInput({ program: text, request })), 'program', account);
/** The request that the program is given. */
const given = (answer: Judged): string =>
  (typeof answer === 'string' ? readProgramInput(answer)?.request : undefined) ?? '';

describe('what is started', () => {
  const ENV = { NODE_OPTIONS: '', NODE_PATH: '', UV_THREADPOOL_SIZE: '8' };
  const asked = (argv: readonly string[], more: { cwd?: string; env?: Record<string, string> } = {}) =>
    grant({ kind: 'launch', nonce: '', argv, env: {}, ...more }, account);
  const NODE = ['/opt/evil/node', '--input-type=commonjs', '-'];

  it('is the Node of the dispatcher, or a shell, by no other words and variables than ours', () => {
    const [node, ...words] = [process.execPath, ...NODE.slice(1)];
    expect(asked(NODE, { env: ENV })).toEqual({ kind: 'program', argv: [node, ...words], cwd: null });
    expect(asked(['/bin/sh', '-s'])).toEqual({ kind: 'script', argv: ['/bin/sh', '-s'], cwd: null });
    for (const argv of [
      ['/opt/evil/node', '-'],
      ['/opt/evil/node', '--require', '/x'],
      ['/bin/sh', '-sx'],
      ['/bin/sh'],
    ])
      expect(asked(argv)).toMatchObject({ kind: 'not-allowed' });
    for (const env of [{ NODE_OPTIONS: '--require=/x' }, { LD_PRELOAD: '/x' }, { constructor: '' }])
      for (const argv of [NODE, ['/bin/sh', '-s']]) expect(asked(argv, { env })).toMatchObject({ kind: 'not-allowed' });
    for (const argv of [NODE, ['/bin/sh', '-s']])
      expect(asked(argv, { cwd: home })).toMatchObject({ kind: 'not-allowed' });
  });

  it('by words that had the paths in them is of another version, and so is what comes without any', () => {
    for (const argv of [
      [...NODE, 'e30='],
      ['/bin/sh', '-s', '--', home],
    ])
      expect(asked(argv)).toMatchObject({ kind: 'other-version' });
    for (const kind of ['script', 'program'] as const)
      for (const text of ['', MEASURE_SCRIPT, PROGRAM_TEXT, `set -- $(id)\n${MEASURE_SCRIPT}`])
        expect(judgeInput(Buffer.from(text), kind, account)).toMatchObject({ kind: 'other-version' });
  });
});

describe('a walk', () => {
  const request = (root: string): string =>
    encodeRequest({ root, excludes: [], room: 'state', workspaces: [], hash: true });

  it('begins where its root really lies', () => {
    const answer = program(PROGRAM_TEXT, request(join(home, 'way-in')));
    expect(decodeRequest(given(answer))).toMatchObject({ root: join(home, 'state'), hash: true });
    expect(typeof answer === 'string' && answer.endsWith(`\n${PROGRAM_TEXT}`)).toBe(true);
  });

  it('leads nowhere outside of the roots, and asks for nothing but a walk', () => {
    for (const root of ['/etc', join(home, 'way-out'), `${home}/..`])
      expect(program(PROGRAM_TEXT, request(root))).toMatchObject({ kind: 'outside' });
    for (const text of ['', 'x', Buffer.from('null').toString('base64'), Buffer.from('{}').toString('base64')])
      expect(program(PROGRAM_TEXT, text)).toMatchObject({ kind: 'not-allowed' });
    expect(program(PROGRAM_TEXT, '");evil("')).toMatchObject({ kind: 'other-version' });
  });

  it('is read by Node and a script by a shell, never the other way round', () => {
    expect(program(MEASURE_SCRIPT, request(home))).toMatchObject({ kind: 'not-allowed' });
    expect(program(`${PROGRAM_TEXT};`, request(home))).toMatchObject({ kind: 'other-version' });
    expect(judged(PROGRAM_TEXT, home)).toBe('not-allowed');
  });
});

describe('a census', () => {
  const asked = (state: string, workspace: string): Judged =>
    program(CENSUS, encodeCensus({ state, apart: [], workspaces: [{ id: 'main', path: workspace }] }));

  it('looks where its places really lie, in the roots only, and is no walk', () => {
    const { workspaces } = decodeCensus(given(asked(home, join(home, 'way-in'))));
    expect(workspaces).toEqual([{ id: 'main', path: join(home, 'state') }]);
    expect(asked(home, join(home, 'way-out'))).toMatchObject({ kind: 'outside' });
    expect(asked('/etc', home)).toMatchObject({ kind: 'outside' });
    const request = encodeCensus({ state: home, apart: [], workspaces: [] });
    expect(program(PROGRAM_TEXT, request)).toMatchObject({ kind: 'not-allowed' });
  });

  it('reads indexes of sessions in the roots only, and copies no database', () => {
    const at = (path: string): Judged => {
      const stores = [{ id: 'state/main.json', path }];
      return program(CENSUS, encodeCensus({ state: home, apart: [], workspaces: [], stores, scratch: '/etc' }));
    };
    const asked = decodeCensus(given(at(join(home, 'way-in/main.json'))));
    expect(asked.stores).toEqual([{ id: 'state/main.json', path: join(home, 'state/main.json') }]);
    expect(asked.scratch).toBeUndefined();
    expect(at(join(home, 'way-out/passwd'))).toMatchObject({ kind: 'outside' });
  });

  it('reads certificates in the roots only, and vouches for no other Node than the one that answers', () => {
    const from = { platform: 'linux', arch: 'x64' };
    const certificates = [join(home, 'way-in/cert.pem'), '/etc/ssl/cert.pem', join(home, 'way-out/cert.pem')];
    const bound = { from, to: { ...from, libc: null, abi: '115' }, isOwnNode: true, certificates };
    const answer = program(CENSUS, encodeCensus({ state: home, apart: [], workspaces: [], bound }));
    expect(decodeCensus(given(answer)).bound).toEqual({
      ...bound,
      isOwnNode: false,
      certificates: [join(home, 'state/cert.pem')],
    });
  });
});

describe('a watcher', () => {
  const ENV = { NODE_OPTIONS: '', NODE_PATH: '', UV_THREADPOOL_SIZE: '8' };
  const request = (oldPath: string, other: Partial<WatchRequest> = {}): WatchRequest => ({
    program: { bytes: 10, sha256: PROGRAM_SHA256 },
    roots: [{ id: 'state', oldPath, room: 'state', workspaces: ['workspace'], files: null }],
    excludes: [{ pattern: '/logs/', reason: '', room: 'state' }],
    cookieDir: null,
    engine: null,
    beatMs: 5000,
    deafMs: 60_000,
    ...other,
  });
  const asked = (words: readonly string[], more: { cwd?: string; env?: Record<string, string> } = { env: ENV }) =>
    grant({ kind: 'launch', nonce: '', argv: ['/opt/evil/node', ...words], ...more }, account);
  const line = (text: string): Judged => judgeInput(Buffer.from(text), 'watch', account);
  const watch = (oldPath: string, other: Partial<WatchRequest> = {}): Judged =>
    line(encodeWatch(request(oldPath, other)));

  it('is run by the Node of the dispatcher, from where its roots really lie', () => {
    expect(asked(LAUNCH)).toEqual({ kind: 'watch', argv: [process.execPath, ...LAUNCH], cwd: null });
    const answer = watch(join(home, 'way-in'));
    expect(typeof answer === 'string' && decodeWatch(answer)).toEqual(request(join(home, 'state')));
  });

  it('has roots inside of those of the account only, and writes nothing', () => {
    for (const path of ['/etc', join(home, 'way-out'), `${home}/..`])
      expect(watch(path)).toMatchObject({ kind: 'outside' });
    const cookies = { cookieDir: home } as Partial<WatchRequest>;
    expect(watch(home, cookies)).toMatchObject({ kind: 'not-allowed' });
  });

  it('is begun by the very text that checks its hash, and has the hash of this version', () => {
    const other = { program: { bytes: 10, sha256: PROGRAM_SHA256.replace(/^./, 'x') } };
    expect(watch(home, other)).toMatchObject({ kind: 'other-version' });
    const [words, last] = [LAUNCH.slice(0, -1), LAUNCH.at(-1) ?? ''];
    for (const launch of [
      [...words, `${last};`],
      [...words, 'process.exit()'],
      [...LAUNCH, encodeWatch(request(home))],
      [...words],
    ])
      expect(asked(launch)).toMatchObject({ kind: 'other-version' });
    expect(asked(['--require=/x', ...LAUNCH])).toMatchObject({ kind: 'not-allowed' });
  });

  it('has no other words and variables than a watcher has', () => {
    const encoded = ['null', '{}'].map((text) => Buffer.from(text).toString('base64'));
    for (const text of ['', 'x', ...encoded]) expect(line(text)).toMatchObject({ kind: 'not-allowed' });
    const strange = [{ roots: null }, { roots: [null] }, { excludes: [{}] }, { beatMs: '1' }, { engine: 'other' }];
    for (const other of strange)
      expect(watch(home, other as unknown as Partial<WatchRequest>)).toMatchObject({ kind: 'not-allowed' });
    for (const env of [{ NODE_OPTIONS: '--require=/x' }, { LD_PRELOAD: '/x' }])
      expect(asked(LAUNCH, { env })).toMatchObject({ kind: 'not-allowed' });
    expect(asked(LAUNCH, { cwd: home })).toMatchObject({ kind: 'not-allowed' });
  });
});

describe('a script', () => {
  it('is known by its text, and there are seven beside the two programs', () => {
    const looks = [MEASURE_SCRIPT, FILES_SCRIPT, PATHS_SCRIPT, LINKS_SCRIPT];
    const hashes = [MACHINE_SCRIPT, GATEWAY_SCRIPT, KEEPERS_SCRIPT, ...looks, PROGRAM_TEXT, CENSUS].map((text) =>
      createHash('sha256').update(text).digest('hex'),
    );
    expect(Object.keys(SCRIPTS)).toEqual(hashes);
    expect(judged('')).toBe('other-version');
    expect(judged(`${MEASURE_SCRIPT}\n`, home)).toBe('other-version');
  });

  it('of what keeps gateways gets names of a product and pids, and nothing else', () => {
    for (const product of ['smart-agent-neo', 'openclaw'] as const)
      expect(judged(KEEPERS_SCRIPT, keeperNames(product), '1', '4711')).toBeNull();
    expect(judged(KEEPERS_SCRIPT, 'anything')).toBe('not-allowed');
    expect(judged(KEEPERS_SCRIPT, keeperNames('openclaw'), '../1')).toBe('not-allowed');
  });

  it('of the machine gets the arguments that a survey has, and no others', () => {
    for (const product of ['smart-agent-neo', 'openclaw', null] as const)
      expect(judged(MACHINE_SCRIPT, ...machineArgs(product))).toBeNull();
    expect(judged(MACHINE_SCRIPT, ...machineArgs(null), 'more')).toBe('not-allowed');
    expect(judged(MACHINE_SCRIPT, 'x', '', '', '')).toBe('not-allowed');
  });

  it('of the gateway starts only programs that a gateway service of the account or its owner names', () => {
    const asked = (program: string, entry = '', bin = ''): string | null =>
      judged(
        GATEWAY_SCRIPT,
        'smart-agent-neo',
        bin,
        '/bin/bash',
        '1',
        program,
        entry,
        'unit x',
        home,
        '1',
        `${home}/c.json`,
      );
    expect(asked('/opt/n/bin/node', `${home}/lib/index.js`)).toBeNull();
    expect(asked('/opt/n/bin/node', `${home}/lib/index.js`, '/opt/named')).toBeNull();
    for (const program of ['/bin/evil', '/bin/other', 'gateway', '/opt/n/bin', `${home}/lib/index`])
      expect(asked(program)).toBe('outside');
    expect(asked('/opt/n/bin/node', '', '/bin/evil')).toBe('outside');
  });

  it('of the gateway gets the name of a product and the shell of the account, and paths inside the roots', () => {
    const asked = (...args: string[]): string | null => judged(GATEWAY_SCRIPT, ...args);
    expect(asked('openclaw', '', '/bin/zsh', '0', home, '2', `${home}/c.json`, `${home}/d`)).toBeNull();
    expect(asked('x; id', '', '/bin/zsh', '0')).toBe('not-allowed');
    expect(asked('openclaw', '', '/usr/bin/python3', '0')).toBe('not-allowed');
    expect(asked('openclaw', '', '/bin/zsh', '2', '/opt/named', '', 'x')).toBe('not-allowed');
    expect(asked('openclaw', '', '/bin/zsh', '-1')).toBe('not-allowed');
    expect(asked('openclaw', '', '/bin/zsh', '0', home, '1', '/etc/passwd')).toBe('outside');
    expect(asked('openclaw', '', '/bin/zsh', '0', home, '1', home, '/etc', '1', home)).toBe('outside');
    for (const count of ['0', '2', 'x', '-1']) {
      expect(asked('openclaw', '', '/bin/zsh', '0', home, count, '/etc/passwd')).toBe('not-allowed');
    }
  });

  it('that reads files reads them inside the roots', () => {
    expect(judged(FILES_SCRIPT, `${home}/a.json5`, `${home}/state/b`)).toBeNull();
    expect(judged(FILES_SCRIPT, `${home}/a.json5`, `${home}/way-out/passwd`)).toBe('outside');
    expect(judged(MEASURE_SCRIPT, '/')).toBe('outside');
  });
});

describe('the roots of an account', () => {
  it('hold what lies in them, there or not, and never what a symlink or ".." leads to', () => {
    expect(insideRoots(home, account)).toBe(home);
    expect(insideRoots(`${home}/way-in/x/y`, account)).toBe(`${home}/state/x/y`);
    for (const path of [`${home}-other`, `${home}/../x`, `${home}/way-out`, `${home}/way-out/none/x`, 'x', '', '/'])
      expect(insideRoots(path, account)).toBeNull();
  });

  it('are the home, or what the owner names', () => {
    const user = { homedir: '/home/al', shell: null, node: '/usr/bin/node' };
    expect(accountOf([], {}, user)).toMatchObject({ roots: ['/home/al'], programs: [] });
    expect(accountOf(['--root', '/a', '--root', '/b'], {}, user)).toMatchObject({ roots: ['/a', '/b'] });
    for (const words of [['--root'], ['--root', 'a'], ['--other'], ['/a']])
      expect(accountOf(words, {}, user)).toMatchObject({ kind: 'misconfigured' });
  });
});

describe('a sending rsync', () => {
  it('is started from a usual place and in a root', () => {
    const argv = ['/usr/bin/rsync', '--server', '--sender', '-slHtpre.LsfxCIvu'];
    const asked = { kind: 'launch', nonce: '', argv, env: {} } as const;
    expect(grant({ ...asked, cwd: `${home}/way-in` }, account)).toMatchObject({ kind: 'rsync', cwd: `${home}/state` });
    expect(grant({ ...asked, cwd: `${home}/way-out` }, account)).toMatchObject({ kind: 'outside' });
    expect(grant({ ...asked, cwd: home, env: { A: 'b' } }, account)).toMatchObject({ kind: 'not-allowed' });
    expect(grant({ ...asked, argv: ['/x/rsync', ...argv.slice(1)], cwd: home }, account)).toMatchObject({
      kind: 'outside',
    });
  });

  it('may be an openrsync, whose arguments are all there to be seen', () => {
    const plain = ['--server', '--sender', '-lHtprc', '--timeout=240', '--numeric-ids', '.', './'];
    expect(isPlainSender(plain)).toBe(true);
    const asked = { kind: 'launch', nonce: '', argv: ['/usr/bin/rsync', ...plain], env: {} } as const;
    expect(grant({ ...asked, cwd: `${home}/way-in` }, account)).toMatchObject({ kind: 'plain-rsync' });
    for (const wrong of ['--remove-source-files', '--log-file=/x', '/etc/'])
      expect(isPlainSender([...plain.slice(0, 3), wrong, '.', './'])).toBe(false);
    for (const flags of ['-lL', '-s', '-'])
      expect(isPlainSender(['--server', '--sender', flags, '.', './'])).toBe(false);
    expect(isPlainSender(['--server', '--sender', '-l', '.', '/etc/'])).toBe(false);
    expect(isPlainSender(['--server', '--sender', '-l'])).toBe(false);
    expect(isPlainSender(['--server', '-l', '.', './'])).toBe(false);
  });

  it('has no flag that follows links, and no argument more', () => {
    for (const flags of ['-s', '-slHtprcne.LsfxCIvu', '-se.'])
      expect(isSender(['--server', '--sender', flags])).toBe(true);
    for (const flags of ['-sL', '-sk', '-se.L/x', '-l', '--sender', ''])
      expect(isSender(['--server', '--sender', flags])).toBe(false);
    expect(isSender(['--server', '--sender', '-s', '.'])).toBe(false);
    expect(isSender(['--server', '-s'])).toBe(false);
  });

  it('says inside its protocol what neo-pull has it say', () => {
    const said = (...words: string[]): string | null => strangeArg(Buffer.from(`${words.join('\0')}\0\0`));
    expect(said('rsync', '--timeout=240', '--numeric-ids', '--info=STATS2', '--bwlimit=9', '.', './')).toBeNull();
    // A list may name what lies above the directory, and is not to be seen here: such an account has full passes only.
    expect(said('rsync', '--files-from=-', '--from0', '.', './')).toBe('--files-from=-');
    expect(said('rsync', '--remove-source-files', '.', './')).toBe('--remove-source-files');
    expect(said('rsync', '--log-file=/x', '.', './')).toBe('--log-file=/x');
    expect(said('rsync', '.', './', '/etc')).not.toBeNull();
    expect(said('rsync', '.', '../')).not.toBeNull();
    expect(said('rsync', './')).not.toBeNull();
    expect(said('rsync')).not.toBeNull();
    expect(said('.', './')).not.toBeNull();
    expect(endOfArgs(Buffer.from('rsync\0.\0./\0\0rest'))).toBe(12);
    expect(endOfArgs(Buffer.from('rsync\0.\0./\0'))).toBeNull();
  });
});

it('the environment of what is started holds nothing that gives it orders', () => {
  const orders = { NODE_OPTIONS: '-r x', LD_PRELOAD: 'x', BASH_ENV: 'x', ENV: 'x', RSYNC_OLD_ARGS: '1', PS4: '$(id)' };
  expect(cleaned({ ...orders, SSH_ORIGINAL_COMMAND: 'x', HOME: '/h', LANG: 'C' })).toEqual({ HOME: '/h', LANG: 'C' });
});
