import type { Report } from '../../core/report-shape.ts';
import { bytesText, counted, countText } from '../units.ts';
import { markup, type Markup } from './markup.ts';
import { code, paragraph, section, table } from './parts.ts';
import { rect, swatch } from './timeline.ts';

const WIDTH = 1000;
const NARROWEST = 4;
const COLOURS = 6;

/** One part of what was on the old machine: a directory that moved, or all that was left out. */
interface Share {
  readonly kind: string;
  readonly name: Markup;
  readonly entries: number;
  readonly bytes: number;
}

/** What moved and what was left out, as a picture by size; and what of it went over the line. Pure. */
export function sizesSection(report: Report): Markup | null {
  const shares = sharesOf(report);
  const all = shares.reduce((sum, { bytes }) => sum + bytes, 0);
  if (shares.length === 0) return null;
  const rows = shares.map(({ kind, name, entries, bytes }) => [
    markup`${swatch(kind)}${name}`,
    bytesText(bytes),
    all === 0 ? '' : percent(bytes / all),
    countText(entries),
  ]);
  const numbers = ['Size', 'Share', 'Entries'].map((title) => ({ title, isNumber: true }));
  return section('sizes', 'What moved, by size', [
    all === 0 ? null : picture(shares, all),
    table('By size, the largest first', ['What', ...numbers], rows),
    onTheLine(report),
  ]);
}

/** All roots together, as they were compared; before that as they were when looked at. Pure. */
export function movedInAll(report: Report): { readonly entries: number; readonly bytes: number } {
  const roots = rootsOf(report);
  return {
    entries: roots.reduce((sum, one) => sum + one.entries, 0),
    bytes: roots.reduce((sum, one) => sum + one.bytes, 0),
  };
}

function rootsOf({ plan, manifests }: Report) {
  const compared = new Map(manifests.map(({ root, entries, bytes }) => [root, { entries, bytes }]));
  return (plan?.roots ?? []).map(({ id, livePath, entries, bytes }) => {
    return { id, livePath, entries, bytes, ...compared.get(id) };
  });
}

function sharesOf(report: Report): Share[] {
  const { skipped } = report;
  const roots = rootsOf(report)
    .sort((one, other) => other.bytes - one.bytes)
    .map(({ id, livePath, entries, bytes }, at) => {
      return { kind: `c${at % COLOURS}`, name: markup`${id} ${code(livePath)}`, entries, bytes };
    });
  const left = skipped.reduce((sum, one) => ({ entries: sum.entries + one.entries, bytes: sum.bytes + one.bytes }), {
    entries: 0,
    bytes: 0,
  });
  return left.entries === 0 ? roots : [...roots, { kind: 'out', name: markup`left out`, ...left }];
}

function picture(shares: readonly Share[], all: number): Markup {
  const widths = shares.map(({ bytes }) => Math.max(NARROWEST, (bytes / all) * WIDTH));
  const total = widths.reduce((sum, width) => sum + width, 0);
  const rects = shares.map(({ kind }, at) => {
    const gap = at > 0 ? 2 : 0;
    const x = widths.slice(0, at).reduce((sum, width) => sum + width, 0);
    return rect(kind, x + gap, (widths[at] ?? 0) - gap, 10);
  });
  return markup`<svg class="strip" viewBox="0 0 ${Math.ceil(total)} 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">${rects}</svg>
`;
}

function onTheLine({ transferred }: Report): Markup | null {
  if (transferred.length === 0) return null;
  const sum = (pick: (one: Report['transferred'][number]) => number): number =>
    transferred.reduce((total, one) => total + pick(one), 0);
  const passes = Math.max(...transferred.map((one) => one.passes));
  return paragraph(
    `${counted(
      sum((one) => one.files),
      'file',
    )} with ${bytesText(sum((one) => one.bytes))} were copied in ${counted(passes, 'pass', 'passes')}; `,
    `${bytesText(sum((one) => one.wireBytes))} went over the line.`,
  );
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? '< 1 %' : `${Math.round(share * 100)} %`;
}
