import { spawnSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LINKS_END, LINKS_SCRIPT } from '../../src/checks/links-script.ts';
import { PATHS_SCRIPT } from '../../src/checks/paths-script.ts';
import { seePaths } from '../../src/checks/see-paths.ts';
import { strayLinks } from '../../src/checks/stray-links.ts';
import { problemOf } from '../../src/core/problem.ts';
import { groupsOf, listOf, parseAnswer, valueOf } from '../../src/checks/survey-answer.ts';
import type { Host } from '../../src/core/host.ts';
import { clock, Machine } from './machine.ts';

let machine: Machine;
beforeEach(async () => (machine = await Machine.make()));
afterEach(() => machine.destroy());

/** Every shell of this machine that can be somebody's /bin/sh. */
const SHELLS = [['/usr/bin/dash'], ['/usr/bin/bash', '--posix'], ['/usr/bin/busybox', 'sh']].filter(([shell]) =>
  existsSync(shell ?? ''),
);

function ask([program = '', ...flags]: readonly string[], script: string, args: readonly string[]) {
  const env = { HOME: machine.home, PATH: '/usr/bin:/bin' };
  const said = spawnSync(program, [...flags, '-s', '--', ...args], { input: script, env, timeout: 30_000 });
  expect(said.stderr.toString()).toBe('');
  return parseAnswer(said.stdout, 'machine');
}

const ODD = "a 'b'\n$(x)\n";

describe.each(SHELLS)('%s', (...shell) => {
  test('says what a path is, through symlinks, whatever it is called', async () => {
    const file = await machine.file(ODD, 'hello');
    await mkdir(join(machine.home, 'real'));
    await machine.file('real/x', '');
    await symlink('real', join(machine.home, 'way'));
    await symlink(`${machine.home}/none\n`, join(machine.home, 'dangling'));
    await copyFile('/bin/true', join(machine.home, 'tool'));
    const at = (name: string) => join(machine.home, name);
    const paths = [file, at('way'), at('way/x'), at('dangling'), at('tool'), '/no/such', '/', '/dev/null'];
    const groups = groupsOf(ask(shell, PATHS_SCRIPT, paths), 'path');
    const of = (key: string) => groups.map((group) => valueOf(group, key));
    expect(of('path')).toEqual(paths);
    expect(of('path.kind')).toEqual(['file', 'dir', 'file', 'none', 'file', 'none', 'dir', 'other']);
    const real = [file, at('real'), at('real/x'), at('dangling'), at('tool'), null, '/', '/dev/null'];
    expect(of('path.real')).toEqual(real);
    expect(of('path.link').slice(0, 4)).toEqual([null, 'real', null, `${machine.home}/none\n`]);
    expect(of('path.binary').slice(0, 5)).toEqual([null, null, null, null, 'yes']);
    expect(of('path.bytes')[0]).toBe('5');
  });

  test('lists the symlinks that may lead out, and no others', async () => {
    const top = join(machine.home, 'top');
    await mkdir(join(top, 'in'), { recursive: true });
    await symlink('/etc', join(top, 'in/abs'));
    await symlink('../../x y', join(top, 'in/up'));
    await symlink('beside', join(top, 'in/here'));
    await symlink('a/../../../out', join(top, 'in/over'));
    await symlink('..', join(top, 'in/above'));
    await symlink('..a/b..', join(top, 'in/dots'));
    const [group] = groupsOf(ask(shell, LINKS_SCRIPT, [top]), 'root');
    const said = listOf(group ?? [], 'root.links');
    const found = { abs: '/etc', up: '../../x y', over: 'a/../../../out', above: '..' };
    const pairs = Object.entries(found).flatMap(([name, text]) => [join(top, 'in', name), text]);
    expect(said.slice(-2)).toEqual(LINKS_END);
    expect(said.slice(0, -2).toSorted()).toEqual(pairs.toSorted());
  });
});

describe('the looks at paths and links', () => {
  test('put no path in a command line, which every user of the machine could read, and no end to how many there are', async () => {
    const host = machine.host();
    const argvs: string[] = [];
    const listening: Host = {
      label: host.label,
      spawn: (argv, options) => {
        argvs.push(argv.join(' '));
        return host.spawn(argv, options);
      },
      close: () => host.close(),
    };
    const long = Array.from({ length: 400 }, (_, at) =>
      join(machine.home, 'a'.repeat(200), `${'b/'.repeat(2000)}${at}`),
    );
    const paths = [await machine.file('key.pem', 'x'), ...long];
    const seen = await seePaths(listening, paths, { clock });
    expect(seen.size).toBe(401);
    await strayLinks(listening, [machine.home], { clock });
    expect(argvs.length).toBeGreaterThan(1);
    expect(argvs.filter((argv) => argv.includes(machine.home))).toEqual([]);
  });

  test('take hundreds of paths, and leave out links that stay inside', async () => {
    const many = Array.from({ length: 1000 }, (_, at) => join(machine.home, String(at)));
    await machine.file('7', 'x');
    const seen = await seePaths(machine.host(), many, { clock });
    expect(seen.size).toBe(1000);
    expect(seen.get(join(machine.home, '7'))).toMatchObject({ kind: 'file', isReadable: true, bytes: 1 });
    const top = join(machine.home, 'top');
    await mkdir(join(top, 'in'), { recursive: true });
    await symlink('../x', join(top, 'in/inside'));
    await symlink('../../out', join(top, 'in/outside'));
    await symlink(`${top}/in`, join(top, 'own'));
    await symlink('a/../../../over', join(top, 'in/winding'));
    await symlink('..', join(top, 'in/round'));
    const links = await strayLinks(machine.host(), [top, join(machine.home, 'none')], { clock });
    const outside = { top, link: join(top, 'in/outside'), target: join(machine.home, 'out') };
    const winding = { top, link: join(top, 'in/winding'), target: join(machine.home, 'over') };
    expect(links.toSorted((a, b) => (a.link < b.link ? -1 : 1))).toEqual([outside, winding]);
  });

  test('say that there are more links than can be listed, instead of passing some over', async () => {
    const top = join(machine.home, 'top');
    await mkdir(top);
    const far = `/${'x'.repeat(4000)}`;
    for (let at = 0; at < 8500; at += 1) symlinkSync(far, join(top, String(at)));
    const thrown = problemOf(await strayLinks(machine.host(), [top], { clock }).catch((error: unknown) => error));
    expect(thrown.code).toBe('survey-failed');
    expect(thrown.message).toContain(`more symlinks in ${top}`);
    expect(thrown.hint).toContain('-type l');
  });
});
