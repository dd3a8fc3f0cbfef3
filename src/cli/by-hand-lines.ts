import type { Plan } from '../core/plan.ts';
import { printable } from '../host/printable.ts';
import type { Paper } from './paper.ts';
import { labelled } from './wrap.ts';

const SHOWN = 3;

/** What is to be done by hand after a move, the first of it: why, and the command of each, is in the report. Pure. */
export function byHandLines({ byHand }: Plan, { columns }: Paper): string[] {
  const { count, listed } = byHand ?? { count: 0, listed: [] };
  const lines = listed.slice(0, SHOWN).flatMap(({ what }) => labelled('  ', printable(what, 200), columns));
  const more = count - Math.min(count, SHOWN);
  return more > 0 ? [...lines, `  and ${more} more (in --json and in the report)`] : lines;
}
