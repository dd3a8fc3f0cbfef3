import { afterEach, describe, expect, it, vi } from 'vitest';
import { fail } from '../../src/core/problem.ts';
import { pull } from '../../src/visits/pull.ts';
import type { Request } from '../../src/visits/visit.ts';
import { moverFor, type Mover, type MoverOptions } from '../kit/mover.ts';
import { makeProfilesLab, type ProfilesLab } from '../kit/profiles-lab.ts';
import { setTraps } from '../kit/stand-in/install.ts';

// Several whole moves one after the other.
vi.setConfig({ testTimeout: 600_000 });

let lab: ProfilesLab;
afterEach(() => lab.destroy());

function allOf(mover: Mover): Request {
  return { ...mover.request, allProfiles: true };
}

function named(lab: ProfilesLab, profiles: readonly string[], options: MoverOptions = {}): Mover {
  return moverFor(lab, { ...options, asked: { profiles, ...options.asked } });
}

describe('all gateways of an account', () => {
  it('are moved by one command, each with its own run and port; again, all are already moved', async () => {
    lab = await makeProfilesLab({ work: {}, home: {} });
    const mover = moverFor(lab);
    const verdict = await pull(mover.tools, allOf(mover));

    expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0, problem: null });
    expect(verdict.profiles?.map(({ profile, outcome }) => [profile, outcome]).sort()).toEqual([
      ['default', 'moved'],
      ['home', 'moved'],
      ['work', 'moved'],
    ]);
    expect(new Set(verdict.profiles?.map(({ run }) => run)).size).toBe(3);
    expect({ old: lab.profilesOn('old'), new: lab.profilesOn('new') }).toEqual({
      old: [],
      new: ['default', 'home', 'work'],
    });
    for (const { port } of Object.values(lab.states))
      expect((await fetch(`http://127.0.0.1:${String(port)}/`)).ok).toBe(true);
    expect(lab.hub.violations()).toEqual([]);
    const ends = mover.events.filter(({ type }) => type === 'run.finished');
    expect(ends).toHaveLength(4);
    expect(ends.at(-1)).toMatchObject({ run: '', outcome: 'moved', running: 'new', exitCode: 0 });
    expect(mover.events.at(-1)).toBe(ends.at(-1));

    const again = moverFor(lab);
    const second = await pull(again.tools, allOf(again));
    expect(second).toMatchObject({ outcome: 'already-moved', running: 'new', exitCode: 0 });
    expect(second.profiles?.map(({ outcome }) => outcome)).toEqual(['already-moved', 'already-moved', 'already-moved']);
  });

  it('are moved as far as they are named; the others run on, untouched', async () => {
    lab = await makeProfilesLab({ work: {}, home: {} });
    const mover = named(lab, ['work', 'home']);
    const before = lab.running('old');
    const verdict = await pull(mover.tools, mover.request);
    expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect({ old: lab.profilesOn('old'), new: lab.profilesOn('new') }).toEqual({
      old: ['default'],
      new: ['home', 'work'],
    });
    expect(before).toContain(lab.running('old')[0]);
  });

  it('stay where they are once one of them fails: what is moved is moved, the next is not begun, and 16 says so', async () => {
    lab = await makeProfilesLab({ work: {}, home: {} }, { apart: true });
    let isDefaultMoved = false;
    const mover = named(lab, ['default', 'work', 'home'], {
      onEvent(event) {
        if (event.type !== 'run.finished' || isDefaultMoved) return;
        isDefaultMoved = true;
        setTraps(lab.new.product.prefix, { 'doctor-fails': true });
      },
    });
    const verdict = await pull(mover.tools, mover.request);
    expect(verdict).toMatchObject({ outcome: 'rolled-back', running: 'mixed', exitCode: 16 });
    expect(verdict.problem).toMatchObject({ code: 'doctor-failed' });
    expect(verdict.profiles).toMatchObject([
      { profile: 'default', outcome: 'moved', running: 'new', exitCode: 0 },
      { profile: 'work', outcome: 'rolled-back', running: 'old', exitCode: 9 },
      { profile: 'home', run: '', outcome: 'refused', running: 'old', problem: { code: 'profile-not-begun' } },
    ]);
    expect({ old: lab.profilesOn('old'), new: lab.profilesOn('new') }).toEqual({
      old: ['home', 'work'],
      new: ['default'],
    });
    expect(lab.hub.violations()).toEqual([]);

    setTraps(lab.new.product.prefix, {});
    const again = moverFor(lab);
    const second = await pull(again.tools, allOf(again));
    expect(second).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(second.profiles?.find(({ profile }) => profile === 'default')?.outcome).toBe('already-moved');
    expect(lab.profilesOn('new')).toEqual(['default', 'home', 'work']);
  });

  it('stay where they are after Ctrl-C between two of them: 130', async () => {
    lab = await makeProfilesLab({ work: {} }, { apart: true });
    const stop = new AbortController();
    const mover = named(lab, ['default', 'work'], {
      tools: { interrupt: { signal: stop.signal, shield: () => undefined } },
      onEvent(event) {
        if (event.type === 'run.finished') stop.abort(fail('interrupted', { message: 'Interrupted.', hint: 'Look.' }));
      },
    });
    const verdict = await pull(mover.tools, mover.request);
    expect(verdict).toMatchObject({ outcome: 'interrupted', running: 'mixed', exitCode: 130 });
    expect(verdict.profiles).toMatchObject([
      { profile: 'default', outcome: 'moved', running: 'new' },
      { profile: 'work', run: '', outcome: 'interrupted', running: 'old' },
    ]);
    expect({ old: lab.profilesOn('old'), new: lab.profilesOn('new') }).toEqual({ old: ['work'], new: ['default'] });
  });
});
