import { outsideFateText } from '../core/outside.ts';
import type { Plan } from '../core/plan.ts';
import { printable } from '../host/printable.ts';
import type { Paper } from './paper.ts';
import { labelled } from './wrap.ts';

const MOST = 20;

/** How the new gateway comes by each variable that the old one has from outside of its state. Pure. */
export function outsideLines({ outside = [] }: Plan, { columns }: Paper): string[] {
  const lines = outside
    .slice(0, MOST)
    .flatMap((one) => labelled(`  ${printable(one.name)} `, printable(outsideFateText(one), 1000), columns));
  const more = outside.length - MOST;
  return more > 0 ? [...lines, `  and ${more} more (in --json and in the report)`] : lines;
}
