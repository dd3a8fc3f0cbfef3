import { describe, expect, it } from 'vitest';
import { parsePlist } from '../../src/checks/plist.ts';

const LIST = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist [<!ENTITY evil SYSTEM "file:///etc/passwd">]>
<plist version="1.0"><dict>
  <!-- <key>Label</key><string>not this</string> -->
  <key>KeepAlive</key><dict><key>Label</key><string>nor this</string></dict>
  <key>Label</key><string>ai.neo&amp;co</string>
  <key>ProgramArguments</key><array><string>/opt/a b/node</string><string>&evil;</string><string>gateway</string></array>
  <key>EnvironmentVariables</key><dict>
    <key>HOME</key><string>/Users/al</string><key>NEO_TOKEN</key><string>canary</string>
  </dict>
</dict></plist>`;

describe('a property list', () => {
  it('is read for its label, its command and its environment, without secrets, comments and entities', () => {
    expect(parsePlist(LIST)).toEqual({
      label: 'ai.neo&co',
      argv: ['/opt/a b/node', '&evil;', 'gateway'],
      environment: { HOME: '/Users/al' },
    });
  });

  it('that is none is nothing', () => {
    for (const text of ['', 'bplist00', '<dict>'.repeat(50_000), '<!--'.repeat(20_000)])
      expect(parsePlist(text)).toBeNull();
  });
});
