import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchSettings } from '../../src/cli/settings-watch.ts';
import { productFrom } from '../../src/gateway/product-from.ts';
import { takeSettings, type NewSettings } from '../../src/visits/new-settings.ts';
import { waitFor } from '../kit/wait.ts';
import { surroundings } from './sample.ts';

const ME = process.getuid?.() ?? 0;

let home = '';
let stop: (() => Promise<void>) | undefined;
let heard: NewSettings[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'np-settings-watch-'));
  heard = [];
  const made = surroundings([], { home, cwd: home }).around;
  const around = { ...made, env: {}, account: { ...made.account, uid: ME } };
  stop = watchSettings({}, around, { products: [] })?.listen((news) => heard.push(news));
  expect(watchSettings({ config: 'none' }, around, { products: [] })).toBeNull();
});
afterEach(async () => {
  await stop?.();
  rmSync(home, { recursive: true });
});

function write(text: string): void {
  const path = join(home, '.config/neo-pull/neo-pull.json5');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

const count = (wanted: number) => waitFor(`${wanted} are heard`, () => heard.length >= wanted);

it('settings that are made, changed and removed while neo-pull follows are heard, each once', async () => {
  write(`{ products: { 'neo-fork': {} } }`);
  await count(1);
  write(`{ products: { 'neo-fork': {} } } // the same`);
  write(`{ products: { 'neo-fork': { stateDirName: 'no' } } }`);
  await count(2);
  write(`{ products: { 'neo-fork': { title: 'Fork' } } }`);
  await count(3);
  rmSync(join(home, '.config'), { recursive: true });
  await count(4);
  expect(heard).toEqual([
    { products: [productFrom('neo-fork', {})] },
    { problem: expect.objectContaining({ code: 'settings-invalid' }) as unknown },
    { products: [productFrom('neo-fork', { title: 'Fork' })] },
    { products: [] },
  ]);
});

describe('new settings', () => {
  const fork = productFrom('neo-fork', {});

  it('are known to the look before the cutover, where no product was named', () => {
    const taken = takeSettings({ products: [fork] }, { followed: 'smart-agent-neo', isNamed: false });
    expect(taken.among).toEqual(['smart-agent-neo', 'openclaw', fork]);
    expect(taken.message).toContain('knows smart-agent-neo, openclaw, neo-fork');
  });

  it('are told to be nothing to this move where one was named', () => {
    const taken = takeSettings({ products: [fork] }, { followed: 'smart-agent-neo', isNamed: true });
    expect(taken).toEqual({ among: null, message: 'The settings changed; nothing in them matters for this move.' });
  });

  it('do not change what is followed, and it is told how to have that', () => {
    for (const products of [[], [productFrom('neo-fork', { title: 'Fork' })]]) {
      const taken = takeSettings({ products }, { followed: fork, isNamed: false });
      expect(taken.among).toBeNull();
      expect(taken.message).toContain('neo-pull stop, then neo-pull sync --follow');
    }
    expect(takeSettings({ products: [fork] }, { followed: fork, isNamed: false }).among).toContainEqual(fork);
  });

  it('that cannot be used are told, and the old ones stay', () => {
    const problem = { code: 'settings-invalid', stops: true, message: 'It is wrong.', hint: 'Mend it.' } as const;
    expect(takeSettings({ problem }, { followed: fork, isNamed: false })).toEqual({
      among: null,
      message: 'The settings changed, and stay as they were: It is wrong. Mend it.',
    });
  });
});
