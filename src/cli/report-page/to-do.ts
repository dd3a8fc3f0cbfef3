import { outsideFateText } from '../../core/outside.ts';
import { PROBLEMS, type Problem } from '../../core/problem.ts';
import type { Report } from '../../core/report-shape.ts';
import { counted, countText } from '../units.ts';
import { markup, type Fill, type Markup } from './markup.ts';
import { code, commands, list, paragraph, section, table } from './parts.ts';

/** What a person has to do: nobody else can. Pure. */
export function toDoSection(report: Report): Markup | null {
  const { byHand } = report;
  const more = byHand.count - byHand.listed.length;
  const items = [
    ...byHand.listed.map(({ what, why, command }) => item(what, why, command === null ? [] : [command])),
    ...(more > 0 ? [markup`and ${countText(more)} more`] : []),
    ...secrets(report),
    ...(report.fence?.fence === 'advisory'
      ? [item('See that nobody starts the old gateway', `It cannot be kept from that: ${report.fence.how}.`, [])]
      : []),
    ...oldMachine(report),
  ];
  return section('to-do', 'What is left for you', [list(items, 'todo')]);
}

/** What can be done next with the run itself. Pure. */
export function nextSection({ next }: Report): Markup | null {
  return section('next', 'Next steps', [list(next.map(({ command, purpose }) => markup`${code(command)} ${purpose}`))]);
}

/** What was wrong, or is to be known. Pure. */
export function problemsSection(id: string, title: string, found: readonly Problem[]): Markup | null {
  return section(id, title, [
    list(
      found.map(
        ({ code: name, message, hint }) =>
          markup`<strong>${message}</strong> <span class="soft">${PROBLEMS[name].why} (${name})</span><br>Next: ${hint}`,
      ),
    ),
  ]);
}

/** How the new gateway comes by what it had from outside of its state. Names only. Pure. */
export function outsideSection({ plan }: Report): Markup | null {
  const rows = (plan?.outside ?? []).map((one) => [
    code(one.name),
    [...(one.isAskedFor ? ['used by the config'] : []), ...one.setBy].join(', '),
    outsideFateText(one),
  ]);
  if (rows.length === 0) return null;
  return section('outside', 'Secrets and variables from outside of the state', [
    paragraph('Names only; no value is in this report.'),
    table('Each variable, and how the new gateway comes by it', ['Variable', 'Seen on the old machine', 'Here'], rows),
  ]);
}

function secrets({ plan, inventory, outcome }: Report): Markup[] {
  const missing = (plan?.outside ?? []).filter(({ fate }) => fate === 'left').map(({ name }) => name);
  const credentials = inventory.old?.credential ?? 0;
  return [
    ...(missing.length > 0
      ? [
          item(
            `Give the new gateway ${counted(missing.length, 'variable')} that it does not have`,
            markup`${missing.map((name, at) => [at > 0 ? ', ' : null, code(name)])}. Put them into .env of its state dir, or into its service.`,
            [],
          ),
        ]
      : []),
    ...(outcome === 'moved' && credentials > 0
      ? [
          item(
            `Renew what the old machine still knows, once it leaves your hands`,
            `${counted(credentials, 'credential')} of the gateway lie there as they did before.`,
            [],
          ),
        ]
      : []),
  ];
}

function oldMachine({ oldMachine: { removeByHand }, plan, outcome }: Report): Markup[] {
  if (removeByHand.length === 0 || outcome !== 'moved') return [];
  const where = plan ? ` (${plan.old.user}@${plan.old.hostname})` : '';
  return [
    item(
      'Take away what is left of neo-pull on the old machine, when the move is final for you',
      `On the old machine${where}. Your data there is untouched, and yours to keep or delete.`,
      removeByHand,
    ),
  ];
}

function item(what: string, why: Fill, typed: readonly string[]): Markup {
  return markup`<strong>${what}</strong>${why}${commands(typed)}`;
}
