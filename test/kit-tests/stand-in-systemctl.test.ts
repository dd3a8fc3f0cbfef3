import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive, killOne, startTimeOf } from '../kit/processes.ts';
import { installSystemctl, setManager } from '../kit/stand-in/install-systemctl.ts';
import { NODE_22 } from '../kit/stand-in/install.ts';
import { waitFor } from '../kit/wait.ts';

let home: string;

const UNIT = 'loop.service';

function unitText(exec: string, more = ''): string {
  return `[Unit]\nDescription=A loop\n\n[Service]\nExecStart=${exec}\nRestart=always\nRestartSec=5\n${more}Environment=HOME=${home} "WORDS=a b"\n\n[Install]\nWantedBy=default.target\n`;
}

function putUnit(text: string): void {
  writeFileSync(join(home, '.config/systemd/user', UNIT), text);
}

function run(name: 'systemctl' | 'loginctl', ...argv: string[]) {
  const env = { HOME: home, PATH: '/usr/bin:/bin' };
  const { status, stdout, stderr } = spawnSync(join(home, 'bin', name), argv, { env, encoding: 'utf8' });
  return { code: status, stdout: stdout.trim(), stderr: stderr.trim() };
}

function user(...argv: string[]) {
  return run('systemctl', '--user', ...argv);
}

function property(name: string): string {
  return user('show', UNIT, '-p', name, '--value').stdout;
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'np-systemctl-'));
  mkdirSync(join(home, '.config/systemd/user'), { recursive: true });
  await installSystemctl({ binDir: join(home, 'bin'), libDir: join(home, 'lib'), node: NODE_22 });
  setManager(home, { timeScale: 0.05 });
  putUnit(unitText('/bin/sleep 1000'));
});

afterEach(async () => {
  const { pid, startTime } = supervisor();
  setManager(home, {});
  user('exit');
  await waitFor('the supervisor is gone', () => !isAlive({ pid, startTime }));
  rmSync(home, { recursive: true });
});

function supervisor(): { pid: number; startTime: number } {
  try {
    return JSON.parse(readFileSync(join(home, '.stand-in-systemd/supervisor.json'), 'utf8')) as {
      pid: number;
      startTime: number;
    };
  } catch {
    return { pid: 0, startTime: 0 };
  }
}

test('is-enabled and is-active print their word and exit as systemd does', () => {
  expect(user('is-enabled', UNIT)).toEqual({ code: 1, stdout: 'disabled', stderr: '' });
  expect(user('is-active', UNIT)).toEqual({ code: 3, stdout: 'inactive', stderr: '' });
  const enabled = user('enable', '--now', UNIT);
  expect([enabled.code, enabled.stderr]).toEqual([0, expect.stringContaining('Created symlink')]);
  expect(user('is-enabled', UNIT)).toEqual({ code: 0, stdout: 'enabled', stderr: '' });
  expect(user('is-active', UNIT)).toEqual({ code: 0, stdout: 'active', stderr: '' });
  expect(user('is-enabled', 'none.service')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('No such file') as unknown,
  });
});

test('what is not there cannot be started, stopped or disabled, each with its own code', () => {
  expect(user('start', 'none.service')).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('not found') as unknown,
  });
  expect(user('stop', 'none.service')).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('not loaded') as unknown,
  });
  expect(user('disable', 'none.service')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('does not exist') as unknown,
  });
  expect(user('show', 'none.service', '-p', 'LoadState,ActiveState')).toMatchObject({
    code: 0,
    stdout: 'LoadState=not-found\nActiveState=inactive',
  });
  expect(user('mask', UNIT).code).toBe(1);
});

test('show tells process, file and environment', () => {
  user('start', UNIT);
  const pid = property('MainPID');
  expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1')).toBe('/bin/sleep\x001000\0');
  expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).toContain('WORDS=a b\0');
  expect(property('FragmentPath')).toBe(join(home, '.config/systemd/user', UNIT));
  expect(property('UnitFileState')).toBe('disabled');
  expect(user('status', UNIT)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`Main PID: ${pid}`) as unknown,
  });
  expect(user('list-unit-files', 'lo*', '--no-legend').stdout).toBe(`${UNIT} disabled enabled`);
});

test('F93 a service with Restart=always is back after it was killed, and not after it was stopped', async () => {
  user('start', UNIT);
  const first = Number(property('MainPID'));
  process.kill(first, 'SIGKILL');
  await waitFor('it is back', () => user('is-active', UNIT).code === 0 && Number(property('MainPID')) !== first);
  expect(property('NRestarts')).toBe('1');
  expect(user('stop', UNIT).code).toBe(0);
  expect(property('ActiveState')).toBe('inactive');
  expect(property('MainPID')).toBe('0');
});

test('a stop waits for TimeoutStopSec and then kills', () => {
  putUnit(unitText(`/bin/sh -c "trap '' TERM; while :; do sleep 1; done"`, 'TimeoutStopSec=10\n'));
  user('start', UNIT);
  const begun = performance.now();
  expect(user('stop', UNIT).code).toBe(0);
  expect(performance.now() - begun).toBeGreaterThan(450);
});

test('KillMode=process leaves the children of the main process', async () => {
  putUnit(unitText(`/bin/sh -c 'sleep 1000 & echo $! > "${home}/child"; wait'`, 'KillMode=process\n'));
  user('start', UNIT);
  const child = await waitFor(
    'the child runs',
    () => existsSync(join(home, 'child')) && Number(readFileSync(join(home, 'child'), 'utf8')),
  );
  user('stop', UNIT);
  const startTime = startTimeOf(child);
  expect(isAlive({ pid: child, startTime })).toBe(true);
  killOne({ pid: child, startTime });
});

test('a drop-in with a condition that is not met keeps a service from starting', () => {
  mkdirSync(join(home, '.config/systemd/user', `${UNIT}.d`));
  writeFileSync(join(home, '.config/systemd/user', `${UNIT}.d/fence.conf`), `[Unit]\nConditionPathExists=!${home}\n`);
  expect(user('start', UNIT).code).toBe(0);
  expect(property('ActiveState')).toBe('inactive');
  expect(property('ConditionResult')).toBe('no');
});

test('a login starts what is enabled and nothing else', () => {
  user('start', 'default.target');
  expect(user('is-active', UNIT).code).toBe(3);
  user('enable', UNIT);
  user('start', 'default.target');
  expect(user('is-active', UNIT).code).toBe(0);
});

test('without a bus nothing is answered, and linger is told by loginctl', () => {
  setManager(home, { bus: 'off', linger: true });
  expect(user('is-enabled', UNIT)).toEqual({
    code: 1,
    stdout: '',
    stderr: 'Failed to connect to bus: No medium found',
  });
  setManager(home, { bus: 'needs-runtime-dir', linger: true });
  expect(user('is-active', UNIT).code).toBe(1);
  expect(run('loginctl', 'show-user', 'olga', '-p', 'Linger').stdout).toBe('Linger=yes');
});

test('an order that reaches a manager which is just leaving is given to the next one', async () => {
  const bus = join(home, '.stand-in-systemd/bus');
  const leaving = `const server = require('net').createServer((socket) => { require('fs').rmSync(process.argv[1]); process.exit(); });
    server.listen(process.argv[1])`;
  spawn(process.execPath, ['-e', leaving, bus], { stdio: 'ignore' });
  await waitFor('it listens', () => existsSync(bus));
  expect(user('start', UNIT)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(property('ActiveState')).toBe('active');
});
