import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareVersions, judgeRsync } from '../../src/checks/rsync-version.ts';

test.each([
  ['3.5.0', null, 'safe'],
  ['3.10.0', null, 'safe'],
  ['4.0.0', '4.0.0-1', 'safe'],
  ['3.4.1', null, 'dated'],
  ['3.4.3', '3.4.3-1', 'dated'],
  ['3.4.0', null, 'unsafe'],
  ['3.2.7', null, 'unsafe'],
  ['3.2.7', '3.2.7-1', 'unsafe'],
  ['3.2.7', '3.2.7-1+deb12u1', 'unsafe'],
  ['3.2.7', '3.2.7-1+deb12u2', 'dated'],
  ['3.2.7', '3.2.7-1+deb12u10', 'dated'],
  ['3.2.3', '3.2.3-4+deb11u1', 'unsafe'],
  ['3.2.3', '3.2.3-4+deb11u3', 'dated'],
  ['3.2.7', '3.2.7-1ubuntu1', 'unsafe'],
  ['3.2.7', '3.2.7-1ubuntu1.2', 'dated'],
  ['3.2.7', '3.2.7-0ubuntu0.22.04.2', 'unsafe'],
  ['3.2.7', '3.2.7-0ubuntu0.22.04.4', 'dated'],
  ['3.1.3', '3.1.3-8ubuntu0.7', 'unsafe'],
  ['3.1.3', '3.1.3-8ubuntu0.9', 'dated'],
  ['2.6.9', '3.2.7-1+deb12u2', 'unsafe'],
  ['2.6.9', null, 'unsafe'],
  [null, '3.2.7-1+deb12u2', 'unsafe'],
] as const)('rsync %s of package %s is %s as a receiver', (version, packaged, verdict) => {
  expect(judgeRsync(version, packaged)).toBe(verdict);
});

test('versions are compared as numbers, year by month by patch', () => {
  expect(compareVersions('2026.10.1', '2026.9.30')).toBeGreaterThan(0);
  expect(compareVersions('2026.2.26', '2026.2.26-1')).toBe(0);
  const part = fc.nat({ max: 9999 });
  fc.assert(
    fc.property(fc.tuple(part, part, part), fc.tuple(part, part, part), (a, b) => {
      const byHand = a.map((one, at) => Math.sign(one - (b[at] ?? 0))).find((sign) => sign !== 0) ?? 0;
      expect(Math.sign(compareVersions(a.join('.'), b.join('.')))).toBe(byHand);
    }),
  );
});
