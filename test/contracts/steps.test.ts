import { readdirSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { cutover, staging } from '../../src/migrate.ts';
import { CARRYING_CASES } from './journey-carrying.ts';
import { FOREGROUND_CASES } from './journey-foreground.ts';
import { SERVICE_CASES } from './journey-service.ts';
import { START_CASES } from './journey-start.ts';
import { STILL, STILL_CASES } from './journey-still.ts';
import { Journey } from './journey.ts';

/** Each name has its file `steps-<name>.test.ts`, which holds these cases to the contract. */
const JOURNEYS = {
  carrying: CARRYING_CASES,
  foreground: FOREGROUND_CASES,
  service: SERVICE_CASES,
  start: START_CASES,
  still: STILL_CASES,
};

/** With it a plan has every step that a plan can have. */
const CARRIED = { name: 'KEY', isAskedFor: true, setBy: ['unit a'], fate: 'carried', satisfiedBy: null } as const;

const journey = new Journey(STILL);
afterAll(() => journey.end());

it('every step of the real lists is held to the contract of a Step', async () => {
  const { plan } = await journey.restBefore('seed');
  const whole = { ...plan, outside: [CARRIED], limits: { ...plan.limits, deadManMs: 600_000 } };
  const lists = [false, true].flatMap((committed) => [...staging(whole), ...cutover(whole, { committed })]);
  const held = Object.values(JOURNEYS).flatMap((cases) => cases.map(({ id }) => id));
  expect(new Set(held)).toEqual(new Set(lists.map(({ id }) => id)));
});

it('every journey has its file', () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.startsWith('steps-'));
  expect(files.sort()).toEqual(Object.keys(JOURNEYS).map((name) => `steps-${name}.test.ts`));
});
