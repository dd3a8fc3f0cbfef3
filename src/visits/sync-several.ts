import { refuse, show } from './begin.ts';
import { staged, stageGroup } from './move-group.ts';
import { concludeSeveral, endMember } from './several.ts';
import type { Member, Several } from './several-look.ts';
import type { Request, Tools, Verdict } from './visit.ts';

/** `neo-pull sync user@old --all-profiles`: stages every profile; stops none. */
export function syncSeveral(tools: Tools, request: Request): Promise<Verdict> {
  return concludeSeveral(tools, request, { asksChannels: false, agree, act: stageEach });
}

async function agree({ groups, problems }: Several): Promise<void> {
  for (const { visit, seen, plan } of groups.flat()) await show(visit, { ...seen, plan });
  // What only the cutover would park is no reason not to copy beside it.
  refuse(problems.filter((found) => found.code !== 'live-exists'));
}

async function stageEach(group: readonly Member[]): Promise<void> {
  if (!(await stageGroup(group))) return;
  for (const member of group) await endMember(member, staged(member));
}
