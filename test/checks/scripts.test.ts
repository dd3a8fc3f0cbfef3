import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GATEWAY_SCRIPT } from '../../src/checks/gateway-script.ts';
import { MEASURE_SCRIPT } from '../../src/checks/measure-script.ts';
import { SHELL_PRELUDE } from '../../src/checks/shell-prelude.ts';
import { parseAnswer, valueOf, valuesOf } from '../../src/checks/survey-answer.ts';
import { MACHINE_SCRIPT } from '../../src/checks/survey-script.ts';
import { Machine } from './machine.ts';

let machine: Machine;
beforeEach(async () => (machine = await Machine.make()));
afterEach(() => machine.destroy());

/** Every shell of this machine that can be somebody's /bin/sh. */
const SHELLS = [
  ['/usr/bin/dash'],
  ['/usr/bin/bash', '--posix'],
  ['/usr/bin/zsh', '--emulate', 'sh'],
  ['/usr/bin/busybox', 'sh'],
  ['/usr/bin/mksh'],
  ['/usr/bin/yash', '--posix'],
].filter(([shell]) => existsSync(shell ?? ''));

function ask(
  shell: readonly string[],
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const [program = '', ...flags] = shell;
  const said = spawnSync(program, [...flags, '-s', '--', ...args], {
    input: script,
    env: { HOME: machine.home, PATH: '/usr/bin:/bin', ...env },
    timeout: 30_000,
  });
  expect(said.stderr.toString()).toBe('');
  expect(said.status).toBe(0);
  return said.stdout;
}

/** A PATH without some tools. */
async function pathWithout(...missing: readonly string[]): Promise<string> {
  const dir = path.join(machine.root, 'tools');
  await mkdir(dir);
  for (const name of await readdir('/usr/bin')) {
    if (!missing.includes(name)) await symlink(`/usr/bin/${name}`, path.join(dir, name));
  }
  return dir;
}

describe.each(SHELLS.map((shell) => ({ name: shell.join(' '), shell })))('under $name', ({ shell }) => {
  test('all scripts answer alike, and print nothing but the answer', async () => {
    const bin = await machine.product('.nvm/versions/node/v22.1.0');
    const config = await machine.file('.smart-agent-neo/smart-agent-neo.json', '{}');
    const env = await machine.file('a b.env', '# no\nSMART_AGENT_NEO_PROFILE=p\n SECRET = x\nnot a=b\n');
    const keys = await machine.file('keys d/1.env', 'KEY="one\nNO=two"\n');
    const more = await machine.file('keys d/2.env', '');
    await machine.file(
      '.config/systemd/user/smart-agent-neo-gateway.service',
      '[Service]\nEnvironmentFile=/taken/back\nEnvironmentFile=\nEnvironmentFile=-%h/a b.env\nEnvironmentFile=%h/keys d/*.env\n',
    );
    const args = [
      'smart-agent-neo',
      'SMART_AGENT_NEO',
      '/tmp/np-no-such-lock',
      'smart-agent-neo-gateway',
      '.smart-agent-neo',
    ];
    const first = parseAnswer(ask(shell, MACHINE_SCRIPT, args), 'machine');
    expect(valuesOf(first, 'dir')).toEqual([path.dirname(config)]);
    expect(valueOf(first, 'home.real')).toBe(machine.home);
    expect(valuesOf(first, 'unit.env-file')).toEqual([env, keys, more]);
    expect(valueOf(first, 'unit.env-file.lines')).toBe('SMART_AGENT_NEO_PROFILE=p\nSECRET\n');
    const second = parseAnswer(
      ask(shell, GATEWAY_SCRIPT, [
        'smart-agent-neo',
        '',
        '/bin/sh',
        '0',
        path.dirname(config),
        '2',
        '/no/such',
        config,
      ]),
      'machine',
    );
    expect(valueOf(second, 'product.bin')).toBe(bin);
    expect(valueOf(second, 'product.version')).toBe('2026.2.26\n');
    expect(valueOf(second, 'state.config')).toBe('{}');
    expect(valueOf(second, 'state.entries')).toBe('2');
    const third = parseAnswer(ask(shell, MEASURE_SCRIPT, [path.dirname(config), '/no/such']), 'machine');
    expect(valuesOf(third, 'dir.real')).toEqual([path.dirname(config)]);
    expect(valuesOf(third, 'dir.parent')).toEqual([machine.home, '/']);
  });

  test.each([{ missing: [] }, { missing: ['timeout'] }, { missing: ['timeout', 'perl'] }])(
    'a command that hangs is ended without $missing',
    async ({ missing }) => {
      const PATH = await pathWithout(...missing);
      const script = `${SHELL_PRELUDE}
        np_bounded 1 sleep 60 </dev/null >/dev/null 2>&1 && np_put ended by-itself
        np_bounded 20 sh -c 'exit 3' </dev/null >/dev/null 2>&1
        np_put code $?
        np_bounded 20 np-no-such-command </dev/null >/dev/null 2>&1 && np_put started nothing
        np_put end ok
        exit 0`;
      const begun = performance.now();
      expect(parseAnswer(ask(shell, script, [], { PATH }), 'machine')).toEqual([['code', '3']]);
      expect(performance.now() - begun).toBeLessThan(20_000);
    },
  );

  test('names of any bytes neither break the answer nor run anything (F41, F55)', async () => {
    const names = [
      '$(touch pwned)',
      '`touch pwned`',
      ' lead',
      "it's",
      'a\tb',
      '*',
      '-n',
      '\x9b31m',
      'end',
      '%s%n',
      '\\0',
    ];
    for (const name of names) await machine.file(`.smart-agent-neo-${name}/agents/x`, '');
    const args = [
      'smart-agent-neo',
      'SMART_AGENT_NEO',
      '/tmp/np-no-such-lock',
      'smart-agent-neo-gateway',
      '.smart-agent-neo',
    ];
    const dirs = valuesOf(parseAnswer(ask(shell, MACHINE_SCRIPT, args), 'machine'), 'dir');
    expect(dirs.sort()).toEqual(names.map((name) => `${machine.home}/.smart-agent-neo-${name}`).sort());
    const pairs = dirs.flatMap((dir) => [dir, '1', `${dir}/smart-agent-neo.json`]);
    const answer = parseAnswer(
      ask(shell, GATEWAY_SCRIPT, ['smart-agent-neo', '/none', '/bin/sh', '0', ...pairs]),
      'machine',
    );
    expect(valuesOf(answer, 'state.real').sort()).toEqual(dirs);
    expect(await readdir(machine.home)).toHaveLength(names.length);
  });

  test('what find of another system does not know is counted without it', async () => {
    await machine.file('tree/a\nb', 'x'.repeat(5000));
    await machine.file('tree/c/d', '');
    await machine.file(
      path.join(machine.bin, 'find'),
      '#!/bin/sh\ncase "$*" in *printf*" "*%s*|*-printf*) echo unknown >&2; exit 1 ;; esac\nexec /usr/bin/find "$@"\n',
      0o755,
    );
    const PATH = `${machine.bin}:/usr/bin:/bin`;
    const script = `${SHELL_PRELUDE}
      np_count t "$HOME/tree"
      np_put end ok
      exit 0`;
    const answer = parseAnswer(ask(shell, script, [], { PATH }), 'machine');
    expect(valueOf(answer, 't.entries')).toBe('4');
    expect(Number(valueOf(answer, 't.bytes'))).toBeGreaterThanOrEqual(5000);
  });
});
