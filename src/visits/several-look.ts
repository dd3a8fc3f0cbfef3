import { severalChecks } from '../checks/several-checks.ts';
import { discover } from '../checks/discover.ts';
import { surveyBoth, type Surveyed } from '../checks/survey-both.ts';
import type { ProfileEnd } from '../core/event.ts';
import { groupsOf } from '../core/group.ts';
import type { Plan } from '../core/plan.ts';
import type { Problem } from '../core/problem.ts';
import type { Seen } from '../migrate.ts';
import { alreadyMoved } from './already-moved.ts';
import { lookOn, reach, refuseOthersClaim } from './begin.ts';
import { earlierRun, isMoved, type EarlierRun } from './earlier-run.ts';
import { openVisit, type Request, type Verdict, type Visit } from './visit.ts';

/** One of several profiles: its own visit, with a run of its own, over the Connection of all. */
export interface Member {
  readonly profile: string;
  readonly visit: Visit;
  readonly seen: Seen;
  /** The Plan of `seen`, without what another one of its group carries. */
  readonly plan: Plan;
  readonly earlier: EarlierRun | null;
  /** How it ended; null as long as it has not. */
  end: ProfileEnd | null;
}

/** What was seen of all of them. `members` are in the order of their turns; those that were moved before have no turn. */
export interface Several {
  readonly visit: Visit;
  readonly members: readonly Member[];
  readonly groups: readonly (readonly Member[])[];
  readonly problems: readonly Problem[];
}

/**
 * Connects once, surveys once, and looks at every profile that is asked for. Changes nothing. Throws what makes a decision impossible
 * for any of them, and `moved-but` where one was moved before and does not stand.
 */
export async function lookAtSeveral(
  visit: Visit,
  request: Request,
  { asksChannels }: { asksChannels: boolean },
): Promise<Several> {
  const machines = await reach(visit, request, { asksChannels });
  await visit.bus.emit({ type: 'notice', message: 'Looking at both machines' });
  const { clock, interrupt } = visit.tools;
  const surveyed = await surveyBoth(machines, request, { clock, signal: interrupt.signal });
  const together = profilesOf(surveyed, request);
  const looked: Member[] = [];
  for (const profile of together) {
    await visit.bus.emit({ type: 'notice', message: `Looking at profile ${profile}` });
    const own: Visit = { ...openVisit(visit.tools), old: visit.old };
    const asked = { ...request.asked, profiles: [profile] };
    const seen = await lookOn(own, machines, { ...request, asked, asksChannels, surveyed, together });
    const earlier = await earlierRun(visit.tools.stateHome, seen.plan.key);
    looked.push({ profile, visit: own, seen, plan: seen.plan, earlier, end: null });
  }
  return arranged(visit, looked);
}

/** Throws as `discover` where there is no gateway at all. */
function profilesOf({ old, product, absent }: Surveyed, { allProfiles, asked }: Request): string[] {
  const named = allProfiles === true ? old.gateways.map(({ profile }) => profile) : (asked.profiles ?? []);
  if (named.length === 0) discover(old, { product, profile: null, absent });
  return [...new Set(named)];
}

async function arranged(visit: Visit, looked: readonly Member[]): Promise<Several> {
  const over = looked.filter(({ earlier }) => earlier !== null && isMoved(earlier.state));
  for (const member of over) await seeThatItStands(member);
  const groups = groupsOf(looked.map(({ plan }) => plan));
  const withPlans = groups.map(({ plans }) => plans.flatMap((plan) => membersFor(plan, looked)));
  const waiting = withPlans.map((group) => group.filter(({ end }) => end === null)).filter((group) => group.length > 0);
  const left = waiting.flat();
  const own = left.flatMap(({ seen }) => seen.problems);
  const checks = severalChecks({
    plans: left.map(({ plan }) => plan),
    inventories: left.map(({ seen }) => seen.inventory),
    staged: left.flatMap(({ seen }) => seen.staged),
    groups: withPlans.map((group) => group.map(({ plan, end }) => ({ plan, isMoved: end !== null }))),
  });
  const problems = [...own, ...groups.flatMap((group) => group.problems)];
  for (const check of checks) {
    const found = await check.run();
    await visit.bus.emit({ type: 'check.done', check: check.id, title: check.title, problems: found });
    problems.push(...found.filter((one) => !own.some(({ message }) => message === one.message)));
  }
  return { visit, members: withPlans.flat(), groups: waiting, problems };
}

function membersFor(plan: Plan, looked: readonly Member[]): Member[] {
  return looked.filter(({ profile }) => profile === plan.old.gateway.profile).map((member) => ({ ...member, plan }));
}

async function seeThatItStands(member: Member): Promise<void> {
  if (!member.earlier) return;
  const { outcome, running, exitCode, problem }: Verdict = await alreadyMoved(member.visit, member.earlier);
  member.end = { profile: member.profile, run: member.earlier.folder.id, outcome, running, exitCode, problem };
}

/** Throws `claimed` when another run has claimed any of them. Read-only. */
export async function refuseClaimedMembers(members: readonly Member[]): Promise<void> {
  for (const { visit, plan, earlier, end } of members) if (!end) await refuseOthersClaim(visit, plan, earlier);
}
