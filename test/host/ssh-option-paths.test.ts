import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { withWholePaths } from '../../src/host/ssh-option-paths.ts';

it.each([
  ['IdentityFile=key', 'IdentityFile=/my place/key', 'identityfile /my place/key'],
  [
    'userknownhostsfile known "two words" /etc/known',
    null,
    'userknownhostsfile /my place/known /my place/two words /etc/known',
  ],
  ['IdentityFile=~/key', 'IdentityFile=~/key', 'identityfile ~/key'],
  ['IdentityFile=%d/key', 'IdentityFile=%d/key', 'identityfile %d/key'],
  ['IdentityAgent=none', 'IdentityAgent=none', 'identityagent none'],
  ['IdentityAgent=../agent', 'IdentityAgent=/agent', 'identityagent /agent'],
  ['HostKeyAlias=key', 'HostKeyAlias=key', 'hostkeyalias key'],
])('%s means the same from every directory', (option, whole, said) => {
  const made = withWholePaths(option, '/my place');
  if (whole !== null) expect(made.replaceAll('"', '')).toBe(whole);
  expect(execFileSync('ssh', ['-F', 'none', '-G', '-o', made, 'x']).toString()).toContain(`${said}\n`);
});

it('a directory with a percent sign is no token, and a quote that cannot be kept is left alone', () => {
  expect(withWholePaths('IdentityFile=key', '/100%')).toBe('IdentityFile=/100%%/key');
  expect(withWholePaths('GlobalKnownHostsFile=known', '/100%')).toBe('GlobalKnownHostsFile=/100%/known');
  expect(withWholePaths("IdentityFile='my key'", '/where')).toBe("IdentityFile='my key'");
});
