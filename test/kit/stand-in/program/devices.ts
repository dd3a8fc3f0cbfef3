import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stateDir } from './paths.ts';

interface Paired {
  deviceId: string;
  role: string;
  tokens: { operator: { token: string } };
}

function readJson<T>(file: string, none: T): T {
  const path = join(stateDir(), file);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : none;
}

function writeJson(file: string, value: unknown): void {
  const path = join(stateDir(), file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
}

/** This CLI's own device id, made on first need: looking writes. */
export function deviceId(): string {
  const known = readJson<{ deviceId?: string }>('identity/device.json', {});
  if (known.deviceId) return known.deviceId;
  const made = { version: 1, deviceId: crypto.randomUUID(), createdAtMs: Date.now() };
  writeJson('identity/device.json', made);
  return made.deviceId;
}

/** The token by which the gateway knows this device; empty before the first contact. */
export function deviceToken(): string {
  return readJson<{ token?: string }>('identity/device-auth.json', {}).token ?? '';
}

export function keepDeviceToken(id: string, token: string): void {
  writeJson('identity/device-auth.json', { version: 1, deviceId: id, token });
}

/** The gateway's side: the token of a device that may come in, new devices on the loopback being paired at once; null refuses. */
export function admit(id: string, token: string): string | null {
  const paired = readJson<Record<string, Paired>>('devices/paired.json', {});
  const known = paired[id];
  if (known) return known.tokens.operator.token === token || token === '' ? known.tokens.operator.token : null;
  if (token !== '') return null;
  const made = crypto.randomUUID();
  writeJson('devices/paired.json', {
    ...paired,
    [id]: { deviceId: id, role: 'operator', tokens: { operator: { token: made } } },
  });
  return made;
}
