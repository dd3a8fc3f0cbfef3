import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONNECTION_FLAGS, GATEWAY_FLAGS, LIMIT_FLAGS, SETTINGS_FLAGS } from '../../src/cli/flags.ts';
import { runProgram } from '../../src/cli/program.ts';
import { unitName, unitPartsFor, type FollowFlags } from '../../src/cli/unit-for.ts';
import { unitText } from '../../src/cli/unit.ts';
import { PROBLEMS } from '../../src/core/problem.ts';
import { surroundings } from './sample.ts';

const TABLE = { ...CONNECTION_FLAGS, ...GATEWAY_FLAGS, ...SETTINGS_FLAGS, ...LIMIT_FLAGS };
const AROUND = {
  cwd: '/home/nick/here',
  account: { user: 'nick', uid: 1000, home: '/home/nick' },
  env: { PATH: '/opt/100% $x/bin:/usr/bin', SSH_AUTH_SOCK: '/tmp/agent', XDG_STATE_HOME: '/srv/state' },
};

function text(flags: FollowFlags, program = ['/usr/bin/node', '/opt/neo-pull/main.js']): string {
  return unitText(unitPartsFor('olga@old.example', { flags, table: TABLE, program }, AROUND));
}

const MANY: FollowFlags = {
  identity: ['~/.ssh/one', 'two'],
  port: '2222',
  'known-hosts': 'known',
  'ssh-config': 'none',
  'password-file': 'secret 100%',
  'passphrase-file': '/run/phrase',
  exclude: ['*.log', 'a "b" \\ $c %d'],
  ipv4: true,
  replace: false,
};

describe('the unit that follows', () => {
  it('has whole paths, no secret, and what restarts are good for', async () => {
    await expect(text(MANY)).toMatchFileSnapshot('snapshots/follow.service.txt');
  });

  it('is one that systemd takes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'np-unit-'));
    try {
      const path = join(folder, unitName('olga@old.example', MANY));
      const verify = (unit: string) => {
        writeFileSync(path, unit);
        const env = { ...process.env, XDG_RUNTIME_DIR: folder };
        return spawnSync('systemd-analyze', ['verify', '--user', path], { env, encoding: 'utf8' });
      };
      const unit = text(MANY, [process.execPath, '/opt/neo-pull/main.js']);
      expect(verify(unit)).toMatchObject({ status: 0, stderr: '' });
      expect(verify(unit.replace('Restart=on-failure', 'Restart=sometimes')).stderr).toContain(
        'Failed to parse service restart',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('leaves rights to commands of the person, which may need sudo', () => {
    expect(text({})).toContain('NoNewPrivileges=yes');
    expect(text({ 'new-stop-cmd': 'sudo x', 'new-start-cmd': 'sudo y' })).not.toContain('NoNewPrivileges');
  });

  it('has one name for each gateway that is followed, whatever the other flags are', () => {
    const name = unitName('olga@old.example', {});
    expect(name).toMatch(/^neo-pull-follow@olga-old\.example-[0-9a-f]{6}\.service$/);
    expect(unitName('olga@old.example', { bwlimit: '5' })).toBe(name);
    const others: [string, FollowFlags][] = [
      ['olga@old.example', { profile: 'work' }],
      ['olga@old.example', { port: '22' }],
      ['olga@old.example', { 'state-dir': '~/olga-old.example' }],
      ['old.example', {}],
      ['DOM\\olga@old.example', {}],
    ];
    const names = others.map(([target, flags]) => unitName(target, flags));
    expect(new Set([name, ...names]).size).toBe(6);
    for (const one of names) expect(one).toMatch(/^neo-pull-follow@[\w.-]+\.service$/);
  });

  it('names no file of a secret whose name would be more than one line of it', () => {
    expect(() => text({ 'password-file': '/x\nExecStart=/bin/evil' })).toThrow('which no unit can name');
  });
});

describe('neo-pull service', () => {
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'np-service-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  async function neoPull(argv: readonly string[], systemctl: string) {
    const program = join(home, 'systemctl');
    writeFileSync(program, `#!/bin/sh\necho "$*" >>${home}/asked\n${systemctl}\n`);
    chmodSync(program, 0o755);
    const streams = surroundings(argv, { home, env: { PATH: `${home}:/usr/bin:/bin` } });
    const code = await runProgram(streams.around);
    return { code, stdout: streams.stdout(), stderr: streams.stderr() };
  }

  it('prints it, and touches nothing', async () => {
    const { code, stdout } = await neoPull(['service', 'print', 'o@h', '--profile', 'work'], 'exit 1');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ExecStart=.* sync --follow --no-input --profile=work -- o@h$/m);
  });

  it.each([
    [['service']],
    [['service', 'print']],
    [['service', 'remove', 'o@h']],
    [['service', 'print', 'o@h', '--profile', 'a,b']],
    [['service', 'print', 'o@h', '--port', 'ssh']],
  ])('refuses %j', async (argv) => {
    expect(await neoPull(argv, 'exit 0')).toMatchObject({ code: 2, stdout: '' });
  });

  it('says so where no service manager answers', async () => {
    const { code, stderr } = await neoPull(['service', 'install', 'o@h'], 'exit 1');
    expect(code).toBe(3);
    expect(stderr).toContain('No systemd service manager of this account answers');
    expect(stderr.replace(/\s+/g, ' ')).toContain(PROBLEMS['service-unavailable'].why);
  });

  it('says how to see why where the unit does not come up', async () => {
    const fails = 'case "$*" in *restart*) echo Job failed. >&2; exit 1;; esac';
    const { code, stderr } = await neoPull(['service', 'install', 'o@h'], fails);
    expect(code).toBe(3);
    expect(stderr).toContain('Job failed.');
    expect(stderr.replace(/\s+/g, ' ')).toContain(PROBLEMS['service-failed'].why);
    expect(stderr).toContain('journalctl --user -n 30 -u');
  });
});
