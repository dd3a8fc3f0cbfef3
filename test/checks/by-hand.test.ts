import { describe, expect, it } from 'vitest';
import { aloneByHand } from '../../src/checks/by-hand-alone.ts';
import { configByHand } from '../../src/checks/by-hand-config.ts';
import { hostsByHand } from '../../src/checks/by-hand-hosts.ts';
import { nativesByHand } from '../../src/checks/by-hand-native.ts';
import { stateByHand } from '../../src/checks/by-hand-state.ts';
import type { Bound } from '../../src/checks/by-hand-names.ts';
import { byHandList } from '../../src/core/by-hand.ts';
import { boundFacts, boundOf } from './bound.ts';

function told(bound: Bound) {
  const all = [nativesByHand, aloneByHand, configByHand, hostsByHand, stateByHand].flatMap((find) => find(bound));
  return Object.fromEntries(all.map(({ id, what, why, command }) => [id, { text: `${what} ${why}`, command }]));
}

const PLAIN = {
  gateway: { mode: 'local', port: 18789, bind: 'loopback', controlUi: { allowedOrigins: ['*'] } },
  agents: { defaults: { workspace: '/home/olga/.smart-agent-neo/workspace', userTimezone: 'Europe/Berlin' } },
  channels: { telegram: { enabled: true, webhookSecret: 'x' }, imessage: { enabled: false } },
  models: {
    providers: { example: { baseUrl: 'https://api.example.com/v1', note: 'oldboxes are no names', id: 'oldbox' } },
  },
  browser: { cdpUrl: 'http://127.0.0.1:9222' },
  secrets: { providers: { file: { source: 'file', path: '~/secrets.json' } } },
};

describe('what is to be done by hand', () => {
  it('is nothing for a gateway that is bound to no machine', () => {
    expect(told(boundOf({ config: PLAIN }))).toEqual({});
    expect(told(boundOf({ config: null }))).toEqual({});
  });

  it('names code that moves as a single file, without what it loads from beside it', () => {
    const bound = boundOf();
    const [state] = bound.plan.roots;
    if (!state) throw new Error('a sample without roots');
    const files = ['hook.mjs', 'bot.token', 'tool.py', 'notes.json'];
    const single = { ...state, id: 'files-1', oldPath: '/home/olga/my hooks', livePath: '/home/nick/my hooks', files };
    const found = told({ ...bound, plan: { ...bound.plan, roots: [state, single] } });
    expect(Object.keys(found)).toEqual(['alone:/home/olga/my hooks/hook.mjs', 'alone:/home/olga/my hooks/tool.py']);
    const { text } = found['alone:/home/olga/my hooks/hook.mjs'] ?? {};
    expect(text).toContain("by hand; or move the directory as a whole: --workspace '/home/olga/my hooks'");
    expect(text).toContain('/home/nick/my hooks');
  });

  it('names each value of the config that is of the old host, with the command that puts the new one there', () => {
    const config = {
      gateway: {
        bind: 'custom',
        customBindHost: '192.0.2.10',
        tailscale: { mode: 'serve' },
        trustedProxies: ['127.0.0.1', '192.0.2.99'],
        controlUi: { allowedOrigins: ['https://oldbox.tail1.ts.net', 'http://OLDBOX:18789'] },
      },
      channels: {
        telegram: { webhookUrl: 'https://user:hunter2@old.example/hook/s3cret?key=s3cret' },
        voice: { publicUrl: 'https://bot.example.org/calls/s3cret' },
        signal: { httpUrl: 'http://127.0.0.1:8080' },
      },
      hooks: { peer: 'oldbox:22', peerHost: 'oldbox' },
    };
    const items = told(boundOf({ config }));
    const commands = Object.fromEntries(Object.entries(items).map(([id, { command }]) => [id, command]));
    expect(commands).toEqual({
      'config:gateway.customBindHost': 'smart-agent-neo config set gateway.customBindHost 192.0.2.20',
      'config:gateway.tailscale': 'sudo tailscale up',
      'config:gateway.trustedProxies': null,
      'config:gateway.controlUi.allowedOrigins[0]':
        "smart-agent-neo config set 'gateway.controlUi.allowedOrigins[0]' https://newbox.tail1.ts.net",
      'config:gateway.controlUi.allowedOrigins[1]':
        "smart-agent-neo config set 'gateway.controlUi.allowedOrigins[1]' http://newbox:18789",
      'config:channels.telegram.webhookUrl': null,
      'webhook:channels.voice.publicUrl': 'nslookup bot.example.org',
      'service:channels.signal.httpUrl': null,
      'config:hooks.peer': 'smart-agent-neo config set hooks.peer newbox:22',
      'config:hooks.peerHost': 'smart-agent-neo config set hooks.peerHost newbox',
    });
    expect(items['config:gateway.trustedProxies']?.text).toContain('127.0.0.1 ran on the old machine itself');
    expect(items['config:channels.telegram.webhookUrl']?.text).toContain('https://old.example');
    expect(JSON.stringify(items)).not.toMatch(/s3cret|hunter2/);
  });

  it('says nothing of names and addresses that the new machine has as well', () => {
    const config = {
      gateway: { bind: 'custom', customBindHost: '192.0.2.10', controlUi: { allowedOrigins: ['http://oldbox:1'] } },
    };
    const here = { ...boundOf().here, hostname: 'oldbox', addresses: ['192.0.2.10'] };
    expect(told(boundOf({ config, here }, { new: { hostname: 'oldbox' } }))).toEqual({});
  });

  it('serves a tailnet under the name of the machine, also where this one is in it', () => {
    const here = { ...boundOf().here, addresses: ['100.101.1.2'] };
    const items = told(boundOf({ config: { gateway: { bind: 'tailnet', tailscale: { mode: 'funnel' } } }, here }));
    expect(Object.values(items).map(({ command }) => command)).toEqual(['tailscale funnel status']);
    const without = told(boundOf({ config: { gateway: { bind: 'tailnet' } } }));
    expect(without['config:gateway.bind']?.command).toBe('sudo tailscale up');
  });

  it('says what of a Mac cannot come along, and only of a Mac', () => {
    const config = {
      channels: { imessage: {}, bluebubbles: { serverUrl: 'http://localhost:1234' } },
      secrets: { providers: { chain: { source: 'exec', command: '/usr/bin/security' } } },
    };
    const old = boundFacts({ browsers: [{ profile: 'main', hasLogins: true, isByKeyring: false }] });
    const mac = told(boundOf({ config, old }, { old: { platform: 'darwin' } }));
    expect(Object.keys(mac)).toEqual([
      'config:channels.imessage',
      'config:channels.bluebubbles.serverUrl',
      'keychain:secrets.providers.chain',
      'browser:main',
    ]);
    expect(mac['config:channels.imessage']?.text).toContain('cannot move here');
    expect(mac['config:channels.bluebubbles.serverUrl']?.command).toContain('http://oldbox:1234');
    expect(Object.keys(told(boundOf({ config: { channels: { imessage: {} } }, old })))).toEqual([]);
  });

  it('names keychains by who keeps them, and 1Password by its references too', () => {
    const op = { secrets: { providers: { vault: { source: 'exec', command: 'op' } } }, key: 'op://a/b/c' };
    expect(told(boundOf({ config: op }))).toMatchObject({
      'keychain:secrets.providers.vault': { command: 'op signin' },
    });
    expect(Object.keys(told(boundOf({ config: { key: 'op://a/b/c' } })))).toEqual(['keychain:op:// references']);
  });
});

describe('what still points at the old machine', () => {
  const device = { list: 'devices' as const, id: 'x', name: 'x', platform: '', client: '', isNode: false };
  const old = boundFacts({
    devices: [
      { ...device, id: 'a', name: "Olga's phone", platform: 'ios', client: 'openclaw-ios ui' },
      { ...device, id: 'b', name: 'laptop', platform: 'linux', client: 'cli cli' },
      { ...device, id: 'c', name: 'office', client: 'openclaw-control-ui webchat' },
      { ...device, list: 'nodes', id: 'd', name: 'builder', platform: 'linux', client: 'node-host', isNode: true },
    ],
    nodeHost: 'oldbox',
  });

  it('is told with the new address, and with the command for each kind', () => {
    const items = told(boundOf({ old, config: { gateway: { bind: 'lan', tls: { enabled: true } } } }));
    expect(Object.values(items).map(({ command }) => command)).toEqual([
      null,
      'smart-agent-neo config set gateway.remote.url wss://newbox:18789',
      null,
      'smart-agent-neo node install --force --host newbox --port 18789',
      'smart-agent-neo node install --force --host newbox --port 18789',
    ]);
    for (const { text } of Object.values(items)) expect(text).toContain('wss://newbox:18789');
    expect(items['device:devices:c']?.text).toContain('https://newbox:18789/');
  });

  it('needs a tunnel where the gateway listens on the loopback only', () => {
    const { 'device:devices:b': laptop } = told(boundOf({ old }));
    expect(laptop?.command).toBe('ssh -N -L 18789:127.0.0.1:18789 nick@newbox');
    expect(laptop?.text).toContain('ws://127.0.0.1:18789');
  });
});

describe('what lies in the state and is of the old machine', () => {
  it('are jobs without a time zone where the zones differ, containers, keyrings and certificates', () => {
    const old = boundFacts({
      jobs: [{ id: 'j1', name: 'daily' }],
      containers: [{ name: 'sbx-1', image: 'sandbox:bookworm' }],
      browsers: [
        { profile: 'work', hasLogins: true, isByKeyring: true },
        { profile: 'plain', hasLogins: true, isByKeyring: false },
      ],
      certificates: [
        { path: '/t/old.pem', names: ['oldbox', '192.0.2.10'] },
        { path: '/t/both.pem', names: ['oldbox', 'newbox'] },
      ],
    });
    const items = told(boundOf({ old, timeZone: 'Europe/Berlin' }));
    expect(Object.keys(items)).toEqual(['browser:work', 'container:sbx-1', 'cron-job:j1', 'certificate:/t/old.pem']);
    expect(items['cron-job:j1']?.command).toBe('smart-agent-neo cron edit j1 --tz Europe/Berlin');
    expect(items['container:sbx-1']?.command).toBe('ssh olga@old.example docker save sandbox:bookworm | docker load');
    expect(Object.keys(told(boundOf({ old: { ...old, containers: [], browsers: [], certificates: [] } })))).toEqual([]);
  });

  it('are programs, by the directory in which they are installed anew', () => {
    const npm = { kind: 'npm', dir: 'app', from: 'package-lock.json', isFixed: false } as const;
    const group = { place: 'state/extensions', why: 'machine', files: 1, file: 'app/node_modules/a/a.node' } as const;
    const old = boundFacts({
      natives: [
        { ...group, owner: { ...npm, name: 'b@2' } },
        { ...group, owner: { ...npm, name: 'a@1' } },
        { ...group, owner: { ...npm, dir: "it's", from: null, name: 'c@3' } },
        {
          ...group,
          place: 'workspace-2',
          owner: { kind: 'python', dir: 'env', name: 'numpy==2', from: 'requirements.txt', isFixed: true },
        },
        { ...group, file: 'x.iso', owner: { ...npm, dir: 'left-out', name: 'd@4' } },
      ],
      isWhole: false,
    });
    const items = told(boundOf({ old }, { new: { arch: 'arm64' } }));
    const home = '/home/nick/.smart-agent-neo/extensions';
    expect(Object.fromEntries(Object.entries(items).map(([id, { command }]) => [id, command]))).toEqual({
      [`native:npm:${home}/app`]: `cd ${home}/app && npm ci`,
      [`native:npm:${home}/it's`]: `cd '${home}/it'\\''s' && npm rebuild`,
      'native:python:/srv/ws/env':
        'python3 -m venv --clear /srv/ws/env && /srv/ws/env/bin/python -m pip install -r /srv/ws/requirements.txt',
      'native:not-whole': null,
    });
    expect(items[`native:npm:${home}/app`]?.text).toContain(
      'a@1, b@2 Built for linux x64; this machine is linux arm64.',
    );
  });

  it('are counted whole and listed each once, in bounded length', () => {
    const items = Array.from({ length: 300 }, (_, at) => ({ id: String(at), what: '', why: '', command: null }));
    const { count, listed } = byHandList([...items, ...items]);
    expect([count, listed.length]).toEqual([300, 200]);
  });
});
