import { describe, expect, it } from 'vitest';
import { calledAs } from '../../src/cli/called-as.ts';

describe('the command line as it is kept', () => {
  it('begins with the command, whatever stood before it', () => {
    expect(calledAs('sync', ['--json', 'sync', 'o@h'])).toBe('sync --json o@h');
    expect(calledAs('pull', ['o@h', '-y'])).toBe('pull o@h -y');
  });

  it('can be pasted into a shell again', () => {
    expect(calledAs('pull', ['o@h', '--exclude', "it's *.iso"])).toBe(`pull o@h --exclude 'it'\\''s *.iso'`);
  });
});
