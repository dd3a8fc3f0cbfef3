import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFollowerLab } from '../kit/follower-lab.ts';
import { waitFor } from '../kit/wait.ts';

const ROUNDS = process.env['SLOW'] === '1' ? 200 : 12;

it(
  'a following leaves nothing behind at what it waits for, however many rounds it makes',
  { timeout: 900_000 },
  async () => {
    const [lab, warnings]: [ReturnType<typeof makeFollowerLab>, string[]] = [makeFollowerLab(), []];
    const heed = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', heed);
    try {
      writeFileSync(join(lab.tree, 'file'), 'first');
      await lab.start();
      const waiting: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const { rounds } = lab.standing();
        writeFileSync(join(lab.tree, 'file'), `round ${String(round)}`);
        await waitFor('another round', () => lab.standing().rounds > rounds, 60_000);
        await lab.atRest();
        waiting.push(lab.listeners());
      }
      expect(lab.standing().phase).toBe('following');
      // One of the watcher's, and one or two of what is waited for at that very moment.
      expect(Math.max(...waiting)).toBeLessThanOrEqual(4);
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', heed);
      await lab.destroy();
    }
  },
);
