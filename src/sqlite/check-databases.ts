import { constants, copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '../host/sqlite-engine.ts';
import type { SoundnessAnswer, SoundnessRequest } from './contract.ts';

type Failure = SoundnessAnswer['failures'][number];

const BESIDE = ['', '-wal', '-journal'];
/** Up to this size the entries of each index are compared with those of its table too, which takes many times as long. */
const WHOLLY_BYTES = 32 * 1024 * 1024;
/** What SQLite says of a file that is none of its own any more. Other words are about its surroundings. */
const DAMAGED = /malformed|not a database/i;

/**
 * Has SQLite check databases by their own structure, each on a copy with its log and journal, which are taken in there as a gateway
 * that opens it would. Never throws: what goes wrong with one is a failure of that one.
 */
export function checkDatabases({ check, scratch }: SoundnessRequest): SoundnessAnswer {
  const failures: Failure[] = [];
  let engine: SoundnessAnswer['engine'] = null;
  for (const [at, raw] of check.entries()) {
    try {
      const copy = copied(Buffer.from(raw, 'base64'), scratch);
      const said = complaints(copy);
      if (!said) return { engine: null, failures: [] };
      ({ engine } = said);
      if (said.text !== 'ok') failures.push({ at, kind: 'damaged', said: said.text });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      failures.push({ at, kind: DAMAGED.test(text) ? 'damaged' : 'unread', said: text });
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return { engine, failures };
}

function copied(database: Buffer, scratch: string): string {
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { mode: 0o700 });
  const copy = join(scratch, 'copy.sqlite');
  for (const suffix of BESIDE) {
    const file = Buffer.concat([database, Buffer.from(suffix)]);
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === true)
      copyFileSync(file, copy + suffix, constants.COPYFILE_FICLONE);
  }
  return copy;
}

function complaints(copy: string): { engine: SoundnessAnswer['engine']; text: string } | null {
  const engine = openEngine(copy);
  try {
    const how = statSync(copy).size > WHOLLY_BYTES ? 'quick_check' : 'integrity_check';
    return engine && { engine: engine.name, text: engine.rows(`PRAGMA ${how}(3)`).join('; ') };
  } finally {
    engine?.close();
  }
}
