import { fail } from '../core/problem.ts';
import type { AnyStep } from '../core/step.ts';

/** The same steps, of which one fails right after it was applied. Throws `option-invalid` for a step that is not among them. */
export function sabotaged(steps: readonly AnyStep[], failAt: string | null): readonly AnyStep[] {
  if (failAt === null) return steps;
  if (!steps.some((step) => step.id === failAt)) {
    throw fail('option-invalid', {
      message: `There is no step ${failAt} in the cutover. The old gateway was not touched.`,
      hint: `These are the steps: ${steps.map((step) => step.id).join(', ')}`,
    });
  }
  return steps.map((step) => (step.id === failAt ? failing(step) : step));
}

function failing(step: AnyStep): AnyStep {
  return {
    ...step,
    async apply(world, before) {
      await step.apply(world, before);
      throw fail('failed-on-request', {
        message: `"${step.title}" was done and then made to fail.`,
        hint: 'This is what a failure at this point looks like. See where things stand: neo-pull status',
      });
    },
  };
}
