import { markup, type Fill, type Markup } from './markup.ts';

/** Lists longer than this are folded up on the screen; they are whole on paper. */
const FOLDED_FROM = 12;

export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
  /** Short words, which are not to be broken. */
  readonly isShort?: boolean;
}

/** One part of the page under its heading; nothing where it would be empty. Pure. */
export function section(id: string, title: string, body: readonly Fill[]): Markup | null {
  const parts = body.filter((part) => part !== null);
  if (parts.length === 0) return null;
  return markup`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${parts}
</section>
`;
}

/** A table in which the first cell of each row names it; nothing without rows. Pure. */
export function table(
  caption: string,
  columns: readonly (string | Column)[],
  rows: readonly (readonly Fill[])[],
): Markup | null {
  if (rows.length === 0) return null;
  const kinds = columns.map((column) => (typeof column === 'string' ? { title: column } : column));
  const heads = kinds.map((column) => markup`<th scope="col"${classOf(column)}>${column.title}</th>`);
  const lines = rows.map(([first = null, ...rest]) => {
    const cells = rest.map((cell, at) => markup`<td${classOf(kinds[at + 1])}>${cell}</td>`);
    return markup`<tr><th scope="row">${first}</th>${cells}</tr>\n`;
  });
  return markup`<table>
<caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${lines}</tbody>
</table>
`;
}

/** Items one below the other; nothing without any. Pure. */
export function list(items: readonly Fill[], kind: 'plain' | 'todo' = 'plain'): Markup | null {
  if (items.length === 0) return null;
  return markup`<ul class="${kind}">${items.map((item) => markup`<li>${item}</li>\n`)}</ul>\n`;
}

/** A long part under a line that opens it; a short one as it is. Pure. */
export function folded(summary: string, count: number, body: Markup | null): Markup | null {
  if (body === null || count < FOLDED_FROM) return body;
  return markup`<details><summary>${summary}</summary>\n${body}</details>\n`;
}

/** As it was said or is to be typed; nothing for an empty text. Pure. */
export function code(value: string): Markup | null {
  return value === '' ? null : markup`<code>${value}</code>`;
}

/** A paragraph. Pure. */
export function paragraph(...body: readonly Fill[]): Markup {
  return markup`<p>${body}</p>\n`;
}

/** What is to be pasted, one command a line. Pure. */
export function commands(lines: readonly string[]): Markup | null {
  return lines.length === 0
    ? null
    : markup`<pre><code>${lines.map((line, at) => [at > 0 ? markup`\n` : null, line])}</code></pre>\n`;
}

/** A moment, to the second. Pure. */
export function moment(iso: string | null, { withDay }: { withDay: boolean }): Markup | null {
  if (iso === null) return null;
  const [day = '', time = ''] = iso.split('T');
  const shown = time.slice(0, 8);
  return markup`<time datetime="${iso}">${withDay ? `${day} ${shown} UTC` : shown}</time>`;
}

function classOf(column: Column | undefined): Markup | null {
  if (column?.isNumber === true) return markup` class="n"`;
  return column?.isShort === true ? markup` class="s"` : null;
}
