import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../src/cli/settings-file.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';
import { PRODUCTS } from '../../src/gateway/product.ts';
import { productFrom } from '../../src/gateway/product-from.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { surroundings } from './sample.ts';

const ME = process.getuid?.() ?? 0;
const SOMEBODY_ELSE = 4242;

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'np-settings-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function around(uid = ME): Surroundings {
  const made = surroundings([], { home, cwd: home }).around;
  return { ...made, env: {}, account: { ...made.account, uid } };
}

function settings(text: string, { at = '.config/neo-pull/neo-pull.json5', mode = 0o600 } = {}): string {
  const path = join(home, at);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const FORK = `{
  products: { 'neo-fork': {} }, // three lines are a fork
}`;

/** Only root can give a file away; anybody else is somebody else to their own file. */
function reader(): number {
  return ME === 0 ? 1000 : ME + 1;
}

describe('the settings of a person', () => {
  it('are none where there is no file, and where none is wanted', async () => {
    expect(await readSettings({}, around())).toEqual({ products: [] });
    settings('{ nonsense');
    expect(await readSettings({ config: 'none' }, around())).toEqual({ products: [] });
  });

  it('add a product in three lines, by the habits of those that are known', async () => {
    settings(FORK);
    const { products } = await readSettings({}, around());
    expect(products).toEqual([productFrom('neo-fork', {})]);
    expect(products[0]).toMatchObject({
      title: 'NeoFork',
      command: 'neo-fork',
      stateDirName: '.neo-fork',
      configName: 'neo-fork.json',
      envPrefix: 'NEO_FORK',
      unitBase: 'neo-fork-gateway',
      processTitles: ['neo-fork', 'neo-fork-gateway'],
    });
    expect(productFrom('smart-agent-neo', {})).toEqual(PRODUCTS['smart-agent-neo']);
  });

  it('take what is said over what follows from the name', async () => {
    const words = { title: 'Fork', envPrefix: 'FK', legacyStateDirNames: ['.openclaw'], processTitles: ['fk', 'fk-g'] };
    settings(JSON.stringify({ products: { 'neo-fork': words } }));
    const { products } = await readSettings({}, around());
    expect(products[0]).toMatchObject({ ...words, command: 'neo-fork' });
  });

  it('are read from where XDG_CONFIG_HOME or the flag says', async () => {
    settings(FORK, { at: 'xdg/neo-pull/neo-pull.json5' });
    const env = { XDG_CONFIG_HOME: join(home, 'xdg') };
    expect((await readSettings({}, { ...around(), env })).products).toHaveLength(1);
    expect((await readSettings({ config: 'xdg/neo-pull/neo-pull.json5' }, around())).products).toHaveLength(1);
    expect((await readSettings({ config: '~/xdg/neo-pull/neo-pull.json5' }, around())).products).toHaveLength(1);
  });

  it('may lie behind a symlink of one’s own, as those do that keep their dotfiles elsewhere', async () => {
    const real = settings(FORK, { at: 'dotfiles/neo-pull.json5' });
    const path = settings('', {});
    unlinkSync(path);
    symlinkSync(real, path);
    expect((await readSettings({}, around())).products).toHaveLength(1);
  });
});

describe('a settings file is refused', () => {
  it.each([0o620, 0o602, 0o666])('when others can write it: mode %o (F123)', async (mode) => {
    const path = settings(FORK, { mode });
    const problem = await problemFrom(readSettings({}, around()));
    expect(problem).toMatchObject({ code: 'settings-unsafe', stops: true });
    expect(problem.hint).toContain(`chmod go-w ${path}`);
  });

  it('when it is another account’s, and so is a symlink to one’s own (F123)', async () => {
    const path = settings(FORK);
    if (ME === 0) chownSync(path, SOMEBODY_ELSE, SOMEBODY_ELSE);
    const foreign = await problemFrom(readSettings({}, around(reader())));
    expect(foreign.code).toBe('settings-unsafe');
    expect(foreign.message).toContain('file of another account');
    unlinkSync(path);
    symlinkSync(settings(FORK, { at: 'mine.json5' }), path);
    if (ME === 0) lchownSync(path, SOMEBODY_ELSE, SOMEBODY_ELSE);
    const linked = await problemFrom(readSettings({}, around(reader())));
    expect(linked.code).toBe('settings-unsafe');
    expect(linked.message).toContain('symlink of another account');
  });

  it('when it is named and is not there, or is no file, and nothing is waited for', async () => {
    expect(await problemFrom(readSettings({ config: 'none.json5' }, around()))).toMatchObject({
      code: 'settings-invalid',
      message: expect.stringContaining('ENOENT') as string,
    });
    execFileSync('mkfifo', ['-m', '600', join(home, 'pipe')]);
    expect((await problemFrom(readSettings({ config: 'pipe' }, around()))).message).toContain('is no file');
    expect((await problemFrom(readSettings({ config: home }, around()))).code).toBe('settings-invalid');
  });

  it('when it does not parse, with line and column', async () => {
    settings("{\n  products: { 'a-b': {} ]\n}");
    const problem = await problemFrom(readSettings({}, around()));
    expect(problem).toMatchObject({ code: 'settings-invalid', detail: { line: 2, column: 25 } });
    expect(problem.message).toContain('line 2, column 25');
    expect(problem.hint).not.toContain('old machine');
  });

  it.each([
    ['{ product: {} }', '"product"', 'Did you mean products?'],
    ["{ products: { 'a-b': { stateDirNam: '.x' } } }", '"stateDirNam"', 'Did you mean stateDirName?'],
    ["{ products: { 'a-b': { colour: 1 } } }", '"colour"', 'Known there are title, command'],
    ["{ '__proto__': {} }", '"__proto__"', 'Known there are products'],
    ['[]', 'as a whole', 'docs/settings.md'],
    ["{ products: { 'a-b': { command: 7 } } }", 'products.a-b.command', 'docs/settings.md'],
    ["{ products: { 'a-b': { command: '$(id)' } } }", 'no plain file name', 'docs/settings.md'],
    ["{ products: { 'a-b': { configName: '../x' } } }", 'no plain file name', 'docs/settings.md'],
    ["{ products: { 'a-b': { envPrefix: 'a|.*' } } }", 'no name of variables', 'docs/settings.md'],
    ["{ products: { 'a-b': { title: '\\u001b[2J' } } }", 'no title', 'docs/settings.md'],
    ["{ products: { 'a-b': { stateDirName: '.ssh' } } }", "whole account's", 'docs/settings.md'],
    ["{ products: { 'a-b': { stateDirName: '/etc' } } }", 'no hidden directory', 'docs/settings.md'],
    ["{ products: { 'Neo Fork': {} } }", 'no name of a product', 'small letters'],
    ['{ products: { openclaw: {} } }', 'known to neo-pull', 'another name'],
    ["{ products: { 'openclaw-x': {} } }", 'a profile of the other', 'stateDirName'],
    ["{ products: { 'a-b': { command: 'openclaw' } } }", 'the command of openclaw', 'command'],
    ["{ products: { 'a-b': {}, 'a-b-c': {} } }", 'a profile of the other', 'stateDirName'],
  ])('when it holds %s (F122)', async (text, message, hint) => {
    settings(text);
    const problem = await problemFrom(readSettings({}, around()));
    expect(problem).toMatchObject({ code: 'settings-invalid', stops: true });
    expect(problem.message).toContain(message);
    expect(problem.hint).toContain(hint);
  });

  it('when it is too long, or nested too deeply to be read', async () => {
    settings(`{ /* ${'x'.repeat(300_000)} */ }`);
    expect((await problemFrom(readSettings({}, around()))).message).toContain('longer than');
    settings(`{ products: ${'['.repeat(5000)}${']'.repeat(5000)} }`);
    expect((await problemFrom(readSettings({}, around()))).message).toContain('deep');
  });
});
