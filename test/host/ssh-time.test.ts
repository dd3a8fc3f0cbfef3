import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sshTime } from '../../src/host/ssh-time.ts';

const ofSsh = (text: string): number | null => {
  const { status, stdout } = spawnSync('ssh', ['-F', 'none', '-G', '-o', `ServerAliveInterval=${text}`, 'x']);
  const [, seconds] = /^serveraliveinterval (\d+)$/m.exec(stdout.toString()) ?? [];
  return status === 0 ? Number(seconds) : null;
};

it('a time means what it means to ssh', () => {
  execFileSync('ssh', ['-V'], { stdio: 'ignore' });
  const part = fc
    .tuple(fc.nat(400), fc.constantFrom('', 's', 'm', 'h', 'd', 'w', 'S', 'M', 'x', '.'))
    .map((two) => two.join(''));
  const text = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''));
  for (const example of ['0', '1m', '1m30s', '2147483647', '2147483648', '1h1h', '-1', 'm', '1.5'])
    expect([example, sshTime(example)]).toEqual([example, ofSsh(example)]);
  fc.assert(
    fc.property(text, (any) => {
      expect(sshTime(any)).toBe(ofSsh(any));
    }),
    { numRuns: 60 },
  );
});

it('a text that only begins as a time is judged at once, however long it is', () => {
  expect(sshTime(`${'1'.repeat(50_000)}x`)).toBeNull();
});
