import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFollowerLab } from '../kit/follower-lab.ts';
import { waitFor } from '../kit/wait.ts';

const MIB = 1024 * 1024;

// F61
it('a disk that fills up while neo-pull follows is told once; what is staged stays, and with room again all of it comes', async () => {
  const lab = makeFollowerLab();
  const disk = dirname(lab.staging);
  const [at, copy] = [(name: string) => join(lab.tree, name), (name: string) => join(lab.staging, name)];
  const notices = (): string[] => lab.events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=700,size=8m', 'np-disk', disk]);
  try {
    writeFileSync(at('early'), 'early');
    await lab.start();
    writeFileSync(join(disk, 'filler'), Buffer.alloc(6 * MIB, 'f'));
    writeFileSync(at('large'), Buffer.alloc(4 * MIB, 'x'));
    const told = (): string[] => notices().filter((message) => message.includes('There is no room left'));
    await waitFor('it is told', () => told().length > 0, 60_000);
    expect(told()[0]).toContain('is tried again; the old gateway serves');
    writeFileSync(at('later'), 'later');
    expect(readFileSync(copy('early'), 'utf8')).toBe('early');
    expect(existsSync(copy('large'))).toBe(false);
    expect(lab.failure()).toBeNull();
    rmSync(join(disk, 'filler'));
    await waitFor('all is there', () => existsSync(copy('large')) && existsSync(copy('later')), 90_000);
    await lab.atRest();
    expect(told()).toHaveLength(1);
    expect(await lab.differences()).toEqual([]);
    await waitFor('it follows as before', () => lab.standing().phase === 'following' && lab.standing().note === null);
  } finally {
    // It may be at work there still.
    execFileSync('umount', ['--lazy', disk]);
    await lab.destroy();
  }
});
