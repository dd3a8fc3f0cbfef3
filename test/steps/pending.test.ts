import { mkdirSync, mkdtempSync, rmSync, writeFileSync, linkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byRoot, databasesIn, Pending, type Place } from '../../src/steps/pending.ts';
import { withOtherNames } from '../../src/steps/several-names.ts';
import type { Root } from '../../src/core/plan.ts';

const place = (path: string, subtree = false): Place => ({ root: 'state', path: Buffer.from(path), subtree });
const names = (places: readonly Place[] | null): string[] | null =>
  places && places.map(({ path }) => path.toString()).sort();

function watched(): Pending {
  const pending = new Pending();
  pending.beginWhole({ isWatched: true });
  pending.endWhole({ partial: false });
  return pending;
}

describe('what is pending', () => {
  it('is nothing to rely on before a whole pass that was watched from its beginning', () => {
    const pending = new Pending();
    pending.add([place('a')]);
    expect(pending.takePlaces(0)).toBeNull();
    expect(pending.last()).toBeNull();
    pending.beginWhole({ isWatched: false });
    pending.endWhole({ partial: false });
    expect(pending.last()).toBeNull();
    expect(watched().last()).toEqual([]);
  });

  it('is no longer all there is after a gap, a whole pass that left something, and a word of the root itself, until the next whole pass', () => {
    for (const spoil of [
      (pending: Pending) => pending.lose(),
      (pending: Pending) => pending.add([place('')]),
      (pending: Pending) => {
        pending.beginWhole({ isWatched: true });
        pending.endWhole({ partial: true });
      },
      (pending: Pending) => {
        // A gap in the middle of a pass: nobody knows on which side of it the pass looked.
        pending.beginWhole({ isWatched: true });
        pending.lose();
        pending.endWhole({ partial: false });
      },
    ]) {
      const pending = watched();
      spoil(pending);
      expect(pending.last()).toBeNull();
      pending.beginWhole({ isWatched: true });
      pending.endWhole({ partial: false });
      expect(pending.last()).not.toBeNull();
    }
  });

  it('keeps what was told while a whole pass went on', () => {
    const pending = watched();
    pending.beginWhole({ isWatched: true });
    pending.add([place('meanwhile')]);
    pending.endWhole({ partial: false });
    expect(names(pending.takePlaces(20))).toEqual(['meanwhile']);
    expect(pending.takePlaces(21)).toEqual([]);
  });

  it('counts what was staged in the last seconds once more at the end (F83)', () => {
    const pending = watched();
    pending.add([place('early')]);
    pending.takePlaces(1000);
    pending.add([place('late')]);
    pending.takePlaces(9000);
    pending.add([place('now')]);
    expect(names(pending.last())).toEqual(['late', 'now']);
  });

  it('never loses a place: each that was added is taken, or still there, or seen by a whole pass', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), name: fc.integer({ min: 0, max: 9 }) }),
      fc.constant({ kind: 'take' as const }),
      fc.constant({ kind: 'whole' as const }),
      fc.constant({ kind: 'lose' as const }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const pending = new Pending();
        const stale = new Set<string>();
        steps.forEach((one, at) => {
          if (one.kind === 'add') {
            stale.add(String(one.name));
            pending.add([place(String(one.name))]);
          } else if (one.kind === 'take') {
            for (const name of names(pending.takePlaces(at * 1000)) ?? []) stale.delete(name);
          } else if (one.kind === 'whole') {
            pending.beginWhole({ isWatched: true });
            stale.clear();
            pending.endWhole({ partial: false });
          } else pending.lose();
        });
        const last = names(pending.last());
        if (last) for (const name of stale) expect(last).toContain(name);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the places of a pass', () => {
  it('are those of each root once, and a database with its log and journal', () => {
    const found = byRoot([place('a'), place('a'), place('m/x.sqlite-wal'), { ...place('b'), root: 'workspace' }]);
    expect([...found].map(([id, paths]) => [id, paths.map(String)])).toEqual([
      ['state', ['a', 'm/x.sqlite', 'm/x.sqlite-wal', 'm/x.sqlite-journal']],
      ['workspace', ['b']],
    ]);
  });

  it('are none below another place, for that brings them along, and may be gone', () => {
    const found = byRoot(['a/b', 'a/b/c', 'a/bc', 'a/b/c/d', 'e'].map((path) => place(path)));
    expect(found.get('state')?.map(String)).toEqual(['a/b', 'a/bc', 'e']);
  });

  it('find databases and files of several names in staging', async () => {
    const folder = mkdtempSync('/tmp/np-pending-');
    try {
      mkdirSync(join(folder, 'a/b'), { recursive: true });
      const databases = ['a/b/one.sqlite', 'a/b/one.sqlite-wal', 'two.db'];
      for (const name of [...databases, 'two.db-shm', 'three.txt', 'four']) writeFileSync(join(folder, name), name);
      linkSync(join(folder, 'four'), join(folder, 'a/five'));
      const staged = { stagingPath: folder } as Root;
      expect((await databasesIn(staged)).map(String).sort()).toEqual(databases);
      const named = async (...paths: string[]): Promise<string[]> =>
        (
          await withOtherNames(
            staged,
            paths.map((path) => Buffer.from(path)),
          )
        )
          .map(String)
          .sort();
      expect(await named('three.txt', 'gone')).toEqual(['gone', 'three.txt']);
      expect(await named('a')).toEqual(['a', 'a/five', 'four']);
      expect(await named('two.db', 'four', 'gone')).toEqual(['a/five', 'four', 'gone', 'two.db']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
