import { join } from 'node:path';
import { idOf } from './pen.ts';
import type { Pen } from './pen.ts';
import type { Places } from './places.ts';

/** Channel credentials and provider logins, with names, modes and secrets as the product leaves them. */
export function writeCredentials(pen: Pen, { stateDir }: Places): void {
  const folder = join(stateDir, 'credentials');
  const { canaries } = pen;
  pen.file(join(folder, 'telegram-token.txt'), `7000000001:${canaries.of('telegram-token')}\n`);
  pen.file(join(folder, 'telegram-allowFrom.json'), { allowFrom: ['4900001', '4900002'] });
  pen.file(join(folder, 'telegram-pairing.json'), { requests: [] });
  const me = { id: `15550001111:${canaries.of('whatsapp-id')}@s.whatsapp.net` };
  pen.file(join(folder, 'whatsapp/default/creds.json'), {
    me,
    noiseKey: canaries.of('whatsapp-noise'),
    registered: true,
  });
  for (let at = 1; at <= 20; at += 1) {
    pen.file(join(folder, `whatsapp/default/pre-key-${String(at)}.json`), { private: `key ${String(at)}` }, 0o644);
  }
  pen.file(join(folder, 'oauth.json'), { example: { refresh: canaries.of('oauth-refresh') } });
  pen.file(join(stateDir, 'secrets.json'), { providers: { example: canaries.of('secrets-json') } });
}

/** The CLI's device, the gateway's list of devices, the exec approvals. */
export function writeIdentity(pen: Pen, { stateDir }: Places): void {
  const deviceId = idOf(`device ${stateDir}`);
  const token = pen.canaries.of('device-token');
  pen.file(join(stateDir, 'identity/device.json'), {
    version: 1,
    deviceId,
    privateKeyPem: pen.canaries.of('device-key'),
  });
  pen.file(join(stateDir, 'identity/device-auth.json'), { version: 1, deviceId, token });
  pen.file(join(stateDir, 'devices/paired.json'), {
    [deviceId]: { deviceId, role: 'operator', tokens: { operator: { token } } },
  });
  pen.file(join(stateDir, 'devices/pending.json'), {});
  const allow = { pattern: '/usr/bin/git', lastResolvedPath: '/usr/bin/git' };
  const approvals = {
    version: 1,
    socket: { path: join(stateDir, 'exec-approvals.sock'), token: pen.canaries.of('approvals') },
  };
  pen.file(join(stateDir, 'exec-approvals.json'), { ...approvals, agents: { main: { allowlist: [allow] } } });
}
