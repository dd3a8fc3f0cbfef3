import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event, EventBody } from '../../src/core/event.ts';
import { foldRun } from '../../src/core/run-state.ts';
import { Journal } from '../../src/run/journal.ts';
import { journalLine, parseJournal } from '../../src/run/journal-text.ts';
import type { ModelJournal } from './crash-model.ts';
import { TestClock } from './test-clock.ts';

/** A journal whose disk is memory; it is read back by the real reader. */
export function memoryJournal(): ModelJournal {
  let disk = Buffer.alloc(0);
  return {
    open: () => {
      const read = parseJournal(disk);
      disk = disk.subarray(0, read.wholeBytes);
      let { state } = read;
      let seq = read.events.length;
      const next = (body: EventBody): Event => ({ v: 1, seq: seq + 1, ts: 'then', run: 'r', ...body });
      return Promise.resolve({
        state: () => state,
        append: (body) => {
          const line = journalLine(next(body));
          state = foldRun(state, JSON.parse(line.toString()) as Event);
          disk = Buffer.concat([disk, line]);
          seq += 1;
          return Promise.resolve();
        },
        tear: (body, bytes) => {
          const line = journalLine(next(body));
          disk = Buffer.concat([disk, line.subarray(0, bytes % line.length)]);
          return Promise.resolve();
        },
      });
    },
    dispose: () => Promise.resolve(),
  };
}

/** The real Journal in a real folder. */
export async function fileJournal(): Promise<ModelJournal> {
  const folder = await mkdtemp(join(tmpdir(), 'np-model-'));
  const clock = new TestClock();
  const opened = [await Journal.create(folder, clock, 'r')];
  return {
    open: async () => {
      const journal = await Journal.open(folder, clock, 'r');
      opened.push(journal);
      return {
        state: () => journal.state,
        append: async (body) => {
          await journal.append(body);
        },
        tear: async (body, bytes) => {
          const line = journalLine(journal.stamp(body));
          await appendFile(join(folder, 'journal.ndjson'), line.subarray(0, bytes % line.length));
        },
      };
    },
    dispose: async () => {
      for (const journal of opened) await journal.close();
      await rm(folder, { recursive: true });
    },
  };
}
