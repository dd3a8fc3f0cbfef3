import { z } from 'zod';
import type { Event } from '../core/event.ts';
import { fail } from '../core/problem.ts';
import { EMPTY_RUN, foldRun, type RunState } from '../core/run-state.ts';

/** A Journal's text, understood. */
export interface JournalText {
  readonly events: readonly Event[];
  readonly state: RunState;
  /** Length of the whole lines; anything after it is a torn tail. */
  readonly wholeBytes: number;
}

const NEWLINE = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

const name = z.string().min(1);
const envelope = z.looseObject({ v: z.literal(1), seq: z.int().positive(), ts: name, run: name, type: name });
const ofStep = z.looseObject({ step: name });
const ofPlan = z.looseObject({ plan: z.looseObject({ schema: z.literal(1), key: name }) });

const newerEvent = z.looseObject({ v: z.int().min(2) });
const newerPlan = z.looseObject({ plan: z.looseObject({ schema: z.int().min(2) }) });

/** The events whose content decides what is done next; the others are told again as they are. */
const shapes: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['step.before', ofStep.extend({ title: z.string() }).refine((line) => line['before'] !== undefined)],
  ['step.applied', ofStep],
  ['step.undoing', ofStep],
  ['step.undone', ofStep],
  ['plan.made', ofPlan],
  ['plan.revised', ofPlan],
  ['run.unwinding', z.looseObject({ problem: z.looseObject({ code: name, message: z.string(), hint: z.string() }) })],
  ['run.finished', z.looseObject({ outcome: name, running: name, exitCode: z.int() })],
]);

/** One event as a line of the Journal, newline included. Pure. Throws a TypeError for one that could not be read again. */
export function journalLine(event: Event): Buffer {
  const text = JSON.stringify(event);
  const lack = whatItLacks(JSON.parse(text));
  if (lack !== null) throw new TypeError(`an event of type ${event.type} ${lack}`);
  return Buffer.from(`${text}\n`);
}

/**
 * Reads a Journal's bytes as one history. Pure.
 *
 * A last line without its newline, or one that is not JSON, was torn by a crash: nobody was ever told that it is durable, so it
 * is left out. Throws `journal-newer` for words of a later version, `journal-damaged` for anything else that is not a history:
 * rubbish in the middle, a wrong order, two runs in one file, a step that ends before it begins.
 */
export function parseJournal(bytes: Buffer): JournalText {
  const events: Event[] = [];
  let state = EMPTY_RUN;
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
    const line = parseJson(bytes.subarray(start, end));
    if (line === null) {
      if (end + 1 < bytes.length) throw damaged(events.length + 1, 'is not JSON');
      break;
    }
    const event = asEvent(line.value, events.at(-1), events.length + 1);
    state = follow(state, event, events.length + 1);
    events.push(event);
    start = end + 1;
  }
  return { events, state, wholeBytes: start };
}

function parseJson(bytes: Buffer): { value: unknown } | null {
  try {
    return { value: JSON.parse(utf8.decode(bytes)) };
  } catch {
    return null;
  }
}

function asEvent(value: unknown, previous: Event | undefined, line: number): Event {
  refuseNewer(value, line);
  const lack = whatItLacks(value);
  if (lack !== null) throw damaged(line, lack);
  // Types that this version does not know pass through: the fold and the renderers leave them alone.
  const event = value as Event;
  if (previous && event.seq <= previous.seq) throw damaged(line, `comes out of order (seq ${event.seq})`);
  if (previous && event.run !== previous.run) throw damaged(line, 'belongs to another run');
  return event;
}

function whatItLacks(value: unknown): string | null {
  const head = envelope.safeParse(value);
  if (!head.success) return 'is not an event';
  return shapes.get(head.data.type)?.safeParse(value).success === false ? 'lacks part of its event' : null;
}

function refuseNewer(value: unknown, line: number): void {
  const version = newerEvent.safeParse(value);
  if (!version.success && !newerPlan.safeParse(value).success) return;
  throw fail('journal-newer', {
    message: `Line ${line} of the journal was written by a newer neo-pull${version.success ? ` (version ${version.data.v} of events)` : ''}.`,
    hint: 'Use the neo-pull that wrote it, or a later one: `npm install -g neo-pull@latest`. Nothing was changed.',
  });
}

function follow(state: RunState, event: Event, line: number): RunState {
  try {
    return foldRun(state, event);
  } catch (cause) {
    throw damaged(line, 'speaks of a step that has not begun', cause);
  }
}

function damaged(line: number, what: string, cause?: unknown): Error {
  return fail(
    'journal-damaged',
    {
      message: `Line ${line} of the journal ${what}. Nothing was changed.`,
      hint: 'Keep the folder of the run. `neo-pull status` shows where; what stands on which machine has to be looked at by hand.',
    },
    { cause },
  );
}
