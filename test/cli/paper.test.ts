import { describe, expect, it } from 'vitest';
import { inked, marksOf, paperOf } from '../../src/cli/paper.ts';

const sink = { write: () => true };

describe('what can be written on', () => {
  it.each([
    ['a terminal', { isTTY: true, columns: 120 }, {}, { columns: 120, colour: true, live: true }],
    ['a pipe', {}, {}, { columns: 100, colour: false, live: false }],
    ['a pipe that is to have colours', {}, { FORCE_COLOR: '1' }, { colour: true, live: false }],
    ['a terminal without colours', { isTTY: true, columns: 80 }, { NO_COLOR: '1' }, { colour: false, live: true }],
    ['a dumb terminal', { isTTY: true, columns: 80 }, { TERM: 'dumb' }, { colour: false, live: false }],
    ['a very narrow terminal', { isTTY: true, columns: 12 }, {}, { columns: 40 }],
    ['a very wide terminal', { isTTY: true, columns: 500 }, {}, { columns: 200 }],
    ['a terminal that does not know its width', { isTTY: true, columns: 0 }, {}, { columns: 80 }],
  ])('%s', (_name, stream, env, paper) => {
    expect(paperOf({ env }, { ...sink, ...stream })).toMatchObject(paper);
  });

  it('has plain marks where the locale is not known to show others', () => {
    expect(marksOf(paperOf({ env: { LANG: 'C' } }, sink)).done).toBe('ok');
    expect(marksOf(paperOf({ env: { LC_ALL: 'en_US.UTF-8', LANG: 'C' } }, sink)).done).toBe('✓');
  });

  it('takes ink only where it shows', () => {
    const paper = paperOf({ env: {} }, sink);
    expect(inked(paper, 'red', 'text')).toBe('text');
    expect(inked({ ...paper, colour: true }, 'red', 'text')).toBe('\u001b[31mtext\u001b[39m');
  });
});
