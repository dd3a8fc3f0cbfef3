import { EXIT } from '../core/exit.ts';
import { problem, problemOf, type Problem } from '../core/problem.ts';
import { staging } from '../migrate.ts';
import { advance } from '../run/runner.ts';
import { beginRun } from './begin.ts';
import { cutOver, goTo, settle, takeBack } from './cut-over.ts';
import { drain } from './drain.ts';
import { endMember, notBegun } from './several.ts';
import type { Member } from './several-look.ts';
import { asFound, contextOf, planOf, stopped, type Verdict } from './visit.ts';

/** Begins the run of each profile, copies it into staging and waits for its agents. When one fails, the rest is not begun; false then. */
export async function stageGroup(group: readonly Member[]): Promise<boolean> {
  let failed: Problem | null = null;
  for (const member of group) {
    if (failed) await notBegun(member, failed);
    else failed = await stage(member);
  }
  if (!failed) return true;
  for (const member of group) if (!member.end) await endMember(member, staged(member));
  return false;
}

/** What was copied is kept for the next try. */
export function staged({ plan }: Member): Verdict {
  return { outcome: 'staged', running: asFound(plan), exitCode: EXIT.done, problem: null };
}

async function stage(member: Member): Promise<Problem | null> {
  const { visit, plan, earlier } = member;
  try {
    await beginRun(visit, plan, earlier);
    await advance(staging(planOf(visit)), contextOf(visit), { again: true });
    await drain(visit);
    return null;
  } catch (error) {
    const found = problemOf(error);
    await endMember(member, stopped(visit, found));
    return found;
  }
}

/**
 * Moves profiles that have something in common, all or none: all old gateways are stopped before anything is compared, all new ones are
 * proven quietly before the first commit, and what fails up to then takes all of them back. One alone is moved as ever.
 */
export async function moveGroup(group: readonly Member[]): Promise<void> {
  if (!(await stageGroup(group))) return;
  const failed = group.length === 1 ? null : await commitAll(group);
  if (failed) return takeAllBack(group, failed);
  // All have committed: none waits for the soak of another to be started.
  for (const member of group) if (group.length > 1) await start(member);
  for (const member of group) if (!member.end) await endMember(member, await cutOver(member.visit));
}

interface Failed {
  readonly member: Member;
  readonly cause: Problem;
}

async function commitAll(group: readonly Member[]): Promise<Failed | null> {
  const together = group.map(({ visit }) => visit);
  for (const last of ['fence-old', 'stop-quiet', 'nothing-moved-meanwhile', 'disarm-dead-man', 'commit']) {
    for (const member of group) {
      const cause = await goTo(member.visit, last, together).then(() => null, problemOf);
      if (cause) return { member, cause };
    }
  }
  return null;
}

async function takeAllBack(group: readonly Member[], { member: failed, cause }: Failed): Promise<void> {
  const { profile } = failed;
  const because = problem('profile-put-back', {
    message: `It was put back because it moves together with profile ${profile}, which failed: ${cause.message}`,
    hint: cause.hint,
  });
  for (const member of group.toReversed())
    await endMember(member, await takeBack(member.visit, member === failed ? cause : because));
}

/** A failure here is settled alone: what the others have said on their channels cannot be taken back. */
async function start(member: Member): Promise<void> {
  const cause = await goTo(member.visit, 'start-new').then(() => null, problemOf);
  if (cause) await endMember(member, await settle(member.visit, cause));
}
