import { describe, expect, it } from 'vitest';
import type { Event, EventBody } from '../../src/core/event.ts';
import type { Json } from '../../src/core/json.ts';
import { fail, ProblemError } from '../../src/core/problem.ts';
import { EMPTY_RUN, foldRun, type RunState } from '../../src/core/run-state.ts';
import { keep, type AnyStep, type World } from '../../src/core/step.ts';
import { advance, unwind, type RunnerContext } from '../../src/run/runner.ts';
import { modelWorld } from './crash-model.ts';

/** A run in memory: what was told, and what the steps were asked to do, in one list. */
class Scene {
  readonly log: string[] = [];
  readonly told: EventBody[] = [];
  readonly abort = new AbortController();
  state: RunState = EMPTY_RUN;
  /** Events whose telling fails, as on a full disk. */
  refuses: (event: EventBody) => boolean = () => false;

  readonly context: RunnerContext = {
    world: modelWorld((event) => this.#tell(event), this.abort.signal),
    state: () => this.state,
  };

  step(id: string, acts: Partial<AnyStep> = {}): AnyStep {
    const act =
      (what: string) =>
      (_world: World, before: Json): Promise<void> => {
        this.log.push(`${what} ${id} ${JSON.stringify(before)}`);
        return Promise.resolve();
      };
    const before = (): Promise<Json> => {
      this.log.push(`before ${id}`);
      return Promise.resolve({ was: this.log.length });
    };
    return { id, title: `Step ${id}`, touches: 'new', before, apply: act('apply'), undo: act('undo'), ...acts };
  }

  #tell(body: EventBody): Promise<void> {
    if (this.refuses(body))
      return Promise.reject(fail('disk-full', { message: 'No space is left.', hint: 'Make room.' }));
    this.told.push(body);
    this.log.push('step' in body ? `${body.type} ${body.step}` : body.type);
    const event = JSON.parse(JSON.stringify({ v: 1, seq: this.told.length, ts: 'now', run: 'r', ...body })) as Event;
    this.state = foldRun(this.state, event);
    return Promise.resolve();
  }
}

const broken = (): Promise<never> => Promise.reject(fail('command-failed', { message: 'It broke.', hint: 'Mend it.' }));

async function problemOf(promise: Promise<unknown>): Promise<ProblemError['problem']> {
  const thrown: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ProblemError)) throw new Error(`not a Problem: ${String(thrown)}`);
  return thrown.problem;
}

describe('going forward', () => {
  it('makes before durable before it applies, step by step', async () => {
    const scene = new Scene();
    await advance([scene.step('a'), scene.step('b')], scene.context);
    expect(scene.log).toEqual([
      ...['before a', 'step.before a', 'apply a {"was":1}', 'step.applied a'],
      ...['before b', 'step.before b', 'apply b {"was":5}', 'step.applied b'],
    ]);
  });

  it('passes over what is applied and goes on with the recorded before where it broke off', async () => {
    const scene = new Scene();
    await expect(advance([scene.step('a'), scene.step('b', { apply: broken })], scene.context)).rejects.toThrow(
      'It broke.',
    );
    scene.log.length = 0;
    await advance([scene.step('a'), scene.step('b')], scene.context);
    expect(scene.log).toEqual(['apply b {"was":5}', 'step.applied b']);
  });

  it('applies staging again at every visit, with the before of the first', async () => {
    const scene = new Scene();
    await advance([scene.step('seed')], scene.context, { again: true });
    scene.log.length = 0;
    await advance([scene.step('seed')], scene.context, { again: true });
    expect(scene.log).toEqual(['step.before seed', 'apply seed {"was":1}', 'step.applied seed']);
  });

  it('reopens all of staging, last first, before it applies any of it again', async () => {
    const scene = new Scene();
    const steps = [scene.step('seed'), scene.step('warm')];
    await advance(steps, scene.context, { again: true });
    scene.log.length = 0;
    await advance(steps, scene.context, { again: true });
    expect(scene.log).toEqual([
      ...['step.before warm', 'step.before seed'],
      ...['apply seed {"was":1}', 'step.applied seed', 'apply warm {"was":5}', 'step.applied warm'],
    ]);
  });

  it('finishes without "again" a later visit that broke off, with all that stands on the step where it did', async () => {
    const scene = new Scene();
    await advance([scene.step('seed'), scene.step('warm')], scene.context, { again: true });
    const breaks = [scene.step('seed', { apply: broken }), scene.step('warm')];
    await expect(advance(breaks, scene.context, { again: true })).rejects.toThrow('It broke.');
    scene.log.length = 0;
    await advance([scene.step('seed'), scene.step('warm')], scene.context);
    expect(scene.log).toEqual([
      ...['apply seed {"was":1}', 'step.applied seed'],
      ...['apply warm {"was":5}', 'step.applied warm'],
    ]);
  });

  it('takes a new before after an attempt was undone', async () => {
    const scene = new Scene();
    await advance([scene.step('a')], scene.context);
    await unwind([scene.step('a')], scene.context);
    scene.log.length = 0;
    await advance([scene.step('a')], scene.context);
    expect(scene.log.slice(0, 2)).toEqual(['before a', 'step.before a']);
  });

  it('gives a step its before as the journal holds it, and a copy of its own each time', async () => {
    const scene = new Scene();
    const seen: unknown[] = [];
    const spoils = (_world: World, before: { names: string[] }): Promise<void> => {
      seen.push(structuredClone(before));
      before.names.push('spoilt');
      return Promise.resolve();
    };
    const before = (): Promise<Json> => Promise.resolve({ names: ['x'], gone: undefined } as unknown as Json);
    const step = scene.step('a', { before, apply: spoils, undo: spoils });
    await advance([step], scene.context);
    await unwind([step], scene.context);
    expect(seen).toStrictEqual([{ names: ['x'] }, { names: ['x'] }]);
  });

  it('ends between two steps when the signal aborts, with its reason', async () => {
    const scene = new Scene();
    const reason = fail('interrupted', { message: 'Ctrl-C.', hint: 'Resume.' });
    const apply = (): Promise<void> => {
      scene.abort.abort(reason);
      return Promise.resolve();
    };
    await expect(advance([scene.step('a', { apply }), scene.step('b')], scene.context)).rejects.toBe(reason);
    expect(scene.state.steps.get('a')?.phase).toBe('applied');
    expect(scene.state.steps.has('b')).toBe(false);
  });

  it('does not apply what could not be written down', async () => {
    const scene = new Scene();
    scene.refuses = ({ type }) => type === 'step.before';
    expect((await problemOf(advance([scene.step('a')], scene.context))).code).toBe('disk-full');
    expect(scene.log).toEqual(['before a']);
  });

  it('refuses while a step is half undone, and says how to go on', async () => {
    const scene = new Scene();
    await advance([scene.step('a'), scene.step('b')], scene.context);
    await unwind([scene.step('a'), scene.step('b', { undo: broken })], scene.context);
    const refused = await problemOf(advance([scene.step('a'), scene.step('b')], scene.context));
    expect(refused).toMatchObject({ code: 'run-not-ready', detail: { undoing: ['b'] } });
    expect(refused.message).toContain('Step b');
    expect(refused.hint).toContain('neo-pull rollback r');
  });

  it('refuses two steps of one name', async () => {
    const scene = new Scene();
    await expect(advance([scene.step('a'), scene.step('a')], scene.context)).rejects.toThrow('same id');
  });
});

describe('going back', () => {
  it('undoes what has begun, last first, and nothing else', async () => {
    const scene = new Scene();
    const steps = [scene.step('a'), scene.step('b', { apply: broken }), scene.step('c')];
    await expect(advance(steps, scene.context)).rejects.toThrow();
    scene.log.length = 0;
    expect(await unwind(steps, scene.context)).toEqual({ failures: [], stoppedAt: null });
    expect(scene.log).toEqual([
      ...['step.undoing b', 'undo b {"was":5}', 'step.undone b'],
      ...['step.undoing a', 'undo a {"was":1}', 'step.undone a'],
    ]);
  });

  // F102
  it('does nothing the second time', async () => {
    const scene = new Scene();
    await advance([scene.step('a')], scene.context);
    await unwind([scene.step('a')], scene.context);
    scene.log.length = 0;
    await unwind([scene.step('a')], scene.context);
    expect(scene.log).toEqual([]);
  });

  it('does not heed the signal that was its reason', async () => {
    const scene = new Scene();
    let heard = true;
    const undo = (world: World): Promise<void> => {
      heard = world.signal.aborted;
      return Promise.resolve();
    };
    await advance([scene.step('a')], scene.context);
    scene.abort.abort();
    await unwind([scene.step('a', { undo })], scene.context);
    expect(heard).toBe(false);
  });

  it('tells of an undo that failed and goes on', async () => {
    const scene = new Scene();
    const steps = [scene.step('a'), scene.step('b', { undo: broken }), scene.step('c')];
    await advance(steps, scene.context);
    const { failures, stoppedAt } = await unwind(steps, scene.context);
    expect(failures).toMatchObject([{ step: 'b', title: 'Step b', problem: { code: 'command-failed' } }]);
    expect(stoppedAt).toBeNull();
    expect(scene.state.steps.get('a')?.phase).toBe('undone');
    expect(scene.told).toContainEqual({
      type: 'run.warned',
      problem: expect.objectContaining({
        code: 'unwind-incomplete',
        message: 'Step b: could not be undone. It broke.',
      }) as unknown,
    });
  });

  it('tries again what failed, when it is asked again', async () => {
    const scene = new Scene();
    await advance([scene.step('a')], scene.context);
    await unwind([scene.step('a', { undo: broken })], scene.context);
    scene.log.length = 0;
    expect((await unwind([scene.step('a')], scene.context)).failures).toEqual([]);
    expect(scene.log).toEqual(['undo a {"was":1}', 'step.undone a']);
  });

  it('stops at a guard that could not be undone: nothing below it is touched', async () => {
    const scene = new Scene();
    const steps = [scene.step('a'), scene.step('b', { undo: broken, guards: true }), scene.step('c')];
    await advance(steps, scene.context);
    const { failures, stoppedAt } = await unwind(steps, scene.context);
    expect(failures).toHaveLength(1);
    expect(stoppedAt).toBe('b');
    expect(scene.state.steps.get('a')?.phase).toBe('applied');
    expect(scene.state.steps.get('c')?.phase).toBe('undone');
  });

  it('undoes nothing that it cannot write down, and says so', async () => {
    const scene = new Scene();
    const steps = [scene.step('a'), scene.step('b')];
    await advance(steps, scene.context);
    scene.log.length = 0;
    scene.refuses = () => true;
    expect(await unwind(steps, scene.context)).toMatchObject({
      failures: [{ step: 'b', problem: { code: 'disk-full' } }],
      stoppedAt: 'b',
    });
    expect(scene.log).toEqual([]);
  });

  it('takes anything else that an undo throws for a bug, and goes on', async () => {
    const scene = new Scene();
    const throws = (): Promise<void> => {
      throw new TypeError('oh');
    };
    const steps = [scene.step('a', { undo: keep('it serves the next try') }), scene.step('b', { undo: throws })];
    await advance(steps, scene.context);
    expect((await unwind(steps, scene.context)).failures).toMatchObject([{ step: 'b', problem: { code: 'bug' } }]);
    expect(scene.state.steps.get('a')?.phase).toBe('undone');
  });
});
