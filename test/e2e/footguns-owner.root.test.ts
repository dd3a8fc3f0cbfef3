import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { machineByHand } from '../kit/manual-move.ts';
import { tryMove } from '../kit/try-move.ts';

// A whole move, by hand and by neo-pull.
vi.setConfig({ testTimeout: 150_000 });

/** An account of the old machine that this one does not know. */
const STRANGER = 4299;
const PLUGIN = 'extensions/voice/index.js';

it('a plugin copied by root keeps an owner whom the new machine does not know; neo-pull makes it the gateway’s (row 5, F108)', () =>
  tryMove(
    {
      prepare: ({ state }) => {
        spawnSync('chown', ['-R', String(STRANGER), join(state.stateDir, 'extensions')]);
        chmodSync(join(state.stateDir, PLUGIN), 0o666);
      },
    },
    async ({ lab, verdict }) => {
      const hand = await machineByHand(lab);
      hand.copy();
      hand.cli('doctor', '--non-interactive');
      const copied = lstatSync(join(hand.stateDir, PLUGIN));
      await hand.remove();
      expect({ owner: copied.uid, mode: copied.mode & 0o777 }).toEqual({ owner: STRANGER, mode: 0o666 });

      expect(verdict).toMatchObject({ outcome: 'moved', exitCode: 0 });
      const live = join(lab.new.home, '.smart-agent-neo');
      const own = String(process.getuid?.());
      const foreign = spawnSync('find', [live, '-ignore_readdir_race', '!', '-uid', own], { encoding: 'utf8' });
      expect({ code: foreign.status, said: foreign.stdout }).toEqual({ code: 0, said: '' });
      expect(lstatSync(join(live, PLUGIN)).mode & 0o077).toBe(0);
    },
  ));
