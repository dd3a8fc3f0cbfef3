import { describe, expect, it } from 'vitest';
import { begunBy } from '../../src/core/begun-by.ts';
import type { EventBody } from '../../src/core/event.ts';
import { told } from '../cli/sample.ts';

const start = (command: string): EventBody => ({ type: 'run.started', command, version: '', target: 'o@h' });
const FOLLOW: EventBody = { type: 'step.before', step: 'follow', title: '', before: null };
const begun = (...bodies: EventBody[]) => begunBy(told(...bodies.map((body) => [0, body] as const)));

describe('what a run was begun by', () => {
  it('is its last pull or sync, whatever came then', () => {
    expect(begun()).toEqual({ command: '', follows: false });
    expect(begun(start('sync o@h'), start('pull o@h -p 2'), start('cutover'))).toEqual({
      command: 'pull o@h -p 2',
      follows: false,
    });
  });

  it.each(['sync o@h --follow', 'sync -f o@h', 'sync --follow o@h -p 2'])('is %j for one that follows', (command) => {
    expect(begun(start(command), start('resume'))).toEqual({ command, follows: true });
  });

  it('says that it follows where only the environment has said so', () => {
    expect(begun(start('sync o@h'), FOLLOW)).toEqual({ command: 'sync o@h --follow', follows: true });
    expect(begun(start('sync o@h'), FOLLOW, start('sync o@h'))).toEqual({ command: 'sync o@h', follows: false });
  });

  it('follows no more once its copy has become the gateway', () => {
    expect(begun(start('sync o@h -f'), { type: 'run.committed' })).toEqual({ command: 'sync o@h -f', follows: false });
  });
});
