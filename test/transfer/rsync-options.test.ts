import { describe, expect, it } from 'vitest';
import { rsyncArgs, type RsyncOptions } from '../../src/transfer/rsync-options.ts';

const OPTIONS: RsyncOptions = {
  version: '3.5.0',
  plain: false,
  rsh: "'/usr/bin/node' '/run/np/rsh.cjs' '/run/np/sock'",
  stagingPath: '/home/al/.staging',
  filters: ['--filter=-p /logs/', '--filter=+ /workspace/**'],
  checksum: false,
  ignoreTimes: false,
  delete: { max: 40 },
  only: null,
  kind: 'places',
  bwlimitKiBps: null,
  timeoutSeconds: 120,
  fsync: false,
  dryRun: false,
};

const FORBIDDEN = /trust-sender|old-args|files-from|merge|delete-excluded|inplace|ignore-errors|append|^-e/;

describe('rsyncArgs', () => {
  it('gives a receiver every protection, takes none away, and puts paths behind --', () => {
    expect(rsyncArgs(OPTIONS)).toEqual([
      '-rlptHs',
      '--no-devices',
      '--no-specials',
      '--no-owner',
      '--no-group',
      '--numeric-ids',
      '--no-inc-recursive',
      '--no-human-readable',
      '--chmod=Du+rwx,u-s,g-s,o-t',
      '--partial-dir=.np-partial',
      '--outbuf=L',
      '--info=progress2,stats2,del2,nonreg0',
      '--timeout=120',
      '--modify-window=-1',
      '--delete-delay',
      '--max-delete=40',
      "--rsh='/usr/bin/node' '/run/np/rsh.cjs' '/run/np/sock'",
      '--filter=R .np-partial/',
      '--filter=-p /logs/',
      '--filter=+ /workspace/**',
      '--',
      'old:./',
      '/home/al/.staging/',
    ]);
  });

  it('adds what is asked for', () => {
    const args = rsyncArgs({ ...OPTIONS, checksum: true, fsync: true, dryRun: true, bwlimitKiBps: 512, delete: null });
    expect(args).toEqual(expect.arrayContaining(['--checksum', '--fsync', '--dry-run', '--bwlimit=512']));
    expect(args.filter((arg) => /delete|filter=R/.test(arg))).toEqual([]);
    expect(args.filter((arg) => FORBIDDEN.test(arg))).toEqual([]);
  });

  it.each([
    ['3.2.3', ['--modify-window=-1']],
    ['3.1.2', []],
    [null, []],
    ['3.2.4', ['--modify-window=-1', '--fsync']],
    ['4.0', ['--modify-window=-1', '--fsync']],
    ['3.10.0pre1', ['--modify-window=-1', '--fsync']],
  ])('gives version %s only what it knows', (version, known) => {
    const args = rsyncArgs({ ...OPTIONS, version, fsync: true });
    expect(args.filter((arg) => /^--(modify-window|fsync)/.test(arg))).toEqual(known);
  });

  it('reads a list of places here, NUL-separated, and deletes those that are gone', () => {
    const args = rsyncArgs({ ...OPTIONS, only: '/run/np/only' });
    expect(args).toEqual(expect.arrayContaining(['--files-from=/run/np/only', '--from0', '--delete-missing-args']));
    expect(args.slice(-2)).toEqual(['old:./', '/home/al/.staging/']);
    expect(() => rsyncArgs({ ...OPTIONS, only: 'old:only' })).toThrow(TypeError);
  });

  it.each([
    ['places', '-rlptHs', '--delete-missing-args'],
    ['there', '-rlptHs', '--ignore-missing-args'],
    ['level', '-dlptHs', '--ignore-missing-args'],
  ] as const)('reads a list as %s by %s %s', (kind, flags, missing) => {
    const args = rsyncArgs({ ...OPTIONS, kind, only: '/run/np/only' });
    expect(args[0]).toBe(flags);
    expect(args.filter((arg) => /files-from|from0|missing/.test(arg))).toEqual([
      '--files-from=/run/np/only',
      '--from0',
      missing,
    ]);
  });

  it('keeps --max-delete=0 as a value: node-rsync would let the option swallow what follows it', () => {
    expect(rsyncArgs({ ...OPTIONS, delete: { max: 0 } })).toContain('--max-delete=0');
  });

  it('passes hostile paths on verbatim, as one argument behind --', () => {
    const stagingPath = '/tmp/st;id>pwned $(id) `id` "q" \'q\' \n*';
    expect(rsyncArgs({ ...OPTIONS, stagingPath }).slice(-3)).toEqual(['--', 'old:./', `${stagingPath}/`]);
  });

  it.each([
    '--filter=: .rsync-filter',
    '--filter=. /etc/passwd',
    '--filter=dir-merge x',
    '--filter=!',
    '--filter=-C x',
    '--exclude-from=/x',
    '--rsh=sh',
    '-e',
  ])('takes no filter like %s', (filter) => {
    expect(() => rsyncArgs({ ...OPTIONS, filters: [filter] })).toThrow(TypeError);
  });

  it.each([
    { timeoutSeconds: 0 },
    { bwlimitKiBps: 0 },
    { bwlimitKiBps: 1.5 },
    { delete: { max: -1 } },
    { delete: { max: Number.NaN } },
    { stagingPath: 'staging' },
  ])('refuses %j', (wrong) => {
    expect(() => rsyncArgs({ ...OPTIONS, ...wrong })).toThrow(TypeError);
  });
});
