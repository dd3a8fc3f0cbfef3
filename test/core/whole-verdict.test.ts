import { describe, expect, it } from 'vitest';
import type { ProfileEnd } from '../../src/core/event.ts';
import { problem } from '../../src/core/problem.ts';
import { wholeOf } from '../../src/core/whole-verdict.ts';

const end = (changes: Partial<ProfileEnd>): ProfileEnd => ({
  profile: 'default',
  run: 'r',
  outcome: 'moved',
  running: 'new',
  exitCode: 0,
  problem: null,
  ...changes,
});
const why = problem('doctor-failed', { message: 'Doctor failed.', hint: 'Look.' });
const back = end({ profile: 'work', outcome: 'rolled-back', running: 'old', exitCode: 9, problem: why });
const moved = end({});

describe('the verdict on several profiles', () => {
  it('is the one that all have', () => {
    expect(wholeOf([moved, end({ outcome: 'already-moved' })])).toMatchObject({ outcome: 'moved', exitCode: 0 });
    expect(wholeOf([back, back])).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 9 });
    expect(wholeOf([moved, end({ exitCode: 14 })])).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 14 });
  });

  it('says that some are here and some there, in place of a code by which all would be there', () => {
    const whole = wholeOf([moved, back]);
    expect(whole).toMatchObject({ outcome: 'rolled-back', running: 'mixed', exitCode: 16 });
    expect(whole.problem).toMatchObject({ code: 'doctor-failed', message: 'Profile work: Doctor failed.' });
  });

  it('names the one that failed, and not those that were put back because of it', () => {
    const because = problem('profile-put-back', { message: 'Put back.', hint: 'Look.' });
    const whole = wholeOf([end({ outcome: 'rolled-back', running: 'old', exitCode: 9, problem: because }), back]);
    expect(whole.problem?.message).toBe('Profile work: Doctor failed.');
  });

  it('keeps the codes that say more than that: a person has to act, or somebody interrupted it', () => {
    const lost = end({ outcome: 'failed', running: 'unknown', exitCode: 10 });
    expect(wholeOf([moved, back, lost])).toMatchObject({ outcome: 'failed', running: 'unknown', exitCode: 10 });
    const stopped = end({ outcome: 'interrupted', running: 'old', exitCode: 130 });
    expect(wholeOf([moved, stopped])).toMatchObject({ outcome: 'interrupted', running: 'mixed', exitCode: 130 });
  });

  it('keeps the code of the failure where nothing was moved, though one was stopped from the beginning', () => {
    const asleep = end({ outcome: 'refused', running: 'none', exitCode: 3 });
    expect(wholeOf([back, asleep])).toMatchObject({ running: 'mixed', exitCode: 9 });
  });
});
