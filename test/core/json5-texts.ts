import fc from 'fast-check';

/** A part of a generated text: what must stay byte for byte, or a string value as it is written and what it stands for. */
export type Piece = string | { readonly literal: string; readonly value: string };

/** Values that a rewrite must change, must leave, or could be led astray by. */
export const someStrings = fc.oneof(
  fc.constantFrom(
    ...[
      '/home/al',
      '/home/al/',
      '/home/al/.smart-agent-neo/workspace',
      '/home/alice/x',
      '~/work/ws',
      '~/x',
      '~',
      '/srv/x',
    ],
    ...[
      'file:///home/al/a%20b',
      '/home/al/${VAR}/x',
      '/home/al/work/ws/it\'s "quoted"\\',
      '/home/al/\u2028ü\u{1f4a9}\ud800',
    ],
    ...['see /home/al', '', '{', '// no comment', '/* nor this', '"', "'", '\\'],
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: 'binary-ascii', maxLength: 8 }).map((tail) => `/home/al/${tail}`),
);

const gaps = fc.oneof(
  { arbitrary: fc.constant(''), weight: 6 },
  fc.constantFrom(' ', '\n  ', '\r\n', '\t', '\v\f', '\uFEFF', '\u00a0', '\u2028', '\u3000'),
  fc.constantFrom('// "/home/al/x" {\n', "// it's\r", '//\u2029', '/* "/home/al" ] */', "/***/ /*'*/", '/* // */'),
);
const numbers = fc.constantFrom(
  '1',
  '-0',
  '+1',
  '.5',
  '5.',
  '0x1F',
  '1e3',
  '1.50',
  '-Infinity',
  'NaN',
  '12345678901234567890',
);
const words = fc.constantFrom('true', 'false', 'null');
const names = fc.oneof(
  fc.constantFrom('a', '$include', '_x', 'sessionFile', '\\u0061b', 'ünï', '__proto__', 'Infinity', 'true', 'a\u200cb'),
  literals(fc.constantFrom('a', '/', '~', '__proto__', '', 'a"b', "a'b", '{', '/home/al/x', 'a\u2028b')).map(
    ({ literal }) => literal,
  ),
);

/** A text of JSON5 in every style that the language allows, as its pieces. */
export const json5Pieces: fc.Arbitrary<readonly Piece[]> = fc
  .letrec<{ value: readonly Piece[]; list: readonly Piece[]; object: readonly Piece[] }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { arbitrary: literals(someStrings).map((piece) => [piece]), weight: 3 },
      fc.oneof(numbers, words).map((text) => [text]),
      { arbitrary: tie('object'), weight: 2 },
      tie('list'),
    ),
    list: wrapped(
      '[',
      fc.tuple(gaps, tie('value'), gaps).map((parts) => parts.flat()),
      ']',
    ),
    object: wrapped(
      '{',
      fc.tuple(gaps, names, gaps, fc.constant(':'), gaps, tie('value'), gaps).map((parts) => parts.flat()),
      '}',
    ),
  }))
  .value.chain((value) => fc.tuple(fc.constantFrom('', '\uFEFF'), gaps, fc.constant(value), gaps))
  .map((parts) => parts.flat());

export function textOfPieces(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (typeof piece === 'string' ? piece : piece.literal)).join('');
}

function wrapped(open: string, inside: fc.Arbitrary<Piece[]>, close: string): fc.Arbitrary<readonly Piece[]> {
  return fc.tuple(fc.array(inside, { maxLength: 4 }), fc.boolean(), gaps).map(([members, comma, gap]) => {
    const separated = members.flatMap((member, at) => (at === 0 ? member : [',', ...member]));
    return [open, ...separated, ...(comma && members.length > 0 ? [','] : []), gap, close];
  });
}

/** A string value with each of its characters written in some way that JSON5 reads as that character. */
function literals(values: fc.Arbitrary<string>): fc.Arbitrary<{ literal: string; value: string }> {
  const styles = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 7 });
  return fc.tuple(values, fc.constantFrom('"', "'"), styles).map(([value, quote, style]) => {
    const written = [...Array(value.length).keys()].map((at) =>
      writeUnit(value.charAt(at), quote, style[at % style.length] ?? 0),
    );
    return { literal: quote + written.join('') + quote, value };
  });
}

function writeUnit(unit: string, quote: string, style: number): string {
  const code = unit.charCodeAt(0);
  if (style === 1) return `\\u${code.toString(16).padStart(4, '0')}`;
  if (style === 2 && code < 0x100) return `\\x${code.toString(16).padStart(2, '0').toUpperCase()}`;
  if (style === 3) return `\\\n${writeUnit(unit, quote, 1)}`;
  if (style === 4) return `\\\r\n${writeUnit(unit, quote, 1)}`;
  if (style === 5) return `\\\u2028${writeUnit(unit, quote, 1)}`;
  if (style === 6 && !/[\dbfnrtvxu\n\r\u2028\u2029]/.test(unit)) return `\\${unit}`;
  const short = { '\n': '\\n', '\r': '\\r', '\\': '\\\\' }[unit];
  return short ?? (unit === quote ? `\\${unit}` : unit);
}
