import type { Plan } from '../core/plan.ts';
import { planChanges } from '../core/plan-changes.ts';
import { fail } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import type { Visit } from './visit.ts';

/** The one question of a move. Throws `confirmation-needed` where there is no one to ask, `declined` on a no. */
export async function consent({ tools }: Visit, seen: Plan): Promise<void> {
  if (tools.yes) return;
  await question(tools.ask, {
    text: `Stop the gateway on ${printable(seen.old.hostname)} and move it to this machine now?`,
    beforehand: 'Say yes beforehand: --yes',
  });
}

/** The one question of a move of several gateways. Throws as `consent`. */
export async function consentToSeveral({ tools }: Visit, seen: readonly Plan[]): Promise<void> {
  const [first] = seen;
  if (tools.yes || !first) return;
  const names = seen.map(({ old }) => printable(old.gateway.profile)).join(', ');
  await question(tools.ask, {
    text: `Stop the gateways of ${seen.length} profiles (${names}) on ${printable(first.old.hostname)}, one after the other, and move them to this machine now?`,
    beforehand: 'Say yes beforehand: --yes',
  });
}

/** Tells what changed since a Plan was agreed to; asks again unless only sizes did. */
export async function consentAgain(visit: Visit, agreed: Plan, seen: Plan): Promise<void> {
  const { lines, needsConsent } = planChanges(agreed, seen);
  for (const line of lines) await visit.bus.emit({ type: 'notice', message: `Since the last look: ${line}` });
  if (!needsConsent || visit.tools.yes) return;
  await question(visit.tools.ask, {
    text: `The machines are not as they were when the plan was made: ${printable(lines.join('; '), 2000)}. Go on with the plan as it is now?`,
    beforehand: 'See it first: neo-pull plan. Then say yes beforehand: --yes',
  });
}

/** Taking a move back after its commit can lose what only the new gateway heard: `--yes` does not answer this. */
export async function consentToTakeBack({ tools }: Visit, agreed: Plan): Promise<void> {
  await question(tools.ask, {
    text:
      'The new gateway has run for real. What it wrote since is kept in a folder of its own, but the old gateway will not know of it, ' +
      `and WhatsApp may ask to be linked again. Give the gateway back to ${printable(agreed.old.hostname)}?`,
    beforehand: 'Say so beforehand: neo-pull rollback --after-commit',
  });
}

async function question(
  ask: Visit['tools']['ask'],
  { text, beforehand }: { text: string; beforehand: string },
): Promise<void> {
  if (!ask)
    throw fail('confirmation-needed', {
      message: `${text} There is no one to ask. Nothing was changed.`,
      hint: beforehand,
    });
  if (await ask.confirm(text)) return;
  throw fail('declined', {
    message: 'You said no. Nothing was changed.',
    hint: 'neo-pull sync copies without stopping anything; neo-pull cutover moves later.',
  });
}
