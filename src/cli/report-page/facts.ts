import { everyKind, KINDS, type Counts, type Kind } from '../../core/census.ts';
import { whyItStays } from '../../core/fate.ts';
import type { Report } from '../../core/report-shape.ts';
import { bytesText, counted, countText } from '../units.ts';
import { markup, type Fill, type Markup } from './markup.ts';
import { code, folded, list, paragraph, section, table } from './parts.ts';

/** What the gateway owned before and owns now. Pure. */
export function inventorySection({ inventory: { old, copy, new: here } }: Report): Markup | null {
  if (!old) return null;
  const number = (counts: Counts | null, kind: Kind): string => (counts ? countText(counts[kind]) : 'not counted');
  const rows = everyKind()
    .filter((kind) => [old, copy, here].some((counts) => (counts?.[kind] ?? 0) > 0))
    .map((kind) => [
      KINDS[kind][1],
      number(old, kind),
      number(copy, kind),
      number(here, kind),
      verdict(old[kind], (here ?? copy)?.[kind] ?? null),
    ]);
  const numbers = ['Before', 'In the copy', 'After'].map((title) => ({ title, isNumber: true }));
  return section('inventory', 'What the gateway owns, before and after', [
    paragraph(
      'Counted and compared by name, from the files themselves: after the stop, in the copy, and once the new gateway was up.',
    ),
    table('Inventory', ['What', ...numbers, 'Result'], rows),
  ]);
}

function verdict(before: number, after: number | null): Fill {
  if (after === null) return '';
  if (after < before) return markup`<span class="bad">${countText(before - after)} fewer</span>`;
  return markup`<span class="good">${after === before ? 'all there' : `all there, ${countText(after - before)} more`}</span>`;
}

/** What was asked of the new gateway, and what was seen. Pure. */
export function checklistSection({ checklist }: Report): Markup | null {
  const rows = checklist.map(({ title, ok, seen }) => [
    title,
    ok ? markup`<span class="good">✓ yes</span>` : markup`<span class="bad">✗ NO</span>`,
    code(seen),
  ]);
  return section('checklist', 'Checklist of the new gateway', [
    table('Each check, and what was seen', ['Check', { title: 'Passed', isShort: true }, 'Seen'], rows),
  ]);
}

/** What did not move, and why. Pure. */
export function leftOutSection({ skipped, plan }: Report): Markup | null {
  const rules = skipped.map(({ root, rule, reason, entries, bytes }) => [
    code(rule),
    reason,
    root,
    countText(entries),
    bytesText(bytes),
  ]);
  const stay = (plan?.fates ?? []).filter(({ fate }) => fate === 'stays');
  const named = stay.map((one) => [code(one.path), code(one.namedBy), whyItStays(one)]);
  const columns = [
    'Rule',
    'Why',
    { title: 'In', isShort: true },
    { title: 'Entries', isNumber: true },
    { title: 'Size', isNumber: true },
  ];
  return section('left-out', 'What was left out, and why', [
    table('By rule', columns, rules),
    folded(
      `Show ${counted(named.length, 'path')} that were named and did not move`,
      named.length,
      table('Named by the config, by symlinks or by the product, and not moved', ['Path', 'Named by', 'Why'], named),
    ),
  ]);
}

/** What is other in the copy than it was on the old machine. Pure. */
export function changesSection({ rewrites, modes }: Report): Markup | null {
  const rows = rewrites.listed.map(({ root, file, at, from, to }) => [
    markup`${root} ${code(file)}`,
    code(at),
    code(from),
    code(to),
  ]);
  const more = rewrites.count - rewrites.listed.length;
  return section('changes', 'What was changed in the copy', [
    folded(
      `Show ${counted(rewrites.count, 'rewritten path')} in ${counted(rewrites.files.length, 'file')}`,
      rows.length,
      table(`${counted(rewrites.count, 'old path')} rewritten`, ['File', 'Where in it', 'Was', 'Is'], rows),
    ),
    more > 0 ? paragraph(`and ${countText(more)} more`) : null,
    rewrites.map === null ? null : paragraph('What each was before: ', code(rewrites.map)),
    modes.changed === 0
      ? null
      : paragraph(`${counted(modes.changed, 'mode')} set; ${modes.tightenedCount} of them closed to other users.`),
    folded(
      `Show ${counted(modes.tightened.length, 'file')} that were closed to other users`,
      modes.tightened.length,
      list(modes.tightened.map(code)),
    ),
  ]);
}
