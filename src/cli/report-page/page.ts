import { createHash } from 'node:crypto';
import { everyKind } from '../../core/census.ts';
import { EXIT } from '../../core/exit.ts';
import type { Report } from '../../core/report-shape.ts';
import { HEADLINES, WHERE_IT_RUNS } from '../report-words.ts';
import { bytesText, counted, durationText } from '../units.ts';
import { copySection, doctorSection, keptSection, machinesSection, visitsSection } from './details.ts';
import { changesSection, checklistSection, inventorySection, leftOutSection } from './facts.ts';
import { guideSection } from './guide.ts';
import { markup, trusted, type Fill, type Markup } from './markup.ts';
import { code, moment } from './parts.ts';
import { movedInAll, sizesSection } from './sizes.ts';
import { STYLE } from './style.ts';
import { timelineSection } from './timeline.ts';
import { nextSection, outsideSection, problemsSection, toDoSection } from './to-do.ts';

/** Nothing is loaded and nothing runs; the one style sheet is known by its hash. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** A report as one page for a browser: whole in itself, without scripts, and with nothing in it that is loaded from anywhere. Pure. */
export function reportPage(report: Report): string {
  const parts: [id: string, title: string, body: Markup | null][] = [
    ['problems', 'Problems', problemsSection('problems', 'Problems', report.problems)],
    ['to-do', 'Left for you', toDoSection(report)],
    ['warnings', 'Warnings', problemsSection('warnings', 'Warnings', report.warnings)],
    ['next', 'Next steps', nextSection(report)],
    ['timeline', 'Timeline', timelineSection(report)],
    ['sizes', 'Sizes', sizesSection(report)],
    ['inventory', 'Inventory', inventorySection(report)],
    ['checklist', 'Checklist', checklistSection(report)],
    ['left-out', 'Left out', leftOutSection(report)],
    ['changes', 'Changes', changesSection(report)],
    ['outside', 'Secrets', outsideSection(report)],
    ['by-hand', 'By hand', guideSection(report)],
    ['machines', 'Machines', machinesSection(report)],
    ['copy', 'Copy', copySection(report)],
    ['doctor', 'Doctor', doctorSection(report)],
    ['kept', 'What lies where', keptSection(report)],
    ['visits', 'Visits', visitsSection(report)],
  ];
  const shown = parts.filter(([, , body]) => body !== null);
  return page(report, {
    links: shown.map(([id, title]) => markup`<li><a href="#${id}">${title}</a></li>\n`),
    body: shown.map(([, , body]) => body),
  });
}

function page(report: Report, { links, body }: { links: Fill; body: Fill }): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>neo-pull: ${headline(report)} ${report.run}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
${top(report)}
<nav aria-label="Parts of this report"><ul>
${links}</ul></nav>
<main>
${body}</main>
<footer><p>Made by neo-pull ${report.version} from the journal of run ${code(report.run)}. The same as data: ${code('report.json')}; as text: ${code('report.md')}.</p></footer>
</body>
</html>
`.text;
}

function top(report: Report): Markup {
  const { plan, target, startedAt, endedAt } = report;
  const from = plan ? `${plan.old.user}@${plan.old.hostname}` : target;
  const to = plan ? `${plan.new.user}@${plan.new.hostname}` : 'this machine';
  const isSameDay = startedAt?.slice(0, 10) === endedAt?.slice(0, 10);
  const ended = endedAt === null ? null : markup` to ${moment(endedAt, { withDay: !isSameDay })}`;
  return markup`<header>
<h1>${headline(report)}</h1>
<p class="way">${code(from)} → ${code(to)}, run ${code(report.run)}, ${moment(startedAt, { withDay: true })}${ended}</p>
<p class="verdict ${mood(report)}">${verdict(report)}</p>
<dl class="figures">
${figures(report).map(([term, value, note]) => markup`<div><dt>${term}</dt><dd>${value}${note === '' ? null : markup` <small>${note}</small>`}</dd></div>\n`)}</dl>
</header>`;
}

function headline({ outcome, exitCode }: Report): string {
  if (outcome === null) return 'Not ended: it runs still, or was broken off.';
  return exitCode === EXIT.degraded ? 'Moved, with something to look at.' : HEADLINES[outcome];
}

function verdict({ exitCode, running }: Report): string {
  const runs = `The gateway runs on: ${WHERE_IT_RUNS[running]}`;
  return exitCode === null ? runs : `${runs} · exit code ${exitCode}`;
}

function mood({ exitCode }: Report): string {
  if (exitCode === EXIT.done || exitCode === EXIT.somethingToDo) return 'good';
  return exitCode === null || exitCode === EXIT.degraded ? 'warn' : 'bad';
}

function figures(report: Report): [term: string, value: string, note: string][] {
  const { downtime, plan, checklist, inventory, byHand } = report;
  const { bytes, entries } = movedInAll(report);
  const good = checklist.filter(({ ok }) => ok).length;
  const owned = inventory.old;
  const things = owned ? everyKind().reduce((sum, kind) => sum + owned[kind], 0) : 0;
  const after = inventory.new ?? inventory.copy;
  const fewer = owned && after ? everyKind().filter((kind) => after[kind] < owned[kind]).length : null;
  const down =
    downtime.totalMs !== null ? durationText(downtime.totalMs) : downtime.from === null ? 'none' : 'not over';
  return [
    ['Down time', down, 'no gateway served'],
    ...(plan ? [['Size', bytesText(bytes), counted(entries, 'entry', 'entries')] as [string, string, string]] : []),
    ...(fewer === null
      ? []
      : [
          ['Inventory', fewer === 0 ? 'all there' : 'NOT all there', `${counted(things, 'thing')} counted by name`] as [
            string,
            string,
            string,
          ],
        ]),
    ...(checklist.length === 0
      ? []
      : [
          ['Checks', `${good} of ${checklist.length}`, good === checklist.length ? 'all passed' : 'not all passed'] as [
            string,
            string,
            string,
          ],
        ]),
    ['By hand', byHand.count === 0 ? 'nothing' : String(byHand.count), 'bound to the old machine'],
  ];
}
