import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { PROBLEMS, type ProblemError } from '../../src/core/problem.ts';
import { listenForSignals, type Interrupt } from '../../src/run/interrupt.ts';
import { TestClock } from './test-clock.ts';

let source: EventEmitter;
let clock: TestClock;
let heard: string[];
let interrupt: Interrupt;

beforeEach(() => {
  source = new EventEmitter();
  clock = new TestClock();
  heard = [];
  interrupt = listenForSignals(source, {
    clock,
    onFirst: ({ problem }, shielded) => heard.push(`first ${problem.code}${shielded ? ' shielded' : ''}`),
    onSecond: ({ problem }) => heard.push(`second ${problem.code}`),
  });
});

function send(name: string): void {
  clock.nowMs += 1000;
  source.emit(name);
}

// F4
describe('a signal', () => {
  it.each([
    ['SIGINT', 'interrupted', 130],
    ['SIGTERM', 'terminated', 143],
    ['SIGHUP', 'terminated', 143],
  ] as const)('%s once ends the run gracefully as %s (%i)', (name, code, exit) => {
    send(name);
    expect(interrupt.signal.aborted).toBe(true);
    expect((interrupt.signal.reason as ProblemError).problem.code).toBe(code);
    expect(PROBLEMS[code].exit).toBe(exit);
    expect(heard).toEqual([`first ${code}`]);
  });

  it('twice ends it at once', () => {
    send('SIGINT');
    send('SIGINT');
    expect(heard).toEqual(['first interrupted', 'second interrupted']);
  });

  it('of another kind is a second one too, as when a job is cancelled', () => {
    send('SIGINT');
    send('SIGTERM');
    expect(heard).toEqual(['first interrupted', 'second terminated']);
  });

  it('that npm passes on once more counts once', () => {
    send('SIGINT');
    clock.nowMs += 20;
    source.emit('SIGINT');
    expect(heard).toEqual(['first interrupted']);
  });

  // F6
  it('of a terminal that was closed never counts as the second', () => {
    send('SIGHUP');
    send('SIGHUP');
    expect(heard).toEqual(['first terminated']);
    send('SIGTERM');
    expect(heard).toEqual(['first terminated', 'second terminated']);
  });
});

describe('while things are put back', () => {
  it('the first signal aborts nothing and the second ends at once', () => {
    interrupt.shield();
    send('SIGINT');
    expect(interrupt.signal.aborted).toBe(false);
    send('SIGINT');
    expect(heard).toEqual(['first interrupted shielded', 'second interrupted']);
  });

  it('the next one after the one that was the reason ends at once', () => {
    send('SIGINT');
    interrupt.shield();
    send('SIGINT');
    expect(heard).toEqual(['first interrupted', 'second interrupted']);
  });
});

it('nothing is heard after it was disposed', () => {
  interrupt.dispose();
  interrupt.dispose();
  send('SIGINT');
  expect(heard).toEqual([]);
  expect(source.eventNames()).toEqual([]);
});
