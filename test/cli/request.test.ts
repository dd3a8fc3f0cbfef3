import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { productFrom } from '../../src/gateway/product-from.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { connectOf, requestOf, secondsOf } from '../../src/cli/request.ts';
import { codeOf } from '../checks/facts.ts';
import { surroundings } from './sample.ts';

let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'np-request-'));
  mkdirSync(join(home, '.ssh'));
  for (const name of ['id_rsa', 'id_ed25519', 'other']) writeFileSync(join(home, '.ssh', name), 'key');
});
afterAll(() => rmSync(home, { recursive: true }));

const around = () => surroundings([], { home, cwd: '/where' }).around;

describe('the request behind the flags', () => {
  it('leaves user, port and keys to the SSH configuration where nothing is said', () => {
    const { connect, limits, asked } = requestOf('old.example', {}, around());
    expect(connect).toMatchObject({ user: null, host: 'old.example', port: null, knownHosts: null, identities: [] });
    expect(connect).toMatchObject({ configFile: null, jump: null, options: [], family: null, transport: 'auto' });
    expect(limits).toMatchObject({ stopMs: 60_000, startMs: 90_000, doctorMs: 120_000, soakMs: 30_000 });
    expect(asked).toMatchObject({ product: 'smart-agent-neo', profiles: null, workspaces: [], replace: false });
  });

  it('takes what may come, and what an audit may let through, as they are said', () => {
    const of = (flags: Parameters<typeof requestOf>[1]) => requestOf('old.example', flags, around());
    expect(of({}).limits).toMatchObject({ maxEntries: null, maxBytes: null });
    expect(of({ 'max-entries': '7', 'max-bytes': '50g' }).limits).toMatchObject({
      maxEntries: 7,
      maxBytes: 50 * 1024 ** 3,
    });
    expect(of({ 'max-bytes': '8' }).limits.maxBytes).toBe(8);
    for (const odd of ['0', '', '-1', '1.5G', '5X', '999999999T'])
      expect(() => of({ 'max-bytes': odd })).toThrow('--max-bytes');
    expect(of({ allow: ['a', 'b'] }).asked.allow).toEqual(['a', 'b']);
  });

  it('takes user and port from the target, and the flag over both', () => {
    expect(requestOf('ssh://olga@old:2222', {}, around()).connect).toMatchObject({ user: 'olga', port: 2222 });
    expect(requestOf('ssh://olga@old:2222', { port: '23' }, around()).connect.port).toBe(23);
  });

  it.each(['neo', './neo', '../neo', '~', '~bo/neo', ''])(
    'refuses --to-state-dir %j, for it names no place for certain',
    async (text) => {
      const asked = Promise.resolve().then(() => requestOf('old', { 'to-state-dir': text }, around()));
      const problem = await problemFrom(asked);
      expect(problem).toMatchObject({ code: 'option-invalid' });
      expect(problem.message).toContain('--to-state-dir');
      expect(problem.hint).toContain('whole path, beginning with / or ~/');
    },
  );

  it.each(['/srv/neo', '~/neo'])('takes --to-state-dir %s as it was typed, for ~ is that of the new owner', (text) => {
    expect(requestOf('old', { 'to-state-dir': text }, around()).asked.toStateDir).toBe(text);
  });

  it('takes the flags that ssh has', () => {
    const flags = {
      'ssh-config': 'none',
      jump: 'a@b:22,ssh://c:7',
      'ssh-option': ['ConnectTimeout=5'],
      ipv6: true,
      transport: 'ssh2',
    };
    expect(connectOf(flags, around())).toEqual({
      configFile: 'none',
      jump: 'a@b:22,ssh://c:7',
      options: ['ConnectTimeout=5'],
      family: 6,
      transport: 'ssh2',
    });
  });

  it.each([
    [{ jump: '-oProxyCommand=id' }, 'option-invalid'],
    [{ jump: 'a,,b' }, 'option-invalid'],
    [{ 'ssh-option': ['ConnectTimeout'] }, 'option-invalid'],
    [{ 'ssh-option': ['User=a\nProxyCommand=id'] }, 'option-invalid'],
    [{ ipv4: true, ipv6: true }, 'option-invalid'],
    [{ transport: 'telnet' }, 'option-invalid'],
    [{ 'ssh-config': '/nonexistent/config' }, 'option-invalid'],
  ])('refuses %j before anything is started (F38)', async (flags, code) => {
    expect(await problemFrom(Promise.resolve().then(() => connectOf(flags, around())))).toMatchObject({ code });
  });

  it('names the flag whose jump host cannot be used', async () => {
    const problem = await problemFrom(Promise.resolve().then(() => connectOf({ jump: 'a,b;id' }, around())));
    expect(problem.message).toContain('-J (--jump) names the jump host "b;id"');
  });

  it('makes paths whole, and reads ~ where the shell did not', () => {
    const { identities, knownHosts } = connectOf({ identity: ['~/.ssh/other'], 'known-hosts': 'kh' }, around());
    expect(identities).toEqual([join(home, '.ssh/other')]);
    expect(knownHosts).toBe('/where/kh');
  });

  it('makes paths in options whole too, for a resume that begins in another directory', () => {
    const flags = { 'ssh-option': ['UserKnownHostsFile=kh ~/two', 'Port=2222'] };
    expect(connectOf(flags, around()).options).toEqual(['UserKnownHostsFile=/where/kh ~/two', 'Port=2222']);
  });

  it('says nothing about what no flag named, so that a run keeps what it began with', () => {
    expect(connectOf({}, around())).toEqual({});
  });

  it('reads workspaces with and without a place to go to', () => {
    const { asked } = requestOf('o@h', { workspace: ['/srv/a', '/srv/b=/data/b', '~/c'] }, around());
    expect(asked.workspaces).toEqual([
      { from: '/srv/a', to: null },
      { from: '/srv/b', to: '/data/b' },
      { from: '~/c', to: null },
    ]);
  });

  it.each([
    [{ port: '0' }],
    [{ port: '65536' }],
    [{ port: '2 2' }],
    [{ 'host-key': 'MD5:aa' }],
    [{ 'host-key': '' }],
    [{ identity: ['/nowhere/key'] }],
    [{ product: 'something' }],
    [{ workspace: ['relative'] }],
    [{ workspace: ['/a=/b=/c'] }],
    [{ bwlimit: '0' }],
    [{ bwlimit: '1e3' }],
    [{ soak: '-1' }],
    [{ soak: 'long' }],
    [{ 'stop-timeout': '86401' }],
    [{ profile: '' }],
  ])('refuses %j as a value that cannot be used', (flags) => {
    expect(codeOf(() => requestOf('o@h', flags, around()))).toBe('option-invalid');
  });

  it('looks for every product where none is named, and for that alone which is', () => {
    const fork = productFrom('neo-fork', {});
    const own = { ...around(), products: [fork] };
    expect(requestOf('o@h', {}, own).among).toEqual(['smart-agent-neo', 'openclaw', fork]);
    const named = requestOf('o@h', { product: 'neo-fork' }, own);
    expect(named.asked.product).toBe(fork);
    expect(named.among).toBeUndefined();
    expect(requestOf('o@h', { product: 'openclaw' }, own).asked.product).toBe('openclaw');
  });

  it('names the product that was probably meant', async () => {
    const asking = Promise.resolve().then(() => requestOf('o@h', { product: 'openclaws' }, around()));
    expect((await problemFrom(asking)).hint).toContain('Did you mean openclaw?');
  });

  it('takes fractions of a second', () => {
    expect(secondsOf('--soak', '0.25', 30)).toBe(250);
    expect(secondsOf('--soak', undefined, 30)).toBe(30_000);
  });
});
