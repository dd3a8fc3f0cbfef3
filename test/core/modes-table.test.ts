import { describe, expect, it } from 'vitest';
import { finalMode } from '../../src/core/modes.ts';

const at = (path: string, mode: number, type: 'file' | 'dir'): string =>
  finalMode({ mode, type, path: Buffer.from(path), room: 'state', workspaces: ['workspace'] }).toString(8);

/** As a careless umask, a restored archive or a shared folder leaves them. */
const LOOSE = { file: [0o644, 0o664, 0o666], dir: [0o755, 0o775, 0o777] } as const;

describe('whatever doctor and audit look at, and what they do not look at', () => {
  // F109, F110
  it.each([
    ['dir', '', '700'],
    ['file', 'smart-agent-neo.json', '600'],
    ['file', 'smart-agent-neo.json.bak.2', '600'],
    ['file', 'parts/included.json5', '600'],
    ['file', '.env', '600'],
    ['file', 'secrets.json', '600'],
    ['dir', 'credentials', '700'],
    ['file', 'credentials/oauth.json', '600'],
    ['dir', 'credentials/whatsapp/default', '700'],
    ['file', 'credentials/whatsapp/default/creds.json', '600'],
    ['dir', 'agents/main', '700'],
    ['dir', 'agents/main/agent', '700'],
    ['file', 'agents/main/agent/auth-profiles.json', '600'],
    ['dir', 'agents/main/sessions', '700'],
    ['file', 'agents/main/sessions/sessions.json', '600'],
    ['file', 'agents/main/sessions/a.jsonl', '600'],
    ['dir', 'identity', '700'],
    ['file', 'identity/device.json', '600'],
    ['dir', 'devices', '700'],
    ['file', 'devices/paired.json', '600'],
    ['file', 'cron/jobs.json', '600'],
    ['file', 'exec-approvals.json', '600'],
    ['file', 'memory/main.sqlite', '600'],
    ['file', 'state/smart-agent-neo.sqlite', '600'],
    ['file', 'gateway/tls/key.pem', '600'],
    ['file', 'media/inbound/a.ogg', '600'],
    ['dir', 'extensions/plugin', '700'],
    ['file', 'extensions/plugin/index.js', '600'],
  ] as const)('a %s %j is for its owner alone however loose it was (%s)', (type, path, mode) => {
    expect(LOOSE[type].map((loose) => at(path, loose, type))).toEqual([mode, mode, mode]);
  });

  it.each([
    ['hooks/on-message.sh', '700'],
    ['skills/weather/run', '700'],
    ['extensions/plugin/bin/tool', '700'],
    ['workspace/run.sh', '755'],
    ['workspace/.git/hooks/pre-commit', '755'],
  ] as const)('%s can still be run (%s)', (path, mode) => {
    expect([0o755, 0o775, 0o777].map((loose) => at(path, loose, 'file'))).toEqual([mode, mode, mode]);
  });

  it('a plugin that lies in a workspace is not world-writable either, which its loader would block', () => {
    expect([at('workspace/plugin', 0o777, 'dir'), at('workspace/plugin/index.js', 0o666, 'file')]).toEqual([
      '755',
      '644',
    ]);
  });
});
