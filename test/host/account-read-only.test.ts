import { describe, expect, it } from 'vitest';
import { refusedProblem, type RefusalKind, sayRefusal } from '../../src/host/account-read-only.ts';

const said = (kind: RefusalKind, what = 'id'): string => `noise\n${sayRefusal({ kind, what }, '1.2.3-rc.1')}\nmore`;

describe('what the dispatcher of a read-only account refuses', () => {
  it.each([
    ['not-allowed', '-i'],
    ['outside', '--root'],
    ['other-version', 'of one version'],
    ['misconfigured', 'authorized_keys'],
  ] as const)('is a Problem that says what to do (%s)', (kind, way) => {
    const { problem } = refusedProblem({ code: 126, stderr: said(kind) }, 'the old machine') ?? {};
    expect(problem).toMatchObject({ code: 'account-read-only', stops: true });
    expect(problem?.message).toContain('neo-pull-read-only 1.2.3-rc.1, which does not let this through: id');
    expect(problem?.hint).toContain(way);
  });

  it('is told in one line, with nothing that a terminal obeys', () => {
    const stderr = said('not-allowed', 'a\n\x1b[2Jb');
    expect(stderr.split('\n')).toHaveLength(3);
    expect(refusedProblem({ code: 126, stderr }, 'x')?.message).not.toMatch(/[\n\x1b]/);
  });

  it('is nothing that another command says or ends with', () => {
    expect(refusedProblem({ code: 1, stderr: said('outside') }, 'x')).toBeNull();
    expect(refusedProblem({ code: 126, stderr: '/bin/sh: Permission denied' }, 'x')).toBeNull();
    expect(refusedProblem({ code: null, stderr: '' }, 'x')).toBeNull();
  });
});
