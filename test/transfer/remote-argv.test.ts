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
