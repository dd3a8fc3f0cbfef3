import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChannelState } from '../core/inventory.ts';
import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import { askAgents, askChannels, askHealth, askSessions } from '../gateway/ask.ts';
import { loadDashboard } from '../gateway/dashboard.ts';
import { readLife, type Life } from '../gateway/life.ts';
import { productNames } from '../gateway/product.ts';
import { sessionKeysOnDisk } from './session-keys.ts';
import { together } from './together.ts';

/** The gateway's process is there and its port is open. */
export function newAlive(plan: Plan): Check {
  return {
    id: 'new-alive',
    title: 'The new gateway runs',
    async run(world) {
      const life = await readLife(world.new, plan.new.gateway, world);
      if (life.alive && life.listening) return [];
      return [notRunning(plan, life.listening)];
    },
  };
}

/**
 * As `newAlive`, looked at again and again: it is also the same process as at the first look, and its service has not started it anew since.
 * For one watching; the first look is remembered.
 */
export function newSteady(plan: Plan): Check {
  let first: { pid: number | null; restarts: number } | null = null;
  return {
    id: 'new-steady',
    title: 'The new gateway runs on',
    async run(world) {
      const { life, isUp } = await lookTwice(world, plan);
      const now = { pid: life.process?.pid ?? null, restarts: life.service?.restarts ?? 0 };
      const isAnother = first !== null && now.pid !== null && first.pid !== null && now.pid !== first.pid;
      const wasRestarted = now.restarts > (isUp ? (first?.restarts ?? now.restarts) : 0);
      if (wasRestarted || isAnother || life.service?.activeState === 'activating')
        return [restarting(plan, now.restarts)];
      if (!isUp) return [notRunning(plan, life.listening)];
      first ??= now;
      return [];
    },
  };
}

/** One that has just ended is dead before its service says so: what is to be said of it shows at a second look. */
async function lookTwice(world: World, { new: { gateway } }: Plan): Promise<{ life: Life; isUp: boolean }> {
  const first = await readLife(world.new, gateway, world);
  const life = serves(first) ? first : await readLife(world.new, gateway, world);
  return { life, isUp: serves(life) };
}

function serves({ alive, listening }: Life): boolean {
  return alive && listening;
}

function restarting({ new: { gateway } }: Plan, restarts: number): Problem {
  const often = restarts > 1 ? `, ${restarts} times so far` : '';
  const log = gateway.unit === null ? 'gateway.log in the folder of the run' : `journalctl --user -u ${gateway.unit}`;
  return problem('new-restarts', {
    message: `The new gateway ended after it had come up, and was started again${often}.`,
    hint: `See why: ${log}. The old one is stopped and untouched; to give the gateway back to it: neo-pull rollback --after-commit`,
  });
}

function notRunning(plan: Plan, listening: boolean): Problem {
  return unhealthy(
    `The gateway on this machine does not run: ${listening ? 'its process is gone' : `port ${plan.new.gateway.port} is closed`}.`,
  );
}

interface Line {
  readonly id: string;
  readonly title: string;
  look(world: World, plan: Plan): Promise<{ ok: boolean; seen: string; missing?: boolean }>;
}

/**
 * The checklist of a gateway that works: it runs on the migrated state dir, profile and port; its page loads; it lists the sessions
 * and agents that were moved; the workspaces are there. The answers of the product are compared with what lies on the disk.
 */
export function newWorks(plan: Plan): Check {
  return {
    id: 'new-works',
    title: 'The new gateway serves the moved state',
    async run(world) {
      const looked = await together(LINES.map(async (line) => ({ line, ...(await line.look(world, plan)) })));
      const checklist = looked.map(({ line: { id, title }, ok, seen }) => ({ id, title, ok, seen }));
      await world.emit({ type: 'run.checked', checklist });
      return looked.flatMap(({ line, ok, seen, missing }) => {
        if (ok) return [];
        return [missing ? shrank(`${line.title}: ${seen}.`) : unhealthy(`${line.title}: ${seen}.`)];
      });
    },
  };
}

const LINES: readonly Line[] = [
  {
    id: 'alive',
    title: 'Runs with the moved state dir, profile and port',
    async look(world, plan) {
      const gateway = plan.new.gateway;
      const life = await readLife(world.new, gateway, world);
      const where = `${gateway.stateDir}, profile ${gateway.profile}, port ${gateway.port}`;
      const strays = life.process?.strays ?? [];
      const seen = strays.length === 0 ? where : strays.map(({ what, is }) => `${what} ${is}`).join(', ');
      const ok = life.alive && life.listening && strays.length === 0;
      return { ok, seen: life.alive ? seen : 'it does not run' };
    },
  },
  {
    id: 'health',
    title: 'Says that it is well',
    async look(world, plan) {
      const health = await askHealth(world.new, plan.new.gateway, world);
      return {
        ok: health?.ok === true,
        seen: health ? `health ${health.ok ? 'ok' : 'not ok'}` : 'health gave no answer',
      };
    },
  },
  {
    id: 'dashboard',
    title: 'The dashboard loads',
    async look(_world, plan) {
      const page = await loadDashboard(plan.new.gateway.port);
      return {
        ok: page.status === 200 && page.bytes > 0,
        seen: page.status === null ? 'no answer' : `HTTP ${page.status}, ${page.bytes} bytes`,
      };
    },
  },
  { id: 'sessions', title: 'Lists every moved session', look: sessionsListed },
  { id: 'agents', title: 'Lists its agents, with the paths of this machine', look: agentsListed },
  {
    id: 'workspaces',
    title: 'The workspaces are in place',
    async look(_world, plan) {
      const folders = plan.roots.flatMap((root) => [
        ...(root.room === 'workspace' ? [root.livePath] : []),
        ...root.workspaces.map((inside) => join(root.livePath, inside)),
      ]);
      const counts = await Promise.all(
        folders.map((folder) =>
          readdir(folder).then(
            (names) => names.length,
            () => -1,
          ),
        ),
      );
      const gone = folders.filter((_, at) => counts[at] === -1);
      return {
        ok: gone.length === 0,
        missing: true,
        seen: gone.length > 0 ? `missing: ${gone.join(', ')}` : folders.join(', ') || 'none to move',
      };
    },
  },
];

async function sessionsListed(world: World, plan: Plan) {
  const [listed, moved] = await together([
    askSessions(world.new, plan.new.gateway, world),
    sessionKeysOnDisk(plan.new.gateway.stateDir, storesHere(plan)),
  ]);
  if (!listed) return { ok: false, seen: 'the product gave no list' };
  const known = new Set(listed.sessions.map((session) => session.key));
  const gone = moved.filter((key) => !known.has(key));
  const seen =
    gone.length > 0
      ? `${gone.length} of ${moved.length} missing, such as ${gone.slice(0, 3).join(', ')}`
      : `${moved.length} sessions`;
  return { ok: gone.length === 0, missing: gone.length > 0, seen };
}

function storesHere({ sessionStores = [], roots }: Plan): string[] {
  return sessionStores.flatMap(({ root: id, file }) => {
    const root = roots.find((one) => one.id === id);
    return root ? [join(root.livePath, file)] : [];
  });
}

async function agentsListed(world: World, plan: Plan) {
  const agents = await askAgents(world.new, plan.new.gateway, world);
  if (!agents || agents.length === 0) return { ok: false, seen: 'the product gave no list' };
  const stale = agents.filter((agent) =>
    plan.mapping.some(({ from, to }) => from !== to && isUnder(agent.workspace, from) && !isUnder(agent.workspace, to)),
  );
  if (stale.length > 0) return { ok: false, seen: `old paths: ${stale.map((agent) => agent.workspace).join(', ')}` };
  return { ok: true, seen: agents.map((agent) => agent.id).join(', ') };
}

function isUnder(path: string | null, folder: string): boolean {
  return path !== null && (path === folder || path.startsWith(`${folder}/`));
}

/** Channels are as connected as they were: what was connected before and is not within a while is told, and degrades the move. */
export function channelsAsBefore(plan: Plan): Check {
  return {
    id: 'channels-as-before',
    title: 'The channels are as connected as they were',
    async run(world) {
      const before = (plan.channels ?? []).filter((channel) => channel.connected ?? channel.running);
      if (before.length === 0) return [];
      const deadline = world.clock.now() + plan.limits.channelsMs;
      for (;;) {
        const now = (await askChannels(world.new, plan.new.gateway, { ...world, probe: true })) ?? [];
        const lost = before.filter((was) => !isUp(now, was));
        if (lost.length === 0 || world.clock.now() >= deadline) return lost.map((one) => notConnected(one, plan));
        await world.clock.sleep(1000, world.signal);
      }
    },
  };
}

function isUp(now: readonly ChannelState[], was: ChannelState): boolean {
  const same = now.find((one) => one.channel === was.channel && one.account === was.account);
  return same !== undefined && (same.connected ?? same.running);
}

function notConnected({ channel, account }: ChannelState, plan: Plan): Problem {
  const { command } = productNames(plan.new.gateway.product);
  return problem('channel-not-connected', {
    message: `${channel} (${account}) was connected on the old machine and is not connected on this one.`,
    hint: `Give it a minute and look: ${command} channels status --probe. If it asks to be linked, link it again.`,
  });
}

function unhealthy(message: string): Problem {
  return problem('new-unhealthy', {
    message,
    hint: 'See the log of the gateway in the folder of the run, and the report (neo-pull report).',
  });
}

function shrank(message: string): Problem {
  return problem('inventory-shrank', {
    message,
    hint: 'Nothing is lost on the old machine. See the report (neo-pull report), then try again.',
  });
}
