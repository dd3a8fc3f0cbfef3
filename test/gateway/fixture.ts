import { readFileSync } from 'node:fs';

/** The text of a fixture: what the product prints on stdout. */
export function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
}

/** A fixture that is JSON and nothing else. */
export function jsonFixture(name: string): unknown {
  return JSON.parse(fixture(name));
}
