import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { hasPerson, terminalAsk } from '../../src/cli/ask.ts';
import { Secrets } from '../../src/cli/secrets.ts';
import { fail } from '../../src/core/problem.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { surroundings } from './sample.ts';

const terminal = (env: Record<string, string> = {}) =>
  surroundings([], { isTTY: true, env, stdin: Object.assign(new PassThrough(), { isTTY: true }) }).around;

describe('is there anybody to ask', () => {
  it('at a terminal, yes', () => {
    expect(hasPerson(terminal(), {})).toBe(true);
    expect(hasPerson(terminal({ CI: 'false' }), {})).toBe(true);
  });

  it('not in a pipe, not in CI, and not where that was ruled out', () => {
    expect(hasPerson(surroundings([]).around, {})).toBe(false);
    expect(hasPerson(terminal({ CI: 'true' }), {})).toBe(false);
    expect(hasPerson(terminal(), { 'no-input': true })).toBe(false);
    expect(hasPerson(terminal(), { json: true })).toBe(false);
  });
});

function person(typed: string) {
  const controller = new AbortController();
  const secrets = new Secrets();
  const asking: boolean[] = [];
  const stdin = new PassThrough();
  const stderr = Object.assign(new PassThrough(), { columns: 80 });
  let shown = '';
  stderr.on('data', (chunk: Buffer) => {
    // A person types when the question stands, and not in the midst of its being drawn.
    if (shown === '') setImmediate(() => stdin.write(typed));
    shown += chunk.toString();
  });
  const { around } = surroundings([], { stdin, stderr });
  const ask = terminalAsk(around, { signal: controller.signal, secrets, quiet: (now) => asking.push(now) });
  return { ask, controller, secrets, asking, shown: () => shown };
}

describe('a question at the terminal', () => {
  it('takes a yes, and nothing else draws meanwhile', async () => {
    const { ask, asking, shown } = person('y');
    await expect(ask.confirm('Move it now?')).resolves.toBe(true);
    expect(asking).toEqual([true, false]);
    expect(shown()).toContain('Move it now?');
  });

  it('takes Enter alone for no', async () => {
    await expect(person('\r').ask.confirm('Move it now?')).resolves.toBe(false);
  });

  it('keeps what is typed as a secret off the screen and out of the log', async () => {
    const { ask, secrets, shown } = person('hunter22\r');
    await expect(ask.secret('Password')).resolves.toBe('hunter22');
    expect(shown()).not.toContain('hunter22');
    expect(secrets.hide('it is hunter22')).toBe('it is [hidden]');
  });

  it('shows what may be seen while it is typed, and takes Enter alone for nothing', async () => {
    const { ask, secrets, shown } = person('olga\r');
    await expect(ask.text('Login name')).resolves.toBe('olga');
    expect(shown()).toContain('olga');
    expect(secrets.hide('olga')).toBe('olga');
    await expect(person('\r').ask.text('Login name')).resolves.toBe('');
  });

  it('ends with interrupted on Ctrl-C', async () => {
    expect(await problemFrom(person('\u0003').ask.confirm('Move it now?'))).toMatchObject({ code: 'interrupted' });
  });

  it('ends with its own reason when a signal comes from outside', async () => {
    const { ask, controller } = person('');
    const answer = problemFrom(ask.confirm('Move it now?'));
    controller.abort(fail('terminated', { message: 'Told to end.', hint: 'h' }));
    expect(await answer).toMatchObject({ code: 'terminated' });
  });
});
