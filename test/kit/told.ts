import { stripVTControlCharacters } from 'node:util';
import { expect } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { PROBLEMS, type ProblemCode } from '../../src/core/problem.ts';
import type { Ended } from './neo-pull.ts';

export type Finished = Event & { type: 'run.finished' };

/** The last event of a run, which has to be `run.finished`, with the exit code that the process ended with. */
export function finishedOf({ code, events, stderr }: Ended): Finished {
  const last = events.at(-1);
  if (last?.type !== 'run.finished')
    throw new Error(`it ended without its last word: ${JSON.stringify(last)} ${stderr}`);
  expect(last.exitCode).toBe(code);
  return last;
}

/** A printed text as one line: no wrapping, no colours. */
export function flat(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, ' ');
}

/** What the four lines of a Problem are to say. */
export interface FourLines {
  readonly code: ProblemCode;
  readonly what: string | RegExp;
  readonly changed: string | RegExp;
  readonly next: string | RegExp;
}

/** A person who reads only stderr is told what happened, why, what is changed, and what to do next; nothing that is not text. */
export function expectFourLines({ stderr }: Pick<Ended, 'stderr'>, { code, what, changed, next }: FourLines): void {
  const { why } = PROBLEMS[code];
  const [, first, middle, last] =
    new RegExp(`(?:✗|x|X) ([^✗]*?) Why (${escaped(why)}) Changed (.*)$`).exec(flat(stderr).trim()) ?? [];
  expect(middle, `no four lines of ${code} in: ${stderr}`).toBe(why);
  const [said = '', hint = ''] = (last ?? '').split(' Next ');
  expect(first).toMatch(what);
  expect(said).toMatch(changed);
  expect(hint).toMatch(next);
  expect(stripVTControlCharacters(stderr)).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
