import type { Plan } from '../core/plan.ts';
import { problem, problemOf, type Problem, type ProblemCode } from '../core/problem.ts';
import type { Check } from '../core/step.ts';
import { readLife, type Life } from '../gateway/life.ts';

/** Before the commit: nothing of the old gateway may be left, and nothing may bring it back by itself. */
export function oldIsDead(plan: Plan): Check {
  return deathCheck(plan, {
    id: 'old-is-dead',
    code: 'old-alive',
    hint: 'It was stopped and came back, or a part of it stayed. Find out what starts it, then try again.',
  });
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
