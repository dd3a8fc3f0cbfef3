import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latin1, mentionFinder } from '../../src/core/mentions.ts';

const find = mentionFinder([
  { from: '/home/al/.smart-agent-neo', to: '/home/bo/.smart-agent-neo' },
  { from: '/home/al/kept', to: '/home/al/kept' },
  { from: '/home/al', to: '/home/bo' },
  { from: '/srv/ws', to: '/data/ws' },
]);

describe('mentionFinder', () => {
  it.each([
    ['look in /home/al/.smart-agent-neo/workspace and /home/al.', 2],
    ['PATH=/home/al/bin:/srv/ws/bin', 2],
    ['file:///home/al/x', 1],
    ['"/home/al"', 1],
    ['/home/al', 1],
    ['(/home/al/x), see /home/al/x…', 2],
    ['/home/al/kept/x is where it was', 0],
    ['/home/alice /home/al2 /home/al-x /home/al_x /home/al.bak /homes/al', 0],
    ['/mnt/home/al/x and x/srv/ws', 0],
    [latin1('/home/alü and ü/srv/ws'), 0],
    ['~/x, $HOME/x', 0],
    ['', 0],
  ])('finds in %j so many old places: %i (F114)', (text, count) => {
    expect(find(text)).toBe(count);
  });

  it('finds a place exactly where it ends or a slash follows, and nothing that is part of a name goes before', () => {
    const around = fc.constantFrom('', ' ', '/', 'x', '.', '-', '"', '\n', '.x', ':', '\u00e9');
    fc.assert(
      fc.property(around, around, (before, after) => {
        const isWhole = !/[x.\-\u00e9]$/.test(before) && !/^(?:[x\-\u00e9]|\.x)/.test(after);
        expect(find(`${before}/srv/ws${after}`)).toBe(isWhole ? 1 : 0);
      }),
    );
  });

  it('counts each of very many in one text', () => {
    expect(find('/'.repeat(1_000_000))).toBe(0);
    expect(find('/home/al/'.repeat(100_000))).toBe(100_000);
  });
});
