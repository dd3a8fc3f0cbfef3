import { fail, type ProblemError } from '../core/problem.ts';

/** One thing that a script answered. */
export type AnswerRecord = readonly [key: string, value: string];

/** What a script answered, or one group of it; in the order in which it was said. */
export type Answer = readonly AnswerRecord[];

const MOST_RECORDS = 20_000;

/**
 * Reads `KEY NUL VALUE NUL ...` up to the record `end`, which has to be there: an answer that was cut off is none.
 * Nothing in it is trusted to be anything but text; bytes that are not UTF-8 become U+FFFD.
 * Throws `survey-failed` for anything else. `label` names the machine in the message.
 */
export function parseAnswer(bytes: Buffer, label: string): Answer {
  const parts = bytes.toString('utf8').split('\0');
  if (parts.pop() !== '' || parts.length % 2 !== 0) throw garbled(label, 'is cut off');
  if (parts.length > 2 * MOST_RECORDS) throw garbled(label, `has more than ${String(MOST_RECORDS)} parts`);
  const records: AnswerRecord[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const key = parts[at] ?? '';
    if (!/^[a-z][a-z.-]{0,39}$/.test(key)) throw garbled(label, 'holds something that was not asked for');
    records.push([key, parts[at + 1] ?? '']);
  }
  if (records.pop()?.[0] !== 'end') throw garbled(label, 'does not come to its end');
  return records;
}

/** The first value said for a key, or null. Pure. */
export function valueOf(answer: Answer, key: string): string | null {
  return answer.find(([name]) => name === key)?.[1] ?? null;
}

/** Every value said for a key. Pure. */
export function valuesOf(answer: Answer, key: string): string[] {
  return answer.filter(([name]) => name === key).map(([, value]) => value);
}

/** The groups that begin with the key `head` and go on with keys `head.something`. Pure. */
export function groupsOf(answer: Answer, head: string): Answer[] {
  const groups: AnswerRecord[][] = [];
  let open: AnswerRecord[] | null = null;
  for (const record of answer) {
    if (record[0] === head) groups.push((open = [record]));
    else if (record[0].startsWith(`${head}.`)) open?.push(record);
    else open = null;
  }
  return groups;
}

/** A list as the scripts say it: one name a line, a newline inside a name as the byte 1. Pure. */
export function listOf(answer: Answer, key: string): string[] {
  const lines = (valueOf(answer, key) ?? '').split('\n').filter((line) => line !== '');
  return lines.map((line) => line.replaceAll('\x01', '\n'));
}

/** A count, or null when nothing that counts was said. Pure. */
export function countOf(answer: Answer, key: string): number | null {
  const text = valueOf(answer, key);
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function garbled(label: string, what: string): ProblemError {
  return fail('survey-failed', {
    message: `What the ${label} answered when it was looked at ${what}.`,
    hint: 'Nothing was changed. Try again; if it stays, log in there by hand and see whether /bin/sh, tr, head, sed and awk work.',
  });
}
