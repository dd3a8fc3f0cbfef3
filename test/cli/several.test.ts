import { describe, expect, it } from 'vitest';
import { requestOf } from '../../src/cli/request.ts';
import { severalLines } from '../../src/cli/several-closing.ts';
import { problem } from '../../src/core/problem.ts';
import { codeOf } from '../checks/facts.ts';
import { surroundings } from './sample.ts';

const asked = (flags: Parameters<typeof requestOf>[1]) => requestOf('o@h', flags, surroundings([], {}).around);

describe('several profiles on the command line', () => {
  it('are named with commas, each once, or all', () => {
    expect(asked({ profile: 'a, b,a' }).asked.profiles).toEqual(['a', 'b']);
    expect(asked({ profile: 'a' })).not.toHaveProperty('allProfiles');
    expect(asked({ 'all-profiles': true })).toMatchObject({ allProfiles: true, asked: { profiles: null } });
  });

  it.each([
    { profile: 'a,,b' },
    { profile: 'a', 'all-profiles': true },
    { profile: 'a,b', 'state-dir': '/s' },
    { 'all-profiles': true, 'gateway-port': '18789' },
  ])('are refused as %j', (flags) => {
    expect(codeOf(() => asked(flags))).toBe('option-invalid');
  });

  it('are told one by one at the end: where each is, by which run, and why not', () => {
    const cause = problem('doctor-failed', { message: 'Doctor failed.', hint: 'Look.' });
    const lines = severalLines(
      {
        ...{ v: 1, seq: 1, ts: '2026-11-22T14:00:00.000Z', run: '', type: 'run.finished' },
        ...{ outcome: 'rolled-back', running: 'mixed', exitCode: 16, downtimeMs: null, problem: cause },
        profiles: [
          { profile: 'default', run: 'r1', outcome: 'moved', running: 'new', exitCode: 0, problem: null },
          { profile: 'work', run: 'r2', outcome: 'rolled-back', running: 'old', exitCode: 9, problem: cause },
        ],
      },
      { columns: 120, colour: false, live: false, unicode: true },
    );
    expect(lines.join('\n')).toContain('2 profiles, not all are in the same place.');
    expect(lines.join('\n')).toMatch(/default +moved, runs on this machine \(run r1\)\./);
    expect(lines.join('\n')).toMatch(/work +rolled-back, runs on the old machine \(run r2\)\. Doctor failed\./);
  });
});
