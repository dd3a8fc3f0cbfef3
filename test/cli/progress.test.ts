import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldProgress, leftOf, progressLine, rateOf, type Pass } from '../../src/cli/progress.ts';
import type { Event } from '../../src/core/event.ts';
import { told } from './sample.ts';

const MIB = 1024 * 1024;
const PAPER = { columns: 80, colour: false, live: true, unicode: true };

type Tick = Extract<Event, { type: 'progress' }>;

function ticks(points: readonly (readonly [ms: number, bytes: number])[], totalBytes: number | null): Tick[] {
  const fixed = { type: 'progress', step: 'seed', root: 'state', totalBytes, totalFiles: null } as const;
  return told(
    ...points.map(([ms, bytes]) => [ms, { ...fixed, bytes, files: 1, bytesPerSecond: null, leftMs: null }] as const),
  ) as Tick[];
}

function passOf(events: readonly Tick[], isFirst = true): Pass {
  const pass = events.reduce<Pass | null>((before, event) => foldProgress(before, event, isFirst), null);
  if (!pass) throw new Error('no ticks');
  return pass;
}

describe('time left', () => {
  it('is off by less than a quarter after a fifth of a steady copy', () => {
    const steady = fc.record({
      rate: fc.integer({ min: 100_000, max: 200 * MIB }),
      seconds: fc.integer({ min: 20, max: 2000 }),
      jitter: fc.array(fc.double({ min: -0.4, max: 0.4, noNaN: true }), { minLength: 50, maxLength: 50 }),
    });
    fc.assert(
      fc.property(steady, fc.double({ min: 0.2, max: 0.95, noNaN: true }), ({ rate, seconds, jitter }, part) => {
        const total = rate * seconds;
        const until = seconds * part * 1000;
        const points: [number, number][] = [];
        // A tick about every quarter second, none on time; the bytes are those of its moment.
        for (let ms = 0, at = 0; ms <= until; ms += 250 * (1 + (jitter[at % 50] ?? 0)), at += 1)
          points.push([Math.round(ms), Math.round((rate * ms) / 1000)]);
        const pass = passOf(ticks(points, total));
        const truth = ((total - pass.last.bytes) * 1000) / rate;
        const left = leftOf(pass) ?? Infinity;
        expect(Math.abs(left - truth)).toBeLessThanOrEqual(truth * 0.25 + 10);
      }),
    );
  });

  it('is not bent by one stall', () => {
    const points: [number, number][] = Array.from({ length: 40 }, (_, at) => [
      at * 250 + (at > 20 ? 3000 : 0),
      at * MIB,
    ]);
    expect(rateOf(passOf(ticks(points, null)))).toBeCloseTo(4 * MIB, -3);
  });

  it('is unknown in a later pass, without a total, and at the beginning', () => {
    const points: [number, number][] = Array.from({ length: 20 }, (_, at) => [at * 250, at * MIB]);
    expect(leftOf(passOf(ticks(points, 100 * MIB), false))).toBeNull();
    expect(leftOf(passOf(ticks(points, null)))).toBeNull();
    expect(leftOf(passOf(ticks(points.slice(0, 2), 100 * MIB)))).toBeNull();
    expect(progressLine(passOf(ticks(points, null)), PAPER)).toContain('time left unknown');
  });

  it('is unknown once more has come than was expected', () => {
    const points: [number, number][] = Array.from({ length: 20 }, (_, at) => [at * 250, at * MIB]);
    expect(leftOf(passOf(ticks(points, 10 * MIB)))).toBeNull();
    expect(progressLine(passOf(ticks(points, 10 * MIB)), PAPER)).not.toContain(' of ');
  });

  it('is unknown after the line broke, for what had arrived is not counted again', () => {
    const points: [number, number][] = Array.from({ length: 20 }, (_, at) => [at * 250, at * MIB]);
    const again: [number, number][] = Array.from({ length: 20 }, (_, at) => [9000 + at * 250, at * MIB]);
    expect(leftOf(passOf(ticks([...points, ...again], 100 * MIB)))).toBeNull();
  });
});

describe('the line of a copy', () => {
  it('says bytes, files, rate and time left', () => {
    const points: [number, number][] = Array.from({ length: 40 }, (_, at) => [at * 250, at * MIB]);
    const line = progressLine(passOf(ticks(points, 100 * MIB)), PAPER);
    expect(line).toBe('  · state: 39.0 MiB of 100 MiB, 1 file, 4.0 MiB/s, 15 s left');
  });

  it.each([40, 80, 200])('fits on %d columns', (columns) => {
    const points: [number, number][] = Array.from({ length: 40 }, (_, at) => [at * 250, at * MIB]);
    const line = progressLine(passOf(ticks(points, 100 * MIB)), { ...PAPER, columns });
    expect(line.length).toBeLessThan(columns);
  });
});
