import type { ProfileEnd } from '../core/event.ts';
import { problem, problemOf, type Problem } from '../core/problem.ts';
import { wholeOf } from '../core/whole-verdict.ts';
import { lookAtSeveral, type Member, type Several } from './several-look.ts';
import { asFound, endVisit, openVisit, stopped, type Request, type Tools, type Verdict, type Visit } from './visit.ts';

/** What a command does for one group of profiles, of which each has its own run. It ends each of them by `endMember`. */
export type Act = (group: readonly Member[]) => Promise<void>;

/** Is more than one gateway asked for, or may it be? */
export function isSeveral({ allProfiles, asked }: Request): boolean {
  return allProfiles === true || (asked.profiles?.length ?? 0) > 1;
}

/**
 * One command over several gateways of one account, over one Connection: all are looked at, `agree` throws what stands against any of
 * them, and then each group has its turn. After the first failure no further one is begun: what failed there may fail for all, and a
 * person should look. Each run tells its own end; the last event of all tells the whole.
 */
export async function concludeSeveral(
  tools: Tools,
  request: Request,
  work: { readonly asksChannels: boolean; readonly agree: (seen: Several) => Promise<void>; readonly act: Act },
): Promise<Verdict> {
  const visit = openVisit(tools);
  let members: readonly Member[] = [];
  const told = async (): Promise<Verdict> => {
    const seen = await lookAtSeveral(visit, request, work);
    members = seen.members;
    await work.agree(seen);
    await takeTurns(visit, seen.groups, work.act);
    return whole(members);
  };
  const verdict = await told().catch((error: unknown) => refused(visit, members, problemOf(error)));
  try {
    await endVisit(visit, verdict);
  } finally {
    await visit.old?.close();
  }
  return verdict;
}

/** Tells the end of one profile's run and closes it. */
export async function endMember(member: Member, verdict: Verdict): Promise<void> {
  const { outcome, running, exitCode, problem } = verdict;
  const run = member.visit.folder?.id ?? '';
  member.end = { profile: member.profile, run, outcome, running, exitCode, problem };
  if (run !== '') await endVisit(member.visit, verdict);
}

async function takeTurns(visit: Visit, groups: readonly (readonly Member[])[], act: Act): Promise<void> {
  let why: Problem | null = null;
  for (const group of groups) {
    why ??= interruption(visit);
    const cause = why;
    if (!cause) await act(group).catch((error: unknown) => endGroup(group, problemOf(error)));
    else for (const member of group) await notBegun(member, cause);
    why ??= group.map(({ end }) => end?.problem ?? null).find((found) => found?.stops) ?? null;
  }
}

/** Ctrl-C between two profiles. */
function interruption({ tools }: Visit): Problem | null {
  const { signal } = tools.interrupt;
  return signal.aborted ? problemOf(signal.reason) : null;
}

/** Whoever has no end yet when something else failed: it was begun and broke off, or was not begun. */
async function endGroup(group: readonly Member[], cause: Problem): Promise<void> {
  for (const member of group) {
    if (member.end) continue;
    if (member.visit.journal) await endMember(member, stopped(member.visit, cause));
    else await notBegun(member, cause);
  }
}

/** Says of a profile that nothing was begun for it, and why. An interruption is told as what it is. */
export function notBegun(member: Member, cause: Problem): Promise<void> {
  const isInterruption = cause.code === 'interrupted' || cause.code === 'terminated';
  const why = problem('profile-not-begun', {
    message: `Nothing was begun for it, because of what came before: ${cause.message}`,
    hint: 'When that is mended: the same command once more. What is moved already is passed over.',
  });
  return endMember(member, { ...stopped(member.visit, isInterruption ? cause : why), running: asFound(member.plan) });
}

/** Nothing was begun: what was moved before is where it was, and so is the rest. */
function refused(visit: Visit, members: readonly Member[], cause: Problem): Verdict {
  const verdict = stopped(visit, cause);
  if (members.length === 0) return verdict;
  const ends = members.map((member) => member.end ?? unbegun(member, verdict));
  return { ...verdict, running: verdict.running === 'unknown' ? 'unknown' : wholeOf(ends).running, profiles: ends };
}

function unbegun({ profile, plan }: Member, { outcome, exitCode }: Verdict): ProfileEnd {
  return { profile, run: '', outcome, running: asFound(plan), exitCode, problem: null };
}

function whole(members: readonly Member[]): Verdict {
  const ends = members.flatMap(({ end }) => end ?? []);
  return { ...wholeOf(ends), profiles: ends };
}
