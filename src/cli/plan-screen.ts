import { countsText } from '../core/census.ts';
import { whyItStays } from '../core/fate.ts';
import { inside, parkedPlaces } from '../core/only-files.ts';
import { nameKept } from '../core/keepers.ts';
import type { Plan, Root } from '../core/plan.ts';
import type { Problem } from '../core/problem.ts';
import { productNames } from '../gateway/product.ts';
import { printable } from '../host/printable.ts';
import { byHandLines } from './by-hand-lines.ts';
import { inked, marksOf, type Paper } from './paper.ts';
import { outsideLines } from './outside-lines.ts';
import { listedProblem } from './problem-lines.ts';
import { bytesText, counted } from './units.ts';
import { labelled } from './wrap.ts';

const MOST_MAPPINGS = 6;
const MOST_STAYING = 8;

/** The plan on one screen: everything that a move will do to both machines, before anybody is asked. Pure. */
export function planLines(plan: Plan, paper: Paper): string[] {
  return [
    ...heading(plan, paper),
    ...section('What moves', [...rootLines(plan, paper), ...sentences(owned(plan), paper)], paper),
    ...section('Named in the config, by symlinks and by the product', fateLines(plan, paper), paper),
    ...section('Variables from outside of the state (names only)', outsideLines(plan, paper), paper),
    ...section('Found on the old machine, and who says so', foundLines(plan, paper), paper),
    ...section('On the old machine', sentences(oldSide(plan), paper), paper),
    ...section('On this machine', sentences(newSide(plan), paper), paper),
    ...section('Rewritten in the copy: config, session index, absolute links', mappingLines(plan, paper), paper),
    ...section(`Values of the config that change (${plan.configRewrites.count})`, rewriteLines(plan, paper), paper),
    ...section(`To be done by hand afterwards (${plan.byHand?.count ?? 0})`, byHandLines(plan, paper), paper),
    ...section('Left out', sentences(leftOut(plan), paper), paper),
    ...section(
      `Warnings (${plan.warnings.length})`,
      plan.warnings.flatMap((warning) => listedProblem(warning, paper)),
      paper,
    ),
    ...section('When something fails', sentences(WHEN_IT_FAILS, paper), paper),
  ];
}

/** What a copy without a cutover will do. Pure. */
export function syncLines(plan: Plan, paper: Paper): string[] {
  return [
    ...section('What is copied', rootLines(plan, paper), paper),
    ...sentences(['Nothing is stopped and nothing goes live: the copies wait in private directories.'], paper),
    ...plan.warnings.flatMap((warning) => listedProblem(warning, paper)),
  ];
}

/** Everything that stands in the way, not only the first of it. Pure. */
export function obstacleLines(problems: readonly Problem[], paper: Paper): string[] {
  const stopping = problems.filter((found) => found.stops);
  const warnings = problems.filter((found) => !found.stops);
  return [
    ...section(
      `What stands in the way (${stopping.length})`,
      stopping.flatMap((found) => listedProblem(found, paper)),
      paper,
    ),
    ...section(
      `Warnings (${warnings.length})`,
      warnings.flatMap((found) => listedProblem(found, paper)),
      paper,
    ),
  ];
}

/** Of the config; the whole list is in --json and, once made, in the report. */
const MOST_REWRITES = 8;

const WHEN_IT_FAILS = [
  'Everything is put back by itself: the old gateway runs again as it does now, this machine has its former state. Ctrl-C does the same. On the old machine nothing is ever deleted or edited.',
];

function heading({ old, new: here, asked }: Plan, paper: Paper): string[] {
  const from = `${old.user}@${old.hostname}`;
  const to = `${here.user}@${here.hostname}`;
  const text = `Plan: move ${productNames(asked.product).name} (profile ${old.gateway.profile}) from ${from} to ${to}`;
  const versions = `Versions: ${old.productVersion ?? 'unknown'} there, ${here.productVersion ?? 'unknown'} here.`;
  return [
    ...labelled('', printable(text), paper.columns).map((line) => inked(paper, 'bold', line)),
    ...labelled('', printable(versions), paper.columns),
  ];
}

function section(title: string, lines: readonly string[], paper: Paper): string[] {
  return lines.length === 0
    ? []
    : ['', ...labelled('', title, paper.columns).map((line) => inked(paper, 'bold', line)), ...lines];
}

function sentences(texts: readonly string[], { columns }: Paper): string[] {
  return texts.flatMap((text) => labelled('  ', printable(text, 2000), columns));
}

function rootLines(plan: Plan, paper: Paper): string[] {
  const { arrow } = marksOf(paper);
  const totals = plan.roots.reduce((sum, root) => sum + root.bytes, 0);
  const lines = plan.roots.flatMap((root) => {
    const sizes = `${root.id}: ${counted(root.entries, 'entry', 'entries')}, ${bytesText(root.bytes)}`;
    const old = root.files === null ? [root.oldPath] : root.files.map((name) => inside(root.oldPath, name));
    const places = root.oldPath === root.livePath ? old : [...old, `${arrow} ${root.livePath}`];
    return [
      ...labelled('  ', sizes, paper.columns),
      ...places.flatMap((place) => labelled('    ', printable(place), paper.columns)),
    ];
  });
  return plan.roots.length > 1 ? [...lines, `  together: ${bytesText(totals)}`] : lines;
}

/** By name it is compared later: after the stop, in the copy, and once the new gateway is up. */
function owned({ counts, uncounted = [] }: Plan): string[] {
  const text = counts === null ? '' : countsText(counts);
  const unknown = uncounted.map((file) => printable(file)).join(', ');
  return [
    ...(text === '' ? [] : [`In it: ${text}.`]),
    ...(unknown === '' ? [] : [`Not counted, because it cannot be read now: what is in ${unknown}.`]),
  ];
}

function foundLines({ provenance = [] }: Plan, { columns }: Paper): string[] {
  return provenance.flatMap(({ what, value, sources }) => {
    return labelled(`  ${what} `, printable(`${value}: ${sources.join(', ')}`, 2000), columns);
  });
}

function oldSide({ old, ranAs, oldFolder }: Plan): string[] {
  const { supervisor, port } = old.gateway;
  const name = nameKept(old.gateway);
  const stopped = {
    service:
      supervisor?.kind === 'commands'
        ? `The gateway (port ${port}) is stopped by your own command. See that nothing starts it again.`
        : `The gateway (service ${printable(name ?? '')}, port ${port}) is stopped, and disabled so that it cannot come back.`,
    foreground: `The gateway (a process in a terminal, port ${port}) is stopped. No service can be disabled: see that nobody starts it by hand.`,
    stopped: 'The gateway does not run, so nothing is stopped; its service is disabled, where there is one.',
  }[ranAs];
  return [
    `${stopped} Its data stays as it is.`,
    `One private folder of ours is made: ${oldFolder}. It keeps what starting the gateway again would need, and goes with a roll-back.`,
  ];
}

function newSide({ roots, new: here }: Plan): string[] {
  const { unit, port } = here.gateway;
  const parked = roots.filter((root) => root.liveExists).flatMap(parkedPlaces);
  const nothing = parked.length === 0 ? ' Nothing is there yet that would have to be parked.' : '';
  return [
    `The copy is made in a private folder beside its place (${folderOf(roots)}), and swapped in when it is whole.${nothing}`,
    ...parked.map(parkedSentence),
    unit === null
      ? `The gateway is started as a process of its own on port ${port}: no service manager will start it after a reboot.`
      : `The gateway is started as the service ${unit} on port ${port}.`,
  ];
}

function parkedSentence({ livePath, parkedPath }: Pick<Root, 'livePath' | 'parkedPath'>): string {
  return `Parked, not deleted: ${livePath} becomes ${parkedPath.replace(/\.parked-planned(?=\/|$)/, '.parked-<run>')}`;
}

function folderOf(roots: readonly Root[]): string {
  const folders = [...new Set(roots.map(({ stagingPath }) => stagingPath.slice(0, stagingPath.lastIndexOf('/'))))];
  return folders.join(', ');
}

function mappingLines({ mapping }: Plan, paper: Paper): string[] {
  const { arrow } = marksOf(paper);
  const changed = mapping.filter(({ from, to }) => from !== to);
  const shown = changed.slice(0, MOST_MAPPINGS);
  const more = changed.length - shown.length;
  const lines = shown.flatMap(({ from, to }) => labelled('  ', printable(`${from} ${arrow} ${to}`), paper.columns));
  return more > 0 ? [...lines, `  and ${more} more (in --json and in the report)`] : lines;
}

/** What moves is counted; what stays is named, for somebody may have to bring it by hand. */
function fateLines({ fates }: Plan, paper: Paper): string[] {
  const within = fates.filter(({ fate }) => fate === 'with-root').length;
  const alone = fates.filter(({ fate }) => fate === 'own-root').length;
  const staying = fates.filter(({ fate }) => fate === 'stays');
  if (fates.length === 0) return [];
  const moving = `${counted(within + alone, 'path moves', 'paths move')}: ${within} inside of the state or a workspace, ${alone} for their own sake.`;
  const shown = staying.slice(0, MOST_STAYING);
  const more = staying.length - shown.length;
  return [
    ...sentences([`${moving} ${counted(staying.length, 'stays', 'stay')}${staying.length > 0 ? ':' : '.'}`], paper),
    ...shown.flatMap((one) => labelled('    ', printable(`${one.path}: ${whyItStays(one)}`, 2000), paper.columns)),
    ...(more > 0 ? [`    and ${more} more (in --json and in the report)`] : []),
  ];
}

function rewriteLines({ configRewrites: { count, listed } }: Plan, paper: Paper): string[] {
  const { arrow } = marksOf(paper);
  const lines = listed
    .slice(0, MOST_REWRITES)
    .flatMap(({ file, at, to }) => [
      ...labelled('  ', printable(`${file} ${at}`), paper.columns),
      ...labelled('    ', printable(`${arrow} ${to}`, 1000), paper.columns),
    ]);
  const more = count - Math.min(count, MOST_REWRITES);
  return more > 0 ? [...lines, `  and ${more} more (in --json, with what each was)`] : lines;
}

function leftOut({ excludes, asked }: Plan): string[] {
  const own = asked.excludes.length;
  const rules = `Locks, sockets, pid files, logs and caches, by ${counted(excludes.length - own, 'rule')}; the report gives the reason of each.`;
  return own === 0 ? [rules] : [rules, `By your --exclude: ${asked.excludes.join(', ')}`];
}
