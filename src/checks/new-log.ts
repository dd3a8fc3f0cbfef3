import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Gateway, Plan } from '../core/plan.ts';
import { problemOf } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import { userBus } from '../gateway/driver-systemd.ts';
import { run } from '../host/run.ts';
import { signsIn } from './log-signs.ts';

/** Of the end of each log; a gateway that has said more has said it more than once. */
const TAIL_BYTES = 512 * 1024;
const MOST_LINES = 2000;
/** A real start, and the waiting for it, is no longer ago than that before the watching began. */
const LEEWAY_S = 30;

/** What the new gateway has logged since it speaks, where one may read it: its journal, what it printed, its own log file. Read-only. */
export function newLogClean(plan: Plan): Check {
  const { gateway } = plan.new;
  return {
    id: 'new-log-clean',
    title: 'The log of the new gateway speaks of no refused, replaced or unlinked login',
    async run(world) {
      const sinceS = Math.floor((world.clock.now() - plan.limits.soakMs - plan.limits.channelsMs) / 1000) - LEEWAY_S;
      const logs = [
        await tailOf(join(world.run.path, 'gateway.log')),
        await tailOf(join(gateway.stateDir, 'logs', 'gateway.log')),
        await journalOf(world, gateway, sinceS),
      ];
      return signsIn(logs.join('\n'));
    },
  };
}

/** Empty where there is none, or it may not be read: a log that is not there is no sign. */
async function tailOf(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
      const { bytesRead } = await handle.read(tail, 0, tail.length, size - tail.length);
      return tail.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return '';
  }
}

async function journalOf({ new: host, clock, signal }: World, gateway: Gateway, sinceS: number): Promise<string> {
  const { supervisor, unit: userUnit, uid } = gateway;
  if (supervisor && supervisor.kind !== 'systemd-system') return '';
  const unit = supervisor?.unit ?? userUnit;
  if (unit === null) return '';
  const whose = supervisor ? [] : ['--user'];
  const argv = [
    'journalctl',
    ...whose,
    '--unit',
    unit,
    `--since=@${sinceS}`,
    `--lines=${MOST_LINES}`,
    '--output=cat',
    '--no-pager',
    '--quiet',
  ];
  try {
    const env = supervisor ? {} : userBus(uid);
    return (await run(host, argv, { env, clock, signal, timeoutMs: 10_000 })).stdout.toString();
  } catch (error) {
    // Without a journal the files have to do.
    if (['command-not-found', 'command-timeout', 'output-too-large'].includes(problemOf(error).code)) return '';
    throw error;
  }
}
