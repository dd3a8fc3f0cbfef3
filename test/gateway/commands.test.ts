import { describe, expect, it } from 'vitest';
import * as commands from '../../src/gateway/commands.ts';
import { SAMPLE_GATEWAY } from './sample-gateway.ts';

const NAMED = { ...SAMPLE_GATEWAY, profile: 'work', unit: null };

function words(command: commands.Command): string {
  return command.argv.slice(SAMPLE_GATEWAY.argv.length).join(' ');
}

describe('the commands of the product', () => {
  it('begin with the absolute program and need no PATH lookup', () => {
    const { argv } = commands.versionCommand(SAMPLE_GATEWAY);
    expect(argv).toEqual([...SAMPLE_GATEWAY.argv, '--version']);
  });

  it('name a profile before the subcommand, and the default one not at all', () => {
    expect(words(commands.stopCommand(NAMED, { force: false }))).toBe('--profile work gateway stop --json');
    expect(words(commands.stopCommand(SAMPLE_GATEWAY, { force: true }))).toBe('gateway stop --json --force');
    expect(words(commands.foregroundCommand(NAMED))).toBe('--profile work gateway --port 20100');
  });

  it('never let doctor answer its own questions with yes', () => {
    expect(words(commands.doctorCommand(SAMPLE_GATEWAY))).toBe('doctor --non-interactive');
  });

  it('put no secret into an argv when they install', () => {
    expect(words(commands.installCommand(SAMPLE_GATEWAY))).toBe('gateway install --force --json --port 20100');
  });

  // F116
  it('carry an environment in which nothing depends on the login shell', () => {
    expect(commands.gatewayEnv(SAMPLE_GATEWAY)).toMatchObject({
      HOME: '/home/ann',
      PATH: '/opt/neo/bin:/usr/local/bin:/usr/bin:/bin',
      SMART_AGENT_NEO_STATE_DIR: '/home/ann/.smart-agent-neo',
      SMART_AGENT_NEO_CONFIG_PATH: '/home/ann/.smart-agent-neo/smart-agent-neo.json',
      SMART_AGENT_NEO_PROFILE: 'default',
      SMART_AGENT_NEO_GATEWAY_PORT: '20100',
      SMART_AGENT_NEO_SYSTEMD_UNIT: 'smart-agent-neo-gateway.service',
    });
    expect(commands.gatewayEnv(NAMED)).not.toHaveProperty('SMART_AGENT_NEO_SYSTEMD_UNIT');
  });

  it('keep a quiet gateway from channels, cron and mail watchers, for either product', () => {
    expect(commands.quietEnv(SAMPLE_GATEWAY)).toEqual({
      SMART_AGENT_NEO_SKIP_CHANNELS: '1',
      SMART_AGENT_NEO_SKIP_CRON: '1',
      SMART_AGENT_NEO_SKIP_GMAIL_WATCHER: '1',
    });
    expect(Object.keys(commands.quietEnv({ ...SAMPLE_GATEWAY, product: 'openclaw' }))).toContain('OPENCLAW_SKIP_CRON');
  });
});
