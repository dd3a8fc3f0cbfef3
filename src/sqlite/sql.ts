import type { Mapping } from '../core/plan.ts';

/** A name as SQL takes it, whatever is in it. Pure. */
export function name(of: string): string {
  return `"${of.replaceAll('"', '""')}"`;
}

/** A text as SQL takes it, whatever is in it: by its bytes. Pure. */
export function text(value: string): string {
  return `CAST(x'${Buffer.from(value).toString('hex')}' AS TEXT)`;
}

/** Is the value of this field a text, and not a number or bytes? Pure. */
export function ifText(field: string): string {
  return `typeof(${field}) = 'text'`;
}

/** Does a field begin with a place that moves, as whole segments, or is it JSON with a string that does? Pure. */
export function placeConditions(field: string, mapping: readonly Mapping[]): string {
  const places = mapping.filter(({ from, to }) => from !== to).map(({ from }) => from);
  const shortest = places.filter((one) => !places.some((other) => one.startsWith(`${other}/`)));
  const conditions = shortest.flatMap((from) => [
    `${field} = ${text(from)}`,
    `substr(${field}, 1, length(${text(`${from}/`)})) = ${text(`${from}/`)}`,
    `instr(${field}, ${text(`"${from}/`)}) > 0`,
    `instr(${field}, ${text(`"${from}"`)}) > 0`,
  ]);
  return conditions.length === 0 ? '0' : conditions.join(' OR ');
}
