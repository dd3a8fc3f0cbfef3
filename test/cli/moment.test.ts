import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drainOf, momentOf, whileOf } from '../../src/cli/moment.ts';
import { ProblemError } from '../../src/core/problem.ts';

const NOW = new Date(2026, 10, 22, 14, 30, 10).getTime();

const at = (text: string, nowMs = NOW): string => momentOf('--at', text, nowMs);
const local = (...parts: [number, number, number, number, number]): string => new Date(...parts).toISOString();

describe('a moment to come', () => {
  it('is the next such time of this machine', () => {
    expect(at('03:00')).toBe(local(2026, 10, 23, 3, 0));
    expect(at('3:00')).toBe(local(2026, 10, 23, 3, 0));
    expect(at('14:30')).toBe(local(2026, 10, 23, 14, 30));
    expect(at('14:31')).toBe(local(2026, 10, 22, 14, 31));
    expect(at('00:00', new Date(2026, 11, 31, 12).getTime())).toBe(local(2027, 0, 1, 0, 0));
  });

  it('may be a while from now, or ISO 8601', () => {
    expect(at('+2h')).toBe(new Date(NOW + 7_200_000).toISOString());
    expect(at('+90m')).toBe(new Date(NOW + 5_400_000).toISOString());
    expect(at('2026-11-23T03:00')).toBe(local(2026, 10, 23, 3, 0));
    expect(at('2026-11-23 03:00:00')).toBe(local(2026, 10, 23, 3, 0));
    expect(at('2026-11-24T03:00:00Z')).toBe('2026-11-24T03:00:00.000Z');
    expect(at('2026-11-24T03:00:00.5+02:00')).toBe('2026-11-24T01:00:00.500Z');
  });

  it.each([
    ...['24:00', '3', '03:60', '3am', 'tomorrow', '', '+', '+0s', '-2h', '+2x', '2026-11-31T03:00', '2026-13-01T03:00'],
    ...[
      '2026-11-23',
      '2026-11-23T25:00',
      '2026-11-22T03:00',
      '2025-11-23T03:00Z',
      '2027-11-23T03:00',
      '+800h',
      '\u001b[2J',
    ],
  ])('is not guessed at: %j', (text) => {
    const thrown = (() => {
      try {
        return at(text);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(ProblemError);
    expect((thrown as ProblemError).problem.code).toBe('option-invalid');
    expect((thrown as ProblemError).message).not.toContain('\u001b');
  });

  it('given as a time of day lies within the next day and a little, whenever it is asked for', () => {
    const moments = fc.date({ min: new Date(2020, 0, 1), max: new Date(2040, 0, 1), noInvalidDate: true });
    fc.assert(
      fc.property(moments, fc.nat(23), fc.nat(59), (now, hour, minute) => {
        const text = `${String(hour)}:${String(minute).padStart(2, '0')}`;
        const ahead = Date.parse(at(text, now.getTime())) - now.getTime();
        expect(ahead).toBeGreaterThan(0);
        expect(ahead).toBeLessThanOrEqual(26 * 3_600_000);
      }),
    );
  });
});

describe('a while', () => {
  it.each([
    ['60', 60_000],
    ['60s', 60_000],
    ['5m', 300_000],
    ['5min', 300_000],
    ['1h30m', 5_400_000],
    ['24h', 86_400_000],
  ])('of %s is %i ms', (text, ms) => expect(whileOf('--when-idle', text)).toBe(ms));

  it.each(['', '0', '0s', '-1', '1.5h', '1d', '25h', '1m1h', ' 5m', '5 m', '9999999s'])(
    'is not guessed at: %j',
    (text) => {
      expect(() => whileOf('--when-idle', text)).toThrow('--when-idle is');
    },
  );
});

describe('how long the turn of an agent is waited for before the stop', () => {
  it.each([
    [{}, { waitMs: 60_000, force: false }],
    [{ drain: '5m' }, { waitMs: 300_000, force: false }],
    [{ drain: '0' }, { waitMs: 0, force: false }],
    [{ force: true }, { waitMs: 0, force: true }],
    [
      { drain: '90', force: true },
      { waitMs: 90_000, force: true },
    ],
  ])('%j means %j', (flags, meant) => {
    expect(drainOf(flags)).toEqual(meant);
  });

  it.each(['-1', 'long', '25h', ''])('%s is refused', (drain) => {
    expect(() => drainOf({ drain })).toThrow(/--drain/);
  });
});
