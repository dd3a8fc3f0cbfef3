import { describe, expect, it } from 'vitest';
import { byteSegments, compileGlob, globMatches, segmentMatches } from '../../src/core/glob.ts';

describe('globMatches', () => {
  const matches = (pattern: string, path: string, isDir = false) =>
    globMatches(compileGlob(pattern), byteSegments(Buffer.from(path)), isDir);

  it('takes a leading slash for the root, a trailing one for directories, and else the end of the path', () => {
    expect([matches('/a', 'a'), matches('/a', 'x/a')]).toEqual([true, false]);
    expect([matches('a', 'x/a'), matches('a', 'a/x')]).toEqual([true, false]);
    expect([matches('a/b', 'x/a/b'), matches('a/b', 'a/x/b'), matches('a/b', 'b')]).toEqual([true, false, false]);
    expect([matches('a/', 'x/a', true), matches('a/', 'x/a', false)]).toEqual([true, false]);
  });

  it('does not let a wildcard cross a slash, and counts bytes (F119)', () => {
    expect([matches('/a*b', 'a/b'), matches('/*', 'a/b'), matches('/*/b', 'a/b')]).toEqual([false, false, true]);
    expect([matches('?', 'é'), matches('??', 'é'), matches('é*', 'éa')]).toEqual([false, true, true]);
    expect(globMatches(compileGlob('a?'), byteSegments(Buffer.from([0x61, 0xff])), false)).toBe(true);
  });
});

describe('segmentMatches', () => {
  it('stays quick for names that are made to be slow', () => {
    expect(segmentMatches(`${'*a'.repeat(60)}b`, 'a'.repeat(255))).toBe(false);
    expect(segmentMatches(`${'*a'.repeat(60)}*`, 'a'.repeat(255))).toBe(true);
  });
});
