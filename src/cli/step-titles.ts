import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The titles of the steps that a Journal speaks of, by id; empty where it cannot be read. Read-only. */
export function titlesIn(folder: string): ReadonlyMap<string, string> {
  try {
    const lines = readFileSync(join(folder, 'journal.ndjson'), 'utf8').split('\n');
    return new Map(lines.flatMap(titleIn));
  } catch {
    return new Map();
  }
}

function titleIn(line: string): [string, string][] {
  if (!line.includes('"step.before"')) return [];
  const event = JSON.parse(line) as { type?: unknown; step?: unknown; title?: unknown };
  const { type, step, title } = event;
  return type === 'step.before' && typeof step === 'string' && typeof title === 'string' ? [[step, title]] : [];
}
