import type { Finding } from '../core/audit.ts';
import { everyKind, KINDS, type Counts, type Kind } from '../core/census.ts';
import type { DoctorChanges } from '../core/event.ts';
import { whyItStays } from '../core/fate.ts';
import { outsideFateText } from '../core/outside.ts';
import { inside } from '../core/only-files.ts';
import { deadManText } from './dead-man-text.ts';
import type { Report } from '../core/report-shape.ts';
import type { Problem } from '../core/problem.ts';
import type { RehearsedPart } from '../core/rehearsal-forecast.ts';
import { PROBLEMS } from '../core/problem.ts';
import { RUNNABLE_KINDS } from '../core/will-run.ts';
import { printable } from '../host/printable.ts';
import { BASES } from './rehearsal-lines.ts';
import { MANY_REWRITES, STEP_STATES, WHERE_IT_RUNS } from './report-words.ts';
import { bytesText, counted, countText, durationText } from './units.ts';

/** A report as Markdown, for reading. What came from the old machine is shown as code, so that none of it is markup. Pure. */
export function reportMarkdown(report: Report): string {
  const sections = [
    head(report),
    problems('Problems', report.problems),
    problems('Warnings', report.warnings),
    section(
      'Next',
      report.next.map(({ command, purpose }) => `- ${code(command)}: ${purpose}`),
    ),
    machines(report),
    staying(report),
    byHand(report),
    outside(report),
    rehearsal(report),
    downtime(report),
    checklist(report),
    steps(report),
    inventory(report),
    audit(report),
    willRun(report),
    copy(report),
    leftOut(report),
    changes(report),
    parked(report),
    oldMachine(report),
    doctor(report),
    visits(report),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function head({ run, target, outcome, running, exitCode, startedAt, endedAt }: Report): string {
  const ended =
    outcome === null ? 'not ended: it runs still, or was broken off' : `${outcome}, exit code ${exitCode ?? ''}`;
  return [
    `# neo-pull run ${code(run)}`,
    '',
    ...table(
      ['', ''],
      [
        ['old machine', code(target)],
        ['outcome', ended],
        ['gateway runs on', WHERE_IT_RUNS[running]],
        ['begun', startedAt ?? ''],
        ['ended', endedAt ?? ''],
      ],
    ),
  ].join('\n');
}

function machines({ plan }: Report): string {
  if (!plan) return '';
  const { old, new: here, ranAs, roots, mapping, provenance } = plan;
  const row = (name: string, was: string, is: string): string[] => [name, code(was), code(is)];
  const changed = mapping.filter(({ from, to }) => from !== to);
  return section('What moves', [
    ...table(
      ['', 'old machine', 'new machine'],
      [
        row('machine', `${old.user}@${old.hostname}`, `${here.user}@${here.hostname}`),
        row('product', old.productVersion ?? 'unknown', here.productVersion ?? 'unknown'),
        row('profile, port', `${old.profile}, ${old.port}`, `${here.profile}, ${here.port}`),
        row(
          'runs as',
          old.unit !== null && ranAs === 'service' ? old.unit : ranAs,
          here.unit ?? 'a process of its own',
        ),
        ...roots.flatMap(({ id, oldPath, livePath, files }) =>
          files === null
            ? [row(id, oldPath, livePath)]
            : files.map((name) => row(id, inside(oldPath, name), inside(livePath, name))),
        ),
      ],
    ),
    '',
    ...roots.map(({ id, entries, bytes }) => `- ${id}: ${counted(entries, 'entry', 'entries')}, ${bytesText(bytes)}`),
    ...(changed.length > 0 ? ['', 'Old paths and what they become:', ''] : []),
    ...changed.map(({ from, to }) => `- ${code(from)} becomes ${code(to)}`),
    ...(provenance.length > 0 ? ['', 'Found on the old machine, and who says so:', ''] : []),
    ...provenance.map(({ what, value, sources }) => `- ${what} ${code(value)}: ${sources.map(code).join(', ')}`),
  ]);
}

function staying({ plan }: Report): string {
  const fates = plan?.fates ?? [];
  const stay = fates.filter(({ fate }) => fate === 'stays');
  if (stay.length === 0) return '';
  return section('Named, and not moved', [
    `Of ${counted(fates.length, 'path', 'paths')} that the config, symlinks and the product name, ${countText(stay.length)} did not move:`,
    '',
    ...table(
      ['path on the old machine', 'named by', 'why'],
      stay.map((one) => [code(one.path), code(one.namedBy), whyItStays(one)]),
    ),
  ]);
}

/** In the order in which they were found; a command stands alone, so that it can be copied. */
function byHand({ byHand: { count, listed } }: Report): string {
  const more = count - listed.length;
  return section('By hand', [
    ...(count > 0 ? ['Bound to the old machine, or on another one: nobody but you can do these.', ''] : []),
    ...listed.flatMap(({ what, why, command }) => [
      `- **${text(what)}**: ${text(why)}`,
      ...(command === null ? [] : [`  - ${code(command)}`]),
    ]),
    ...(more > 0 ? [`- and ${countText(more)} more`] : []),
  ]);
}

function outside({ plan }: Report): string {
  const rows = (plan?.outside ?? []).map((one) => [
    code(one.name),
    [...(one.isAskedFor ? ['used by the config'] : []), ...one.setBy.map(code)].join(', '),
    one.satisfiedBy === null ? outsideFateText(one) : `satisfied by ${code(one.satisfiedBy)}`,
  ]);
  if (rows.length === 0) return '';
  return section('Variables from outside of the state', [
    'Names only. What is not satisfied here, the new gateway does not have.',
    '',
    ...table(['variable', 'where it was seen on the old machine', 'here'], rows),
  ]);
}

function downtime({ downtime: { totalMs, parts } }: Report): string {
  if (parts.length === 0) return '';
  const total =
    totalMs === null ? 'No gateway has come up since the stop.' : `No gateway served for ${durationText(totalMs)}:`;
  const rows = parts.map(({ title, ms }) => [title, durationText(ms)]);
  return section('Down time', [total, '', ...table(['part', 'time'], rows)]);
}

function checklist(report: Report): string {
  const rows = report.checklist.map(({ title, ok, seen }) => [ok ? 'yes' : 'NO', title, code(seen)]);
  return rows.length === 0 ? '' : section('Checklist of the new gateway', table(['ok', 'check', 'seen'], rows));
}

function steps(report: Report): string {
  const rows = report.steps.map(({ title, state, ms }) => [
    title,
    STEP_STATES[state],
    ms === null ? '' : durationText(ms),
  ]);
  return rows.length === 0 ? '' : section('Steps', table(['step', 'state', 'time'], rows));
}

function rehearsal({ rehearsal: made }: Report): string {
  if (!made?.forecast) return '';
  const { downtimeMs, wholeMs, down, around } = made.forecast;
  const rows = (parts: readonly RehearsedPart[], when: string): string[][] =>
    parts.map(({ title, ms, basis }) => [title, when, durationText(ms), BASES[basis]]);
  return section('Forecast of the move', [
    `About ${durationText(downtimeMs)} without a gateway, and about ${durationText(wholeMs)} in all. The rehearsal was made on a throwaway copy, which is gone, with a gateway whose channels, jobs and mail watchers were off.`,
    '',
    ...table(
      ['part', '', 'time', 'how that is known'],
      [
        ...rows(around.slice(0, -1), 'before the stop'),
        ...rows(down, 'no gateway'),
        ...rows(around.slice(-1), 'after the start'),
      ],
    ),
  ]);
}

function inventory({ inventory: { old, copy: copied, new: here }, rehearsal: made }: Report): string {
  if (!old) return '';
  const kinds = everyKind().filter((kind) => [old, copied, here].some((counts) => (counts?.[kind] ?? 0) > 0));
  const number = (counts: Counts | null, kind: Kind): string => (counts ? countText(counts[kind]) : '');
  const rows = kinds.map((kind) => [KINDS[kind][1], number(old, kind), number(copied, kind), number(here, kind)]);
  return section('Inventory', [
    `Counted and compared by name, from the files themselves: ${made ? 'while the old gateway ran' : 'after the stop'}, in the copy, and once the new gateway was up.`,
    '',
    ...table(['', 'old machine', 'copy', 'new machine'], rows),
  ]);
}

function copy({ transferred, manifests }: Report): string {
  const sent = transferred.map(({ root, passes, files, bytes, wireBytes, deleted }) =>
    [root, passes, files, bytesText(bytes), bytesText(wireBytes), deleted].map(cell),
  );
  const whole = manifests.map(({ root, sha256, entries, bytes }) => [
    root,
    countText(entries),
    bytesText(bytes),
    code(sha256),
  ]);
  return section('Copy', [
    ...(sent.length > 0
      ? table(['root', 'passes', 'files', 'content', 'on the line', 'deleted in staging'], sent)
      : []),
    ...(sent.length > 0 && whole.length > 0 ? [''] : []),
    ...(whole.length > 0
      ? [
          'Compared with the old machine after its gateway was stopped, entry by entry: bytes, modes, times, links.',
          '',
          ...table(['root', 'entries', 'bytes', 'SHA-256 of the manifest'], whole),
        ]
      : []),
  ]);
}

const VERDICTS: Readonly<Record<Finding['verdict'], string>> = {
  stops: 'STOPS',
  allowed: 'let through by --allow',
  dropped: 'dropped',
  told: 'told',
};

function audit({ audit: seen }: Report): string {
  if (!seen) return '';
  const { count, findings } = seen;
  const rows = findings.map(({ id, what, verdict }) => [VERDICTS[verdict], code(id), text(what)]);
  const more = count - rows.length;
  return section('Audit of the copy', [
    ...(count === 0 ? ['Nothing in it leads out of it.'] : table(['', 'finding', 'seen'], rows)),
    ...(more > 0 ? ['', `And ${countText(more)} more.`] : []),
  ]);
}

function willRun({ willRun: seen }: Report): string {
  if (!seen || seen.count === 0) return '';
  const { count, listed } = seen;
  const rows = listed.map(({ kind, name, files, sha256 }) => [
    RUNNABLE_KINDS[kind],
    code(name),
    files > 1 ? countText(files) : '',
    sha256 === null ? 'not read' : code(sha256),
  ]);
  const more = count - rows.length;
  return section('What will run here', [
    'What came from the old machine and may be started on this one by the gateway, its agents or their tools. Read it before you let it, if you do not trust that machine.',
    '',
    ...table(['what', 'name', 'files', 'SHA-256'], rows),
    ...(more > 0 ? ['', `And ${countText(more)} more.`] : []),
  ]);
}

function leftOut({ skipped }: Report): string {
  const rows = skipped.map(({ root, rule, reason, entries, bytes }) => [
    root,
    code(rule),
    reason,
    cell(entries),
    bytesText(bytes),
  ]);
  return rows.length === 0 ? '' : section('Left out', table(['root', 'rule', 'why', 'entries', 'bytes'], rows));
}

function changes({ rewrites, modes, fence, deadMan }: Report): string {
  const more = rewrites.count - rewrites.listed.length;
  return section('Changed in the copy', [
    ...(rewrites.count > 0 ? [`${counted(rewrites.count, 'path')} rewritten:`, ''] : []),
    ...(rewrites.count > MANY_REWRITES
      ? [
          ...rewrites.files.map(({ root, file, count }) => `- ${root} ${code(file)}: ${countText(count)}`),
          '',
          'Each:',
          '',
        ]
      : []),
    ...rewrites.listed.map(
      ({ root, file, at, from, to }) => `- ${root} ${code(file)} ${code(at)}: ${code(from)} became ${code(to)}`,
    ),
    ...(more > 0 ? [`- and ${countText(more)} more`] : []),
    ...(rewrites.map === null ? [] : ['', `What each was before: ${code(rewrites.map)}`]),
    ...(modes.changed > 0
      ? [
          '',
          `${counted(modes.changed, 'mode')} set; ${countText(modes.tightenedCount)} of them closed to other users:`,
          '',
        ]
      : []),
    ...modes.tightened.map((file) => `- ${code(file)}`),
    ...(fence ? ['', `Fence of the old gateway: ${fence.fence} (${printable(fence.how)}).`] : []),
    ...(deadMan ? ['', `Dead-man's switch: ${deadManText(deadMan)}.`] : []),
  ]);
}

function parked({ parked: roots, saved }: Report): string {
  return section('Kept on this machine', [
    ...roots.map(
      ({ livePath, parkedPath, restore }) =>
        `- the former ${code(livePath)} lies in ${code(parkedPath)}; ${code(restore)} puts it back`,
    ),
    ...saved.map(({ what, path }) => `- ${printable(what)}: ${code(path)}`),
  ]);
}

function oldMachine({ oldMachine: { left, removeByHand } }: Report): string {
  return section('Left on the old machine', [
    ...left.map((what) => `- ${printable(what)}`),
    ...(removeByHand.length > 0 ? ['', 'When the move is final for you, remove what is ours there by hand:', ''] : []),
    ...removeByHand.map((command) => `    ${printable(command)}`),
  ]);
}

function doctor(report: Report): string {
  if (!report.doctor) return '';
  const { exitCode, output, passes, changes } = report.doctor;
  const lines = output.split('\n').map((line) => `    ${line}`);
  const ran = passes === 1 ? 'once' : `${passes} times`;
  return section("The product's doctor", [
    `It ran ${ran}; exit code ${exitCode}.`,
    '',
    ...(changes ? doctored(changes) : []),
    ...lines,
  ]);
}

function doctored({ count, added, changed, removed }: DoctorChanges): string[] {
  if (count === 0) return ['It changed nothing.', ''];
  const listed = [['added', added] as const, ['changed', changed] as const, ['removed', removed] as const];
  const lines = listed.flatMap(([what, names]) => names.map((name) => `- ${what}: ${code(name)}`));
  const more =
    count > lines.length ? [`- and ${count - lines.length} more: doctor-changes.ndjson in the folder of the run`] : [];
  return [...lines, ...more, ''];
}

function visits(report: Report): string {
  return section(
    'Visits',
    report.visits.map(({ at, command }) => `- ${at} ${code(`neo-pull ${command}`)}`),
  );
}

function problems(title: string, found: readonly Problem[]): string {
  return section(
    title,
    found.flatMap(({ code: name, message, hint }) => [
      `- **${name}**: ${text(message)}`,
      `  - ${PROBLEMS[name].why}`,
      `  - Next: ${text(hint)}`,
    ]),
  );
}

function section(title: string, lines: readonly string[]): string {
  const body = lines.join('\n').trim();
  return body === '' ? '' : `## ${title}\n\n${lines.join('\n').replace(/^\n+|\n+$/g, '')}`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((one) => one.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)];
}

/** As code, whatever is in it. */
function code(value: string): string {
  const shown = printable(value, 2000);
  const fence = '`'.repeat(1 + Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length)));
  const pad = shown.startsWith('`') || shown.endsWith('`') ? ' ' : '';
  return shown === '' ? '' : `${fence}${pad}${shown}${pad}${fence}`;
}

/** As text in which nothing is markup. */
function text(value: string): string {
  return printable(value, 2000).replace(/[\\*_<>[\]#|~]/g, '\\$&');
}

function cell(value: number | string): string {
  return typeof value === 'number' ? countText(value) : value;
}
