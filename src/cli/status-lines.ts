import { deadManText } from './dead-man-text.ts';
import { printable } from '../host/printable.ts';
import { listedProblem } from './problem-lines.ts';
import { inked, type Paper } from './paper.ts';
import type { RunView } from './run-view.ts';
import { labelled } from './wrap.ts';

const RUNNING: Readonly<Record<RunView['running'], string>> = {
  old: 'runs on the old machine',
  new: 'runs on this machine',
  none: 'runs nowhere',
  mixed: 'runs partly here and partly on the old machine',
  unknown: 'it is not known where it runs',
};

const OUTCOMES: Readonly<Record<NonNullable<RunView['outcome']>, string>> = {
  planned: 'planned',
  staged: 'copied into staging; nothing was stopped',
  rehearsed: 'rehearsed on a throwaway copy, and it went well',
  verified: 'checked',
  moved: 'moved',
  'already-moved': 'moved before',
  'rolled-back': 'rolled back: everything is as it was',
  unfenced: 'the old gateway starts by itself again, as it did before the move',
  refused: 'refused before anything was changed',
  failed: 'failed',
  interrupted: 'interrupted',
};

/** Where a run stands, for people: who runs the gateway, since when, and what can be done. Pure. */
export function statusLines(view: RunView, paper: Paper): string[] {
  const line = (label: string, text: string): string[] =>
    labelled(`  ${label.padEnd(9)} `, printable(text, 1000), paper.columns);
  return [
    inked(paper, 'bold', `Run ${view.run}: ${printable(view.target)}`),
    ...line('Outcome', outcomeOf(view)),
    ...line(
      'Gateway',
      `${RUNNING[view.running]}${view.since === null ? '' : `, since ${view.since}`} (by the journal)`,
    ),
    ...(view.deadMan && view.deadMan.stands !== 'ended' && view.deadMan.stands !== 'cancelled'
      ? line('Switch', deadManText(view.deadMan))
      : []),
    ...portLines(view).flatMap((text) => line('Port', text)),
    ...line('Folder', view.folder),
    ...(view.problem && !view.working ? ['', ...listedProblem(view.problem, paper)] : []),
    ...(view.working ? [] : nextLines(view, paper)),
  ];
}

/** All runs, one line each, oldest first. Pure. */
export function runsTable(views: readonly RunView[], paper: Paper): string[] {
  const rows = views.map((view) => [
    view.run,
    view.working ? 'working' : (view.outcome ?? 'broken off'),
    view.running,
    printable(view.target, 60),
  ]);
  const all = [['RUN', 'OUTCOME', 'GATEWAY', 'OLD MACHINE'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const lines = all.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line, at) => (at === 0 ? inked(paper, 'bold', line) : line));
}

function outcomeOf({ outcome, working, isMidway, lastAt }: RunView): string {
  if (working) return `under way: neo-pull ${working.command} (pid ${working.pid})`;
  if (outcome === null)
    return `broken off${isMidway ? ' in the middle of the cutover' : ''}; last heard of at ${lastAt ?? ''}`;
  return `${OUTCOMES[outcome]}${isMidway ? ', with its cutover neither finished nor undone' : ''} (${lastAt ?? ''})`;
}

/** What answers on the port is worth a line where it agrees or disagrees with the journal. */
function portLines({ newPort, running }: RunView): string[] {
  if (!newPort) return [];
  const { port, answers } = newPort;
  if (running === 'new')
    return [answers ? `${port} answers on this machine` : `${port} does NOT answer on this machine`];
  return answers ? [`${port} answers on this machine, though the journal does not say that the gateway runs here`] : [];
}

function nextLines({ next }: RunView, paper: Paper): string[] {
  const lines = next.flatMap(({ command, purpose }) => [
    `  ${inked(paper, 'bold', printable(command))}`,
    ...labelled('      ', purpose, paper.columns),
  ]);
  return lines.length === 0 ? [] : ['', 'Next:', ...lines];
}
