import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dialBy } from '../kit/dial-by.ts';
import { problemFrom } from '../kit/problem-from.ts';

let folder: string;
/** Takes every call, and never says a word. */
let silent: Server;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'np-patience-'));
  silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
});
afterAll(() => {
  silent.close();
  rmSync(folder, { recursive: true });
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const direct = (seconds: number): string =>
  `Host old\n  HostName 127.0.0.1\n  Port ${String(portOf(silent))}\n  ConnectTimeout ${String(seconds)}\n`;
const byJump = (seconds: number): string =>
  `Host old\n  HostName 127.0.0.1\n  Port 9\n  ProxyJump between\n  ConnectTimeout ${String(seconds)}\n` +
  direct(seconds).replace('old', 'between');

describe.each(['ssh2', 'openssh'] as const)('by %s, a machine that says nothing (F18)', (transport) => {
  /** How long it was waited for, in seconds. */
  async function waited(config: string, connectTimeoutMs: number | null): Promise<number> {
    writeFileSync(join(folder, transport), config);
    const begun = performance.now();
    const problem = await problemFrom(dialBy(join(folder, transport), { transport, connectTimeoutMs }));
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    return (performance.now() - begun) / 1000;
  }

  describe.each([
    ['directly', direct],
    ['as a jump host', byJump],
  ])('%s', (_way, config) => {
    it('is waited for as long as the ConnectTimeout of the configuration', async () => {
      const seconds = await waited(config(1), null);
      expect(seconds).toBeGreaterThan(0.9);
      expect(seconds).toBeLessThan(8);
    });

    it('is waited for as long as was typed, whether the configuration says less', async () => {
      expect(await waited(config(1), 3000)).toBeGreaterThan(2.9);
    });

    it('is waited for as long as was typed, or more', async () => {
      expect(await waited(config(60), 1000)).toBeLessThan(8);
    });
  });
});
