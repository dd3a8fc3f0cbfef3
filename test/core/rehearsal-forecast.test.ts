import { describe, expect, it } from 'vitest';
import { forecastRehearsed } from '../../src/core/rehearsal-forecast.ts';
import { inventory, planFor } from '../checks/facts.ts';

const plan = planFor(inventory());
const TIMES = new Map([
  ['seed', 60_000],
  ['warm-new', 500],
  ['rehearse-last-delta', 2000],
  ['rehearse-copy-is-whole', 3000],
  ['rehearse-reconcile', 400],
  ['rehearse-copy-as-planned', 100],
  ['rehearse-scratch', 9000],
  ['rehearse-swap', 10],
  ['rehearse-doctor', 4000],
  ['rehearse-start-quiet', 3000],
  ['rehearse-it-works', 700],
  ['rehearse-stop-quiet', 200],
  ['rehearse-nothing-moved-meanwhile', 90],
]);

function parts(earlier: ReadonlyMap<string, number>) {
  const forecast = forecastRehearsed(plan, TIMES, earlier);
  return { forecast, by: new Map(forecast.down.map((part) => [part.part, part])) };
}

describe('the forecast after a rehearsal', () => {
  it('adds up what was measured, and says of what was not that it is estimated', () => {
    const { forecast, by } = parts(new Map());
    expect(by.get('stop')).toMatchObject({ ms: 2500, basis: 'estimated' });
    expect(by.get('start')).toMatchObject({ ms: 3000, basis: 'estimated' });
    expect(by.get('reconcile')).toMatchObject({ ms: 500, basis: 'measured' });
    expect(forecast.downtimeMs).toBe(2500 + 2000 + 3000 + 500 + 10 + 4000 + 3200 + 700 + 90 + 3000);
    expect(forecast.wholeMs).toBe(forecast.downtimeMs + 60_000 + 500 + plan.limits.soakMs);
  });

  it('takes what a rehearsal cannot do from an earlier cutover, where there was one', () => {
    const { by } = parts(
      new Map([
        ['stop-old', 21_000],
        ['fence-old', 900],
        ['start-new', 18_000],
        ['doctor', 1],
      ]),
    );
    expect(by.get('stop')).toMatchObject({ ms: 21_900, basis: 'earlier' });
    expect(by.get('start')).toMatchObject({ ms: 18_000, basis: 'earlier' });
    expect(by.get('doctor')).toMatchObject({ ms: 4000, basis: 'measured' });
  });

  it('counts the stop of what runs here only where something will be parked', () => {
    expect(parts(new Map()).by.has('park')).toBe(false);
    const parking = { ...plan, roots: plan.roots.map((root) => ({ ...root, liveExists: true })) };
    const { down } = forecastRehearsed(parking, TIMES, new Map());
    expect(down.find(({ part }) => part === 'park')).toMatchObject({ ms: 2500, basis: 'estimated' });
  });
});
