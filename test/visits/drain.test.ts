import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { problemOf, PROBLEMS } from '../../src/core/problem.ts';
import { systemClock } from '../../src/host/clock.ts';
import { drain } from '../../src/visits/drain.ts';
import { openVisit, type Tools, type Visit } from '../../src/visits/visit.ts';
import { EMPTY_RUN } from '../../src/core/run-state.ts';
import { stagedState } from '../steps/staged.ts';
import { problemFrom } from '../kit/problem-from.ts';

interface Scene {
  readonly visit: Visit;
  readonly lock: string;
  readonly notices: () => string[];
  readonly asked: string[];
}

/** A session of the old gateway is locked by a process that lives: this one. */
async function scene(how: NonNullable<Tools['drain']>, answer: boolean | null = null): Promise<Scene> {
  const { plan: made, world } = await stagedState({ oldHome: '/home/olga', newHome: '/home/nick' });
  const [root] = made.roots;
  if (!root) throw new Error('no root');
  const plan = { ...made, roots: [{ ...root, oldPath: root.stagingPath }] };
  const lock = join(root.stagingPath, 'agents/main/sessions/main.jsonl.lock');
  mkdirSync(dirname(lock), { recursive: true });
  writeFileSync(lock, JSON.stringify({ pid: process.pid }));
  const [told, asked]: [Event[], string[]] = [[], []];
  const never = (): never => {
    throw new Error('not asked for that');
  };
  const tools: Tools = {
    ...{ version: '0', command: 'pull', clock: systemClock, stateHome: { path: '/nowhere', uid: 0 }, here: world.new },
    connect: never,
    ask:
      answer === null
        ? null
        : { secret: never, text: never, confirm: (question) => Promise.resolve((asked.push(question), answer)) },
    yes: true,
    drain: how,
    interrupt: { signal: world.signal, shield: never },
    listeners: [(event) => void told.push(event)],
  };
  const visit = openVisit(tools);
  visit.old = world.old;
  visit.folder = world.run;
  visit.known = { ...EMPTY_RUN, plan };
  const notices = (): string[] => told.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
  return { visit, lock, notices, asked };
}

describe('a turn that an agent is in the middle of, right before the stop', () => {
  it('is waited for, and how long is told; with its end the move goes on', async () => {
    const { visit, lock, notices } = await scene({ waitMs: 60_000, force: false });
    const over = drain(visit);
    while (notices().length === 0) await systemClock.sleep(10);
    rmSync(lock);
    await over;
    expect(notices()).toEqual([
      'main: an agent is in the middle of a turn on the old machine. Waiting for its end: 0 s of at most 60 s.',
    ]);
  });

  it('that outlasts the wait stops the move where nobody can be asked: 3, whatever --yes says', async () => {
    const { visit, notices } = await scene({ waitMs: 0, force: false });
    const found = await problemFrom(drain(visit));
    expect(found.code).toBe('turn-running');
    expect(PROBLEMS[found.code].exit).toBe(3);
    expect(found.hint).toMatch(/--drain 5m.*--force/);
    expect(notices()).toEqual([]);
  });

  it.each([
    [true, null],
    [false, 'declined'],
  ])('that outlasts the wait is asked about: %s', async (answer, code) => {
    const { visit, asked } = await scene({ waitMs: 0, force: false }, answer);
    const end = await drain(visit).then(() => null, problemOf);
    expect(end?.code ?? null).toBe(code);
    expect(asked[0]).toMatch(/in the middle of a turn.* Cut it off\?/);
  });

  it('is cut off with --force, without a question, and that is told', async () => {
    const { visit, notices, asked } = await scene({ waitMs: 0, force: true }, false);
    await drain(visit);
    expect(notices()).toEqual(['main: an agent is in the middle of a turn on the old machine. It is cut off.']);
    expect(asked).toEqual([]);
  });
});
