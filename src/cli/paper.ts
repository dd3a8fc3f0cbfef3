import type { Screenlike, Surroundings } from './surroundings.ts';

/** What can be written on: how wide it is, and what it understands. */
export interface Paper {
  readonly columns: number;
  /** Does it show colours? */
  readonly colour: boolean;
  /** Can its last line be written over? */
  readonly live: boolean;
  readonly unicode: boolean;
}

export type Ink = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const CODES: Readonly<Record<Ink, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

const UNICODE_MARKS = { done: '✓', failed: '✗', undone: '↩', busy: '·', warning: '!', arrow: '→', dots: '…' } as const;
const PLAIN_MARKS = {
  done: 'ok',
  failed: 'X',
  undone: '<-',
  busy: '-',
  warning: '!',
  arrow: '->',
  dots: '...',
} as const;

/** What a stream is as paper: NO_COLOR, FORCE_COLOR, TERM and the locale are heeded. Pure. */
export function paperOf({ env }: Pick<Surroundings, 'env'>, stream: Screenlike): Paper {
  const isTty = stream.isTTY === true;
  const isDumb = env['TERM'] === 'dumb';
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return {
    columns: Math.min(200, Math.max(40, stream.columns || (isTty ? 80 : 100))),
    colour: !isSet(env['NO_COLOR']) && ((isTty && !isDumb) || isSet(env['FORCE_COLOR'])),
    live: isTty && !isDumb,
    unicode: /utf-?8/i.test(locale),
  };
}

/** A text in a colour, where the paper shows one. Pure. */
export function inked({ colour }: Paper, ink: Ink, text: string): string {
  const [on, off] = CODES[ink];
  return colour && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
}

/** The marks of this paper. */
export function marksOf({ unicode }: Paper): Readonly<Record<keyof typeof UNICODE_MARKS, string>> {
  return unicode ? UNICODE_MARKS : PLAIN_MARKS;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0';
}
