import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { staged } from '../kit/following.ts';
import { finished, makeMoverProgram } from '../kit/mover-run.ts';
import { makeTempLab } from '../kit/temp-lab.ts';
import { waitFor } from '../kit/wait.ts';

/** With SLOW=1 as long as a short sleep of a laptop, and with the limits that everybody has. */
const isSlow = process.env['SLOW'] === '1';
const SLEEP_MS = isSlow ? 40_000 : 4000;
const LIMITS = isSlow ? {} : { beatMs: 500, sleptMs: 2000 };

// F83. A stopped process stands for one on a machine that sleeps: nothing of it runs, and the rest of the world goes on.
it(
  'a neo-pull that follows and sleeps for a while looks at everything again once when it wakes up, follows on, and ends when told to',
  { timeout: 120_000 },
  async () => {
    const lab = await makeTempLab({ runsAs: 'stopped', sessions: 3 });
    const program = await makeMoverProgram();
    const events: Event[] = [];
    let signal: (name: NodeJS.Signals) => void = () => undefined;
    const wholeRounds = (): number => events.filter((event) => event.type === 'round.done' && event.full).length;
    try {
      const order = {
        homes: lab,
        command: 'follow',
        replace: false,
        kill: null,
        limits: {},
        following: LIMITS,
      } as const;
      const ended = program.run(order, {
        killAfterMs: 110_000,
        onEvent(event, send) {
          events.push(event);
          signal = send;
        },
      });
      await waitFor('it follows', () => wholeRounds() === 1);
      writeFileSync(join(lab.state.stateDir, 'media/first.txt'), 'x');
      await staged(lab, 'media/first.txt');
      signal('SIGSTOP');
      writeFileSync(join(lab.state.stateDir, 'media/meanwhile.txt'), 'x');
      await sleep(SLEEP_MS);
      signal('SIGCONT');
      await staged(lab, 'media/meanwhile.txt');
      await waitFor('everything was looked at', () => wholeRounds() === 2);
      const told = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
      expect(told.filter((message) => message.includes('this machine slept'))).toHaveLength(1);
      writeFileSync(join(lab.state.stateDir, 'media/later.txt'), 'x');
      await staged(lab, 'media/later.txt');
      expect(wholeRounds()).toBe(2);
      signal('SIGTERM');
      const end = await ended;
      expect([end.code, finished(end)]).toMatchObject([
        143,
        { outcome: 'interrupted', running: 'none', exitCode: 143 },
      ]);
    } finally {
      signal('SIGKILL');
      program.remove();
      await lab.destroy();
    }
  },
);
