import { refuse, show } from './begin.ts';
import { consentToSeveral } from './consent.ts';
import { moveGroup } from './move-group.ts';
import { concludeSeveral } from './several.ts';
import { refuseClaimedMembers, type Several } from './several-look.ts';
import type { Request, Tools, Verdict } from './visit.ts';

/** `neo-pull user@old --all-profiles`: look at all, ask once, then one cutover for each profile, or each group that shares something. */
export function pullSeveral(tools: Tools, request: Request): Promise<Verdict> {
  return concludeSeveral(tools, request, { asksChannels: true, agree, act: moveGroup });
}

async function agree({ visit, groups, problems }: Several): Promise<void> {
  const members = groups.flat();
  for (const { visit: own, seen, plan } of members) await show(own, { ...seen, plan });
  refuse(problems);
  await refuseClaimedMembers(members);
  await consentToSeveral(
    visit,
    members.map(({ plan }) => plan),
  );
}
