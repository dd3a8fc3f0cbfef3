import { countsText } from '../core/census.ts';
import type { Basis, RehearsedPart } from '../core/rehearsal-forecast.ts';
import type { Report } from '../core/report-shape.ts';
import { readDoctor } from '../gateway/doctor.ts';
import { printable } from '../host/printable.ts';
import type { Paper } from './paper.ts';
import { counted, durationText } from './units.ts';
import { labelled } from './wrap.ts';

/** What each basis is called for people. */
export const BASES: Readonly<Record<Basis, string>> = {
  measured: 'measured',
  earlier: 'as an earlier cutover took',
  estimated: 'estimated',
  set: 'as set',
};

const MOST_FINDINGS = 12;
/** Where every column counts. */
const NARROW = 60;

/** What a rehearsal has found out, under labels as the end of a visit has them. Pure. */
export function rehearsalLines(report: Report, paper: Paper): string[] {
  const forecast = report.rehearsal?.forecast ?? null;
  const line = (label: string, text: string): string[] =>
    labelled(`  ${label.padEnd(13)} `, printable(text, 2000), paper.columns);
  const times =
    forecast === null
      ? []
      : [
          ...line('Expected', `about ${durationText(forecast.downtimeMs)} without a gateway:`),
          ...partLines(forecast.down, paper),
          ...line('', `and about ${durationText(forecast.wholeMs)} for the whole move, with:`),
          ...partLines(forecast.around, paper),
        ];
  return [
    ...times,
    ...line('Rewritten', rewritten(report)),
    ...inventory(report).flatMap((text, at) => line(at === 0 ? 'Inventory' : '', text)),
    ...findings(report).flatMap((text, at) => line(at === 0 ? 'Doctor' : '', text)),
    ...report.checklist.flatMap(({ title, ok, seen }, at) =>
      line(at === 0 ? 'Checked' : '', `${ok ? '' : 'NO: '}${title} (${seen})`),
    ),
    ...(forecast === null
      ? []
      : line('Left here', 'the private copy, so that a move only sends what changes; nothing else')),
  ];
}

function partLines(parts: readonly RehearsedPart[], { columns }: Paper): string[] {
  const indent = ' '.repeat(columns < NARROW ? 4 : 18);
  const took = parts.map(({ ms }) => durationText(ms));
  const width = Math.max(...took.map(({ length }) => length));
  return parts.flatMap(({ title, basis }, at) => {
    const note = basis === 'measured' ? '' : ` (${BASES[basis]})`;
    return labelled(`${indent}${(took[at] ?? '').padStart(width)}  `, `${title}${note}`, columns);
  });
}

function rewritten({ rewrites, modes }: Report): string {
  const files = counted(rewrites.files.length, 'file');
  return `${counted(rewrites.count, 'path')} in ${files}; ${counted(modes.changed, 'mode')} set`;
}

function inventory({ inventory: { old, new: here } }: Report): string[] {
  if (!old || !here) return [];
  const [before, after] = [countsText(old), countsText(here)];
  return before === after ? [`${before}; the same before and after`] : [`before: ${before}`, `after: ${after}`];
}

/** By its boxes: what doctor says in them is what it has found. */
function findings({ doctor }: Report): string[] {
  if (!doctor) return [];
  const { sections } = readDoctor(doctor.output);
  const found = sections.flatMap(({ title, lines }) =>
    title === '' ? [] : [`${title}: ${lines.map((one) => one.trim()).join(' ')}`],
  );
  const more = found.length - MOST_FINDINGS;
  return [
    `ended with exit code ${doctor.exitCode}${found.length === 0 ? ' and found nothing' : ', and says:'}`,
    ...found.slice(0, MOST_FINDINGS),
    ...(more > 0 ? [`and ${more} more, in the report`] : []),
  ];
}
