import { describe, expect, it } from 'vitest';
import { remoteArgv } from '../../src/transfer/remote-argv.ts';

const ASKED = ['old', 'rsync', '--server', '--sender', '-slHtpre.LsfxCIvu'];

describe('remoteArgv', () => {
  it('starts the sending rsync by its absolute path', () => {
    expect(remoteArgv(ASKED, '/opt/bin/rsync')).toEqual(['/opt/bin/rsync', '--server', '--sender', ASKED[4]]);
  });

  it.each([
    [],
    ['old', 'rsync'],
    ['old', 'sh', '--server', '--sender', '-s'],
    ['old', 'rsync', '--server', '-slHtpre.LsfxCIvu'],
    ['other', ...ASKED.slice(1)],
    ['old', 'rsync', '--server', '--sender', '-lHtpre.LsfxCIvu', '.', './'],
    [...ASKED, '.', '/etc/'],
    ['old', 'rsync', '--server', '--sender', '-s;id'],
    ['old', 'rsync', '--server', '--sender', '-s\n'],
    ['old', 'rsync', '--server', '--sender', '--daemon'],
    ['-l', 'root', ...ASKED],
  ])('refuses %j', (...asked: string[]) => {
    expect(remoteArgv(asked, '/usr/bin/rsync')).toBeNull();
  });
});

describe('remoteArgv to one that is spoken to plainly', () => {
  const PLAIN = ['old', 'rsync', '--server', '--sender', '-lHtprce.LsfxCIvu'];
  const of = (...rest: string[]) => remoteArgv([...PLAIN, ...rest], '/usr/bin/rsync', { plain: true });

  it('hands on what openrsync knows, and keeps back what is only told or decided here (F118)', () => {
    const options = ['--timeout=240', '--bwlimit=500', '--numeric-ids', '--info=STATS2', '--modify-window=-1'];
    expect(of(...options, '.', './')).toEqual([
      '/usr/bin/rsync',
      '--server',
      '--sender',
      '-lHtprc',
      ...['--timeout=240', '--bwlimit=500', '--numeric-ids', '.', './'],
    ]);
  });

  it.each([
    [[]],
    [['.', '/etc/']],
    [['./']],
    [['.', './', '/etc/']],
    [['--remove-source-files', '.', './']],
    [['--log-file=/x', '.', './']],
    [['--files-from=/x', '.', './']],
  ])('refuses %j', (rest) => {
    expect(of(...rest)).toBeNull();
  });

  it('refuses flags that follow links, and the secluded form', () => {
    for (const flags of ['-lL', '-k', '-s', '-slHtpre.LsfxCIvu', '--daemon', ''])
      expect(remoteArgv([...PLAIN.slice(0, 4), flags, '.', './'], '/usr/bin/rsync', { plain: true })).toBeNull();
  });
});
