import type { Plan } from '../core/plan.ts';
import { planChanges } from '../core/plan-changes.ts';
import { fail, ProblemError, type Problem } from '../core/problem.ts';
import type { FenceBefore } from '../steps/fence-old.ts';
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

/** Sessions that go on from message to message: an older copy of one may be refused by the other side. */
const RATCHETS = /^(?:whatsapp|signal|matrix)$/i;

/** What taking a move back after its commit costs, for people. Pure. */
export function costOfTakingBack({ channels, old }: Plan): string {
  const names = [...new Set((channels ?? []).map(({ channel }) => channel))].filter((name) => RATCHETS.test(name));
  const whose = names.length === 0 ? 'WhatsApp, Signal and the like' : printable(names.join(' and '));
  return (
    `The new gateway has run for real. What it wrote since is kept in a folder of its own on this machine, but the gateway on ${printable(old.hostname)} ` +
    `will not know of it: messages and sessions since the move are only there. The keys of ${whose} have moved on with each message: the old ` +
    'copy may fail to read some, or ask to be linked again.'
  );
}

/** Taking a move back after its commit can lose what only the new gateway heard: `--yes` does not answer this. */
export async function consentToTakeBack({ tools }: Visit, agreed: Plan): Promise<void> {
  await question(tools.ask, {
    text: `${costOfTakingBack(agreed)} Give it back?`,
    beforehand: 'Say so beforehand: neo-pull rollback --after-commit',
  });
}

/** Somebody wants the old gateway, or it seems so: `--yes` does not answer this. Throws `changed-since` where there is no one to ask, `declined` on a no. */
export async function consentToPutBack({ tools }: Visit, found: Problem): Promise<void> {
  if (!tools.ask) throw new ProblemError(found);
  await question(tools.ask, {
    text: `${found.message} Put everything back, and let the old gateway run?`,
    beforehand: found.hint,
  });
}

/** The old gateway comes back by itself then. Throws as `consent`. */
export async function consentToUnfence({ tools }: Visit, { old }: Plan, before: FenceBefore): Promise<void> {
  if (tools.yes) return;
  const { unit, supervisor } = old.gateway;
  const starts = before.enabled
    ? `Its service ${printable(unit ?? supervisor?.kind ?? '')} is enabled again, as it was found: it starts at the next boot or login there`
    : 'It did not start by itself before, and will not now';
  await question(tools.ask, {
    text: `${starts}. It will not know what the new gateway has heard and written since. Take the fence off ${printable(old.hostname)}?`,
    beforehand: 'Say yes beforehand: --yes',
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
