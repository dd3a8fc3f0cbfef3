import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event, EventBody } from '../../src/core/event.ts';
import { ProblemError } from '../../src/core/problem.ts';
import { journalLine, parseJournal } from '../../src/run/journal-text.ts';

const BODIES: readonly EventBody[] = [
  { type: 'run.started', command: 'pull', version: '0.1.0', target: 'al@old' },
  {
    type: 'step.before',
    step: 'stop-old',
    title: 'Stop the old gateway',
    before: { ran: true, name: 'Zoë \n \u2028' },
  },
  { type: 'step.applied', step: 'stop-old' },
  { type: 'run.unwinding', problem: { code: 'old-alive', stops: true, message: 'It lives.', hint: 'Look.' } },
  { type: 'step.undoing', step: 'stop-old' },
  { type: 'step.undone', step: 'stop-old' },
  { type: 'run.finished', outcome: 'rolled-back', running: 'old', exitCode: 9, downtimeMs: 5, problem: null },
];

function event(seq: number, body: EventBody): Event {
  return { v: 1, seq, ts: '2026-11-22T14:30:15.000Z', run: 'r', ...body };
}

const EVENTS = BODIES.map((body, index) => event(index + 1, body));
const LINES = EVENTS.map(journalLine);
const TEXT = Buffer.concat(LINES);

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.code;
    throw error;
  }
  return 'no problem';
}

const read = (...lines: (Buffer | string)[]): string =>
  codeOf(() => parseJournal(Buffer.concat(lines.map((line) => Buffer.from(line)))));

describe('the text of a journal', () => {
  it('comes back as the events that were written, and their fold', () => {
    const { events, state, wholeBytes } = parseJournal(TEXT);
    expect(events).toEqual(EVENTS);
    expect(wholeBytes).toBe(TEXT.length);
    expect(state.steps.get('stop-old')?.phase).toBe('undone');
  });

  // F13
  it('cut at any byte gives the whole lines before the cut', () => {
    for (let length = 0; length <= TEXT.length; length += 1) {
      const { events, wholeBytes } = parseJournal(TEXT.subarray(0, length));
      const whole = LINES.filter((_, index) => Buffer.concat(LINES.slice(0, index + 1)).length <= length).length;
      expect(events).toEqual(EVENTS.slice(0, whole));
      expect(wholeBytes).toBe(Buffer.concat(LINES.slice(0, whole)).length);
    }
  });

  it('leaves out a last line that is rubbish, newline or not', () => {
    for (const tail of ['{"v":1,', '\0\0\0\0\n', Buffer.from([0xff, 0xfe, 0x0a]), '{"v":1,"seq":2}']) {
      const text = Buffer.concat([TEXT, Buffer.from(tail)]);
      expect(parseJournal(text)).toMatchObject({ events: EVENTS, wholeBytes: TEXT.length });
    }
  });

  it('with rubbish in its middle is journal-damaged', () => {
    expect(read(TEXT, '{"v":1,\n', LINES[0] ?? '')).toBe('journal-damaged');
    expect(read(TEXT, '\n\n')).toBe('journal-damaged');
  });

  // F14
  it('of a newer version is journal-newer, whatever else is in it', () => {
    expect(read(TEXT, '{"v":2,"what":"ever"}\n')).toBe('journal-newer');
    expect(read('{"v":1,"seq":1,"ts":"t","run":"r","type":"plan.made","plan":{"schema":2}}\n')).toBe('journal-newer');
  });

  it('may hold types of event that this version does not know', () => {
    const unknown = '{"v":1,"seq":1,"ts":"t","run":"r","type":"run.whistled","tune":7}\n';
    expect(parseJournal(Buffer.from(unknown)).events).toEqual([JSON.parse(unknown)]);
  });

  it.each([
    ['no object', '7\n'],
    ['without its envelope', '{"v":1,"type":"run.committed"}\n'],
    ['of version 0', '{"v":0,"seq":1,"ts":"t","run":"r","type":"x"}\n'],
    ['without its step', '{"v":1,"seq":1,"ts":"t","run":"r","type":"step.applied"}\n'],
    ['without its before', '{"v":1,"seq":1,"ts":"t","run":"r","type":"step.before","step":"a","title":"A"}\n'],
    ['about a step that has not begun', journalLine(event(1, { type: 'step.applied', step: 'a' }))],
  ])('with a line %s is journal-damaged', (_what, line) => {
    expect(read(line)).toBe('journal-damaged');
  });

  it('out of order, or of two runs, is journal-damaged', () => {
    const first = event(2, { type: 'run.committed' });
    expect(read(journalLine(first), journalLine(first))).toBe('journal-damaged');
    expect(read(journalLine(first), journalLine({ ...first, seq: 3, run: 'other' }))).toBe('journal-damaged');
  });

  it('never takes in an event that could not be read again', () => {
    const before = undefined as unknown as string;
    expect(() => journalLine(event(1, { type: 'step.before', step: 'a', title: 'A', before }))).toThrow(TypeError);
  });

  // F124
  it('of any bytes whatever is read or refused with a Problem', { timeout: 120_000 }, () => {
    const line = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(`${text}\n`)),
      fc.constantFrom(...LINES),
      fc.tuple(fc.constantFrom(...LINES), fc.nat(), fc.nat({ max: 255 })).map(([whole, at, byte]) => {
        const bent = Buffer.from(whole);
        bent[at % bent.length] = byte;
        return bent;
      }),
    );
    const text = fc.array(line, { maxLength: 5 }).map((lines) => Buffer.concat(lines));
    fc.assert(
      fc.property(text, (bytes) => {
        expect(codeOf(() => parseJournal(bytes))).toMatch(/^(no problem|journal-damaged|journal-newer)$/);
      }),
      { numRuns: 10_000 },
    );
  });
});
