import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { configPathOf, envName, lockFile, profileOfStateDir, stateDirOf, unitName } from '../../src/gateway/product.ts';

describe('the product table', () => {
  it('names unit, state dir and config of the default profile without a suffix', () => {
    expect(unitName('smart-agent-neo', 'default')).toBe('smart-agent-neo-gateway.service');
    expect(stateDirOf('smart-agent-neo', '/home/ann', 'default')).toBe('/home/ann/.smart-agent-neo');
    expect(configPathOf('openclaw', '/home/ann/.openclaw')).toBe('/home/ann/.openclaw/openclaw.json');
  });

  it('appends any other profile to the names', () => {
    expect(unitName('openclaw', 'work')).toBe('openclaw-gateway-work.service');
    expect(stateDirOf('openclaw', '/home/ann', 'work')).toBe('/home/ann/.openclaw-work');
  });

  it('reads the profile back from the name of a state dir', () => {
    for (const profile of ['default', 'work', 'a-b']) {
      expect(profileOfStateDir('smart-agent-neo', stateDirOf('smart-agent-neo', '/h', profile))).toBe(profile);
    }
    expect(profileOfStateDir('openclaw', '/home/ann/.clawdbot')).toBe('default');
    for (const other of ['/srv/state', '/home/ann/.smart-agent-neo-', '/home/ann/.smart-agent-neo-default']) {
      expect(profileOfStateDir('smart-agent-neo', other)).toBeNull();
    }
  });

  it('finds the lock file by the hash of the config path', () => {
    const configPath = '/home/ann/.smart-agent-neo/smart-agent-neo.json';
    const hash = createHash('sha256').update(configPath).digest('hex').slice(0, 8);
    const lock = lockFile({ product: 'smart-agent-neo', uid: 1000, configPath });
    expect(lock).toBe(`/tmp/smart-agent-neo-1000/gateway.${hash}.lock`);
  });

  it('spells environment variables with the prefix of the product', () => {
    expect(envName('smart-agent-neo', 'STATE_DIR')).toBe('SMART_AGENT_NEO_STATE_DIR');
    expect(envName('openclaw', 'GATEWAY_PORT')).toBe('OPENCLAW_GATEWAY_PORT');
  });
});
