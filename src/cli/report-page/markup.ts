import { printable } from '../../host/printable.ts';

/** Longer texts of foreign origin are cut in a page. */
const LONGEST = 4000;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** A piece of HTML, whole in itself. `markup` makes it; `trusted` only from a text of our own. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a hole of `markup`. */
export type Fill = Markup | string | number | null | readonly Fill[];

/**
 * A template of HTML in which whatever stands in a hole is text: markup in it is shown and not obeyed, nor is anything that would reorder
 * what is read. Pieces that are Markup already stay as they are. Attributes have to stand in double quotes. Pure.
 */
export function markup(parts: TemplateStringsArray, ...fills: readonly Fill[]): Markup {
  return new Markup(parts.map((part, at) => part + filled(fills[at] ?? null)).join(''));
}

/** A text of our own as it is. Never for anything that a machine said. Pure. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function filled(fill: Fill): string {
  if (fill === null) return '';
  if (fill instanceof Markup) return fill.text;
  if (typeof fill === 'number') return String(fill);
  if (typeof fill === 'string') return escaped(fill);
  return fill.map(filled).join('');
}

function escaped(text: string): string {
  return printable(text, LONGEST).replace(/[&<>"'`]/g, (char) => ENTITIES[char] ?? char);
}
