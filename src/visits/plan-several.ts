import { EXIT } from '../core/exit.ts';
import { refuse, show } from './begin.ts';
import { concludeSeveral, endMember } from './several.ts';
import type { Member, Several } from './several-look.ts';
import { asFound, type Request, type Tools, type Verdict } from './visit.ts';

/** `neo-pull plan user@old --all-profiles`: what a move of all of them would do. Changes nothing anywhere. */
export function planSeveral(tools: Tools, request: Request, { exitCode }: { exitCode: boolean }): Promise<Verdict> {
  const code = exitCode ? EXIT.somethingToDo : EXIT.done;
  const act = async (group: readonly Member[]): Promise<void> => {
    for (const member of group)
      await endMember(member, { outcome: 'planned', running: asFound(member.plan), exitCode: code, problem: null });
  };
  return concludeSeveral(tools, request, { asksChannels: false, agree, act });
}

async function agree({ groups, problems }: Several): Promise<void> {
  for (const { visit, seen, plan } of groups.flat()) {
    await visit.bus.emit({ type: 'plan.made', plan });
    await show(visit, { ...seen, plan });
  }
  refuse(problems);
}
