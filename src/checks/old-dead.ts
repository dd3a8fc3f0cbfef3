import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../core/plan.ts';
import { problem, problemOf, type Problem, type ProblemCode } from '../core/problem.ts';
import type { Check, RunFolder, World } from '../core/step.ts';
import { readLife, type Life } from '../gateway/life.ts';

/** Before the commit: nothing of the old gateway may be left, and nothing may bring it back by itself. */
export function oldIsDead(plan: Plan): Check {
  return deathCheck(plan, {
    id: 'old-is-dead',
    code: 'old-alive',
    hint: 'It was stopped and came back, or a part of it stayed. Find out what starts it, then try again.',
  });
}

/** So long nothing may have brought it back, whatever its service says; and so much more than its service says is not believed. */
const MOST_MS = 60_000;

/** What keeps a gateway running and does not say how soon. */
const USUAL_RESTART_MS = 5000;

interface FirstProof {
  readonly atMs: number;
  /** Within so long its service would have started it again. */
  readonly restartMs: number;
}

/** Right after the stop: `oldIsDead`, and when that was so for the first time is kept in the run's folder for `oldDidNotReturn`. */
export function oldDied(plan: Plan): Check {
  const check = oldIsDead(plan);
  return {
    ...check,
    async run(world) {
      const { service } = await readLife(world.old, plan.old.gateway, world);
      const found = await check.run(world);
      const isKept = service?.installed === true || Boolean(plan.old.gateway.supervisor);
      const restartMs = isKept ? (service?.restartMs ?? USUAL_RESTART_MS) : 0;
      const proof: FirstProof = { atMs: world.clock.now(), restartMs };
      if (found.length === 0) await writeFile(proofFile(world.run), JSON.stringify(proof), { mode: 0o600 });
      return found;
    },
  };
}

/**
 * Right before the commit: `oldIsDead` once more, at least twice as long after the first proof as its service would need to start it again.
 * All that was done meanwhile counts; only the rest is waited for, and told. At most a minute in all.
 */
export function oldDidNotReturn(plan: Plan): Check {
  const check = oldIsDead(plan);
  return {
    ...check,
    async run(world) {
      const restMs = await restOf(world);
      if (restMs > 1000) {
        const message = `The old gateway may not come back within twice its restart interval: ${Math.ceil(restMs / 1000)} s more`;
        await world.emit({ type: 'notice', message });
      }
      if (restMs > 0) await world.clock.sleep(restMs, world.signal);
      return check.run(world);
    },
  };
}

/** A run of an earlier release has noted nothing, and a clock may have been set back: then all of it is waited for. */
async function restOf({ run, clock }: World): Promise<number> {
  const text = await readFile(proofFile(run), 'utf8').catch(() => '');
  const { atMs, restartMs } =
    text === '' ? { atMs: clock.now(), restartMs: USUAL_RESTART_MS } : (JSON.parse(text) as FirstProof);
  const wantedMs = Math.min(2 * restartMs, MOST_MS);
  return Math.min(wantedMs, Math.max(0, atMs + wantedMs - clock.now()));
}

function proofFile({ path }: RunFolder): string {
  return join(path, 'old-dead.json');
}

/** After the commit: the same look, of which a person must know at once. A line that does not come back is told, and no more. */
export function oldStaysDead(plan: Plan): Check {
  const check = deathCheck(plan, {
    id: 'old-stays-dead',
    code: 'old-alive-after-move',
    hint: 'Two gateways on one identity log each other out. Stop the one on the old machine now.',
  });
  return {
    ...check,
    run: (world) =>
      check.run(world).catch((error: unknown) => {
        const { code, message } = problemOf(error);
        if (code !== 'connection-lost') throw error;
        return [
          problem('old-unseen', {
            message,
            hint: 'It was down and fenced at the commit. Look again when it is back: neo-pull verify',
          }),
        ];
      }),
  };
}

function deathCheck(plan: Plan, { id, code, hint }: { id: string; code: ProblemCode; hint: string }): Check {
  return {
    id,
    title: 'The old gateway is down: port, processes, lock, service, open files',
    async run(world): Promise<readonly Problem[]> {
      const life = await readLife(world.old, plan.old.gateway, world);
      const signs = signsOfLife(life);
      if (signs.length === 0) return [];
      return [
        problem(code, { message: `The old gateway shows signs of life: ${signs.join('; ')}.`, hint, detail: signs }),
      ];
    },
  };
}

/** Everything that speaks for life, or for coming back: evidence, open files under the state dir, a service that is still enabled. */
export function signsOfLife(life: Life): readonly string[] {
  const signs = life.evidence.map((one) => `${one.kind} ${one.detail}`);
  if (!life.supported) signs.push('its processes cannot be seen (no /proc), so nothing proves that it is down');
  if (life.service?.enabled) signs.push(`service ${life.service.unit} is enabled and would start at the next login`);
  return signs;
}
