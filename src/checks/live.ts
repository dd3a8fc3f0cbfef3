import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChannelState } from '../core/inventory.ts';
import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import { askAgents, askChannels, askHealth, askSessions } from '../gateway/ask.ts';
import { loadDashboard } from '../gateway/dashboard.ts';
import { readLife } from '../gateway/life.ts';
import { productNames } from '../gateway/product.ts';
import { unhealthy } from './new-alive.ts';
import { sessionKeysOnDisk } from './session-keys.ts';
import { together } from './together.ts';
import { leadingOut } from './workspaces-resolve.ts';

interface Line {
  readonly id: string;
  readonly title: string;
  look(world: World, plan: Plan): Promise<{ ok: boolean; seen: string; missing?: boolean; serves?: Serves }>;
}

/** Does a gateway serve? Ours is what is seen of its port, process, lock and page; the product's is its health, which has lied both ways. */
interface Serves {
  readonly by: 'us' | 'the product';
  readonly yes: boolean;
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
      const wrong = looked.flatMap(({ line, ok, seen, missing }) => {
        if (ok) return [];
        return [missing ? shrank(`${line.title}: ${seen}.`) : unhealthy(`${line.title}: ${seen}.`)];
      });
      const probes = looked.flatMap(({ serves, seen }) => (serves ? [{ ...serves, seen }] : []));
      return [...disagreeing(probes), ...wrong];
    },
  };
}

/** The two that are asked without each other; what is wrong with a gateway on which they disagree is told first by that. */
function disagreeing(probes: readonly (Serves & { seen: string })[]): Problem[] {
  const ours = probes.filter(({ by }) => by === 'us');
  const theirs = probes.filter(({ by }) => by !== 'us');
  const [we, they] = [ours, theirs].map((of) => of.every(({ yes }) => yes));
  if (we === they) return [];
  const words = (of: typeof probes): string => of.map(({ seen }) => seen).join(', ');
  return [
    problem('probes-disagree', {
      message: `Does the new gateway serve? The product says ${they ? 'yes' : 'no'} (${words(theirs)}), and what is seen of it says ${we ? 'yes' : 'no'} (${words(ours)}).`,
      hint: 'One of the two is wrong. See the log of the gateway in the folder of the run, and what answers on its port.',
    }),
  ];
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
      const serves = { by: 'us', yes: life.alive && life.listening } as const;
      return { ok, serves, seen: life.alive ? seen : 'it does not run' };
    },
  },
  {
    id: 'health',
    title: 'Says that it is well',
    async look(world, plan) {
      const health = await askHealth(world.new, plan.new.gateway, world);
      return {
        ok: health?.ok === true,
        serves: { by: 'the product', yes: health?.ok === true },
        seen: health ? `health ${health.ok ? 'ok' : 'not ok'}` : 'health gave no answer',
      };
    },
  },
  {
    id: 'dashboard',
    title: 'The dashboard loads',
    async look(_world, plan) {
      const page = await loadDashboard(plan.new.gateway.port);
      const ok = page.status === 200 && page.bytes > 0;
      return {
        ok,
        serves: { by: 'us', yes: ok },
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

/** Where the config puts indexes of sessions, on this machine. Pure. */
export function storesHere({ sessionStores = [], roots }: Plan): string[] {
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
  const out = await leadingOut(
    plan,
    agents.flatMap(({ workspace }) => workspace ?? []),
  );
  if (out.length > 0) return { ok: false, seen: `workspaces outside of what was moved: ${out.join(', ')}` };
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

function shrank(message: string): Problem {
  return problem('inventory-shrank', {
    message,
    hint: 'Nothing is lost on the old machine. See the report (neo-pull report), then try again.',
  });
}
