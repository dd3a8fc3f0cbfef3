import { describe, expect, it } from 'vitest';
import { Screen } from '../../src/cli/screen.ts';

function screen(isLive: boolean) {
  let written = '';
  const made = new Screen({ write: (text: string) => ((written += text), true) }, isLive);
  return { made, written: () => written };
}

describe('a screen', () => {
  it('writes the live line over, and final lines in its place', () => {
    const { made, written } = screen(true);
    made.live('copying 1');
    made.live('copying 2');
    made.lines(['copied']);
    expect(written()).toBe('copying 1\r\u001b[2Kcopying 2\r\u001b[2Kcopied\n');
  });

  it('says nothing twice', () => {
    const { made, written } = screen(true);
    made.live('same');
    made.live('same');
    made.live('');
    made.live('');
    expect(written()).toBe('same\r\u001b[2K');
  });

  it('draws nothing while a question stands there', () => {
    const { made, written } = screen(true);
    made.live('busy');
    made.pause(true);
    made.live('tick');
    made.pause(false);
    expect(written()).toBe('busy\r\u001b[2K');
  });

  it('has no live line and no control codes without a terminal', () => {
    const { made, written } = screen(false);
    made.live('busy');
    made.lines(['done']);
    expect(written()).toBe('done\n');
  });
});
