import { describe, expect, it } from 'vitest';
import type { Exit } from '../../src/core/host.ts';
import { fail, problemOf, type ProblemCode } from '../../src/core/problem.ts';
import { judge, type Ending } from '../../src/transfer/judge.ts';

const ended = (code: number): Exit => ({ code, signal: null });
const lost = fail('connection-lost', { message: 'x', hint: 'y' });

const ENDING: Ending = {
  local: ended(0),
  remote: { kind: 'exited', exit: ended(0) },
  stalled: false,
  stallMs: 60_000,
  excess: null,
  most: { entries: 10, bytes: 1000 },
  full: false,
  live: false,
  oldPath: '/home/al/.state',
  stagingPath: '/home/bo/.staging',
  maxDelete: 5,
  errors: ['first', 'second', 'third', 'fourth'],
  deletions: ['a', 'b'],
  spares: false,
};

function outcome(changes: Partial<Ending>): ProblemCode | 'whole' | 'vanished' | 'partial' | 'spared' {
  try {
    return judge({ ...ENDING, ...changes });
  } catch (error) {
    return problemOf(error).code;
  }
}

describe('judge', () => {
  it.each<[string, Partial<Ending>, ReturnType<typeof outcome>]>([
    ['0', {}, 'whole'],
    ['0 although the line broke afterwards', { remote: { kind: 'failed', error: lost } }, 'whole'],
    [
      '23 with more than may come',
      { local: ended(23), excess: { entries: 11, bytes: 0 }, live: true },
      'copy-too-large',
    ],
    ['23 while live', { local: ended(23), live: true }, 'partial'],
    ['24 while live', { local: ended(24), live: true }, 'vanished'],
    ['23 after the stop', { local: ended(23) }, 'transfer-failed'],
    ['24 after the stop', { local: ended(24) }, 'transfer-failed'],
    ['23 while live with a full disk', { local: ended(23), live: true, full: true }, 'disk-full'],
    ['11 with a full disk', { local: ended(11), full: true }, 'disk-full'],
    ['11 with room', { local: ended(11) }, 'transfer-failed'],
    ['25', { local: ended(25), live: true }, 'mass-deletion'],
    ['25 where it was only asked', { local: ended(25), live: true, spares: true }, 'spared'],
    ['12 after the line broke', { local: ended(12), remote: { kind: 'failed', error: lost } }, 'connection-lost'],
    ['255 after the line broke', { local: ended(255), remote: { kind: 'failed', error: lost } }, 'connection-lost'],
    ['12 after 125 there', { local: ended(12), remote: { kind: 'exited', exit: ended(125) } }, 'source-gone'],
    ['12 after 127 there', { local: ended(12), remote: { kind: 'exited', exit: ended(127) } }, 'transfer-failed'],
    ['14 before anything began', { local: ended(14), remote: { kind: 'not-started' } }, 'transfer-failed'],
    ['a signal', { local: { code: null, signal: 'KILL' } }, 'transfer-failed'],
    ['20 after our own stop for a stall', { local: ended(20), stalled: true }, 'transfer-stalled'],
  ])('makes of %s', (_, changes, expected) => {
    expect(outcome(changes)).toBe(expected);
  });

  it('says what was seen on both sides, with the first lines of what rsync said', () => {
    const thrown = (() => {
      try {
        return judge({ ...ENDING, local: ended(12), remote: { kind: 'exited', exit: { code: null, signal: 'KILL' } } });
      } catch (error) {
        return problemOf(error);
      }
    })();
    expect(thrown).toMatchObject({
      message:
        'rsync on this machine ended with exit code 12, the one on the old machine with signal KILL. first second third',
      detail: { exitCode: 12, errors: ENDING.errors },
    });
  });
});
