import { describe, expect, it } from 'vitest';
import { closest } from '../../src/cli/closest.ts';

describe('the word that was probably meant', () => {
  const words = ['status', 'sync', 'rollback', 'known-hosts', 'port'];

  it.each([
    ['statsu', 'status'],
    ['stat', 'status'],
    ['rolback', 'rollback'],
    ['knownhosts', 'known-hosts'],
    ['prot', 'port'],
  ])('%s is taken for %s', (typed, meant) => {
    expect(closest(typed, words)).toBe(meant);
  });

  it.each(['oldbox', 'xyzzy', '', 'portable-things'])('%j is taken for nothing', (typed) => {
    expect(closest(typed, words)).toBeNull();
  });
});
