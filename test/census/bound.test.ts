import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BoundFacts } from '../../src/census/bound-answer.ts';
import { takeBound } from '../../src/census/take-bound.ts';
import type { Build } from '../../src/core/native.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { listTree } from '../kit/listing.ts';
import { writeTree } from '../kit/natives.ts';
import { NODE_22 } from '../kit/stand-in/install.ts';

let state = '';
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'np-bound-'));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const FROM = { platform: 'linux', arch: 'x64' } as const;
const TO: Build = { platform: 'linux', arch: 'arm64', libc: 'glibc', abi: '115' };

function ask(changes: { to?: Build | null; node?: string; certificates?: string[] } = {}): Promise<BoundFacts> {
  const { to = TO, node = process.execPath, certificates = [] } = changes;
  const env = { PATH: '/usr/bin:/bin', TZ: 'Asia/Tokyo' };
  return takeBound(new LocalHost({ label: 'old machine', env }), {
    ...{ state, apart: [], workspaces: [], node, clock: systemClock, signal: new AbortController().signal },
    bound: { from: FROM, to, isOwnNode: true, certificates },
  });
}

/** A jar of cookies as Chromium leaves it, as far as its marks go. */
function cookies(mark: string): string {
  return `SQLite format 3\0${`.example.com session ${mark}\x8f\x01encrypted `.repeat(4)}`;
}

test('a machine tells its name, time zone, C library and the ABI of the Node that answers, whichever that is', async () => {
  const { machine, devices } = await ask({ to: null });
  expect(machine).toMatchObject({ hostname: hostname(), timeZone: 'Asia/Tokyo', libc: 'glibc' });
  expect(machine.abi).toBe(process.versions.modules);
  expect(devices).toEqual([]);
  const other = execFileSync(NODE_22, ['-p', 'process.versions.modules'], { encoding: 'utf8' }).trim();
  expect((await ask({ to: null, node: NODE_22 })).machine.abi).toBe(other);
});

test('devices and nodes are named without a token, and the machine itself is none of them', async () => {
  writeTree(state, {
    'identity/device.json': { deviceId: 'self' },
    'devices/paired.json': {
      self: { deviceId: 'self', tokens: { operator: { token: 's3cret' } } },
      phone: { displayName: 'phone\u001b[2J', platform: 'ios', clientId: 'neo-ios', clientMode: 'ui', token: 's3cret' },
      odd: 7,
    },
    'nodes/paired.json': { n1: { displayName: 'builder', token: 's3cret' } },
    'node.json': { nodeId: 'x', displayName: 'attic', token: 's3cret' },
  });
  const before = [...listTree(state)];
  const facts = await ask();
  expect(facts.devices.map(({ list, name, client, isNode }) => [list, name, client, isNode])).toEqual([
    ['devices', 'phone\\x1b[2J', 'neo-ios ui', false],
    ['devices', 'odd', '', false],
    ['nodes', 'builder', '', true],
  ]);
  expect(facts.nodeHost).toBe('attic');
  expect(JSON.stringify(facts)).not.toContain('s3cret');
  expect([...listTree(state)]).toEqual(before);
});

test('browser profiles tell whether their cookies hang on a keyring, and jobs whether they have a time zone', async () => {
  const cron = (id: string, more: object): object => ({ id, schedule: { kind: 'cron', expr: '0 9 * * *' }, ...more });
  writeTree(state, {
    'browser/work/user-data/Default/Network/Cookies': cookies('v11'),
    'browser/plain/user-data/Default/Cookies': cookies('v10'),
    'browser/fresh/user-data/Local State': '{}',
    'sandbox/containers.json': { entries: [{ containerName: 'sbx', image: 'img' }, {}] },
    'cron/jobs.json': {
      jobs: [
        cron('a', { name: 'daily' }),
        cron('b', { schedule: { kind: 'cron', expr: '* * * * *', tz: 'UTC' } }),
        cron('c', { enabled: false }),
        { id: 'd', schedule: { kind: 'every', everyMs: 1 } },
      ],
    },
  });
  const { browsers, jobs, containers } = await ask();
  const byName = Object.fromEntries(browsers.map(({ profile, ...rest }) => [profile, rest]));
  expect(byName).toEqual({
    work: { hasLogins: true, isByKeyring: true },
    plain: { hasLogins: true, isByKeyring: false },
    fresh: { hasLogins: false, isByKeyring: false },
  });
  expect(jobs).toEqual([{ id: 'a', name: 'daily' }]);
  expect(containers).toEqual([{ name: 'sbx', image: 'img' }]);
});

test('a certificate tells for which names it is, and a key beside it is left alone', async () => {
  writeTree(state, { 'gateway/tls/note.pem': 'nothing' });
  const [key, file] = [join(state, 'gateway/tls/key.pem'), join(state, 'own.crt')];
  const names = 'subjectAltName=DNS:oldbox,DNS:oldbox.example,IP:192.0.2.10';
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', file, '-subj', '/CN=oldbox'];
  execFileSync('openssl', [...words, '-addext', names], { stdio: 'ignore' });
  const { certificates } = await ask({ certificates: [file] });
  expect(certificates).toEqual([{ path: file, names: ['oldbox', 'oldbox.example', '192.0.2.10'] }]);
});

test('an answer of something else than the program is refused', async () => {
  const fake = join(state, 'node');
  for (const said of ['', '["end"]', '["bound",{}]\n["end"]', '["bound",7]\n["end"]', '{"a":1}', 'x\n["end"]']) {
    writeFileSync(fake, `#!/bin/sh\ncat >/dev/null\nprintf '%s\\n' '${said}'\n`, { mode: 0o755 });
    await expect(ask({ node: fake })).rejects.toMatchObject({ problem: { code: 'answer-malformed' } });
  }
});

test('databases are named where the product keeps its own, and nothing is opened', async () => {
  writeTree(state, {
    'state/smart-agent-neo.sqlite': 'x',
    'agents/main/agent/smart-agent-neo-agent.sqlite': 'x',
    'agents/main/agent/smart-agent-neo-agent.sqlite-wal': 'x',
    'workspace/own.sqlite': 'x',
  });
  expect((await ask()).databases).toEqual([
    'state/smart-agent-neo.sqlite',
    'agents/main/agent/smart-agent-neo-agent.sqlite',
  ]);
});
