import { describe, expect, test } from 'vitest';
import { Outbox } from '../../src/watch/outbox.ts';
import { decode, type Line, recordCutter } from '../../src/watch/record.ts';

/** An outbox whose time and line the test has in hand. */
function boxed() {
  const written: Buffer[] = [];
  const timers: (() => void)[] = [];
  const line = { unsentBytes: 0 };
  const outbox = new Outbox({
    write: (bytes) => void written.push(bytes),
    unsentBytes: () => line.unsentBytes,
    later: (_, act) => void timers.push(act),
  });
  const tick = (): void => {
    for (const act of timers.splice(0)) act();
  };
  const said = (): Line[] =>
    recordCutter()
      .cut(Buffer.concat(written.splice(0)))
      .map(decode);
  return { outbox, line, tick, said };
}

const told = (path: string, subtree = false): Line => ({
  type: 'told',
  root: 'state',
  path: Buffer.from(path, 'latin1'),
  subtree,
});

describe('what is to be told', () => {
  test('is gathered, each place once and in its order', () => {
    const { outbox, tick, said } = boxed();
    for (const path of ['b', 'a\xff', 'b', 'c']) outbox.tell('state', path, false);
    outbox.tell('state', 'b', true);
    outbox.tell('state', 'b', false);
    expect(said()).toEqual([]);
    tick();
    expect(said()).toEqual([told('b', true), told('a\xff'), told('c')]);
    tick();
    expect(said()).toEqual([]);
  });

  test('comes before what is said at once', () => {
    const { outbox, said } = boxed();
    outbox.tell('state', 'a', false);
    outbox.gap('overflow');
    outbox.say({ type: 'cookie', id: '0123456789abcdef' });
    expect(said()).toEqual([{ type: 'gap', word: 'overflow' }, told('a'), { type: 'cookie', id: '0123456789abcdef' }]);
  });

  test('waits while the line takes nothing', () => {
    const { outbox, line, tick, said } = boxed();
    line.unsentBytes = 2 * 1024 * 1024;
    outbox.tell('state', 'a', false);
    tick();
    expect(said()).toEqual([]);
    line.unsentBytes = 0;
    tick();
    expect(said()).toEqual([told('a')]);
  });

  test('of many names in one directory is that directory', () => {
    const { outbox, tick, said } = boxed();
    for (let at = 0; at < 5000; at++) outbox.tell('state', `d/${at}`, false);
    tick();
    const lines = said();
    expect(lines).toHaveLength(2001);
    expect(lines.at(-1)).toEqual(told('d', true));
  });

  test('is a gap where it is too much', () => {
    const { outbox, tick, said } = boxed();
    for (let at = 0; at < 20_001; at++) outbox.tell('state', `${at % 100}/${at}`, false);
    tick();
    expect(said()).toEqual([{ type: 'gap', word: 'too-much' }]);
  });
});
