import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { processesFrom } from '../kit/processes.ts';
import { cookieJar, folder, follow, ownNode, run, UNENDING } from './lab.ts';

function resident(pid: number): { rssMiB: number; peakMiB: number; cpuTicks: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return {
    rssMiB: kib('VmRSS') / 1024,
    peakMiB: kib('VmHWM') / 1024,
    cpuTicks: Number(fields[11]) + Number(fields[12]),
  };
}

// P9: asserted generously, for machines are shared; the figures are printed.
test('a tree of 50,000 files costs the old machine little to be followed', async () => {
  const root = folder();
  run(`cd "$1"; for d in $(seq 200); do mkdir d$d; (cd d$d; seq 250 | xargs touch); done`, root);
  const node = ownNode();
  const before = performance.now();
  const watcher = await follow(root, { node, cookieDir: cookieJar() });
  const readyMs = performance.now() - before;
  expect(watcher.state()).toMatchObject({ engine: 'directories', directories: 201 });
  const [{ pid } = { pid: 0 }] = processesFrom(join(node, '..'));
  const start = resident(pid);
  await sleep(5000);
  const idle = resident(pid);
  // In hundredths of a second, of which there were 500.
  const cpuPercent = (idle.cpuTicks - start.cpuTicks) / 5;
  console.log(
    `watching 50,000 files: ready ${readyMs.toFixed(0)} ms, RSS ${idle.rssMiB.toFixed(1)} MiB (peak ${idle.peakMiB.toFixed(1)}), idle CPU ${cpuPercent.toFixed(1)} %`,
  );
  expect(idle.rssMiB).toBeLessThan(120);
  expect(cpuPercent).toBeLessThan(5);
  expect(readyMs).toBeLessThan(15_000);
  expect(await watcher.settled(UNENDING, 10_000)).toBe(true);
});
