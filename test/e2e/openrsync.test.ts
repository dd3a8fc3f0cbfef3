import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { installOpenrsync } from '../kit/openrsync.ts';
import { tryMove } from '../kit/try-move.ts';

// F118
it('a gateway moves from a machine with openrsync, whose times come in whole seconds', async () => {
  await tryMove(
    {
      prepare: ({ old }) => {
        installOpenrsync(join(old.path, 'bin', 'rsync'));
        utimesSync(join(old.home, '.smart-agent-neo', 'smart-agent-neo.json'), 1_700_000_000, 1_700_000_000.75);
      },
    },
    ({ verdict, events, lab }) => {
      expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', problem: null });
      const planned = events.find((event) => event.type === 'plan.made');
      expect(planned?.plan.old.rsync).toMatchObject({ version: '2.6.9', flavour: 'openrsync' });
      expect(lab.running('new')).toHaveLength(1);
    },
  );
});

it('a new machine with openrsync only is told what to install, and nothing is copied', async () => {
  await tryMove(
    { prepare: ({ new: here }) => installOpenrsync(join(here.path, 'bin', 'rsync')) },
    ({ verdict, lab }) => {
      expect(verdict).toMatchObject({ outcome: 'refused', exitCode: 3, problem: { code: 'rsync-not-gnu' } });
      expect(lab.running('old')).toHaveLength(1);
    },
  );
});
