import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../src/core/host.ts';
import { runOk } from '../../src/host/run.ts';
import { blackHole, type Wire } from '../kit/black-hole.ts';
import { dialBy } from '../kit/dial-by.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { slowWire } from '../kit/slow-wire.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';

let folder: string;
let old: Sshd;
let wire: Wire;
let host: Host | null = null;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'np-pulse-'));
  old = await startSshd();
});
afterAll(async () => {
  await old.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  wire = await blackHole(old.port);
});
afterEach(async () => {
  await host?.close();
  host = null;
  await wire.close();
});

describe.each(['ssh2', 'openssh'] as const)('by %s, a line', (transport) => {
  async function dialWith(lines: readonly string[], port = wire.port): Promise<Host> {
    const config = join(folder, transport);
    const known = join(folder, `known-${transport}`);
    writeFileSync(known, readFileSync(old.knownHosts, 'utf8').replaceAll(String(old.port), String(port)));
    const way = ['HostName 127.0.0.1', `Port ${String(port)}`, `IdentityFile ${old.identity.path}`];
    writeFileSync(config, ['Host old', ...way, `UserKnownHostsFile ${known}`, ...lines, ''].join('\n'));
    return (host = await dialBy(config, { transport }));
  }

  it('that goes silent is given up after ServerAliveCountMax times ServerAliveInterval of the configuration', async () => {
    const on = await dialWith(['ServerAliveInterval 1', 'ServerAliveCountMax 2']);
    const held = await on.spawn(['cat']);
    const begun = performance.now();
    wire.swallow(60_000);
    expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
    // 45 s is how long it would be without the configuration.
    expect(performance.now() - begun).toBeLessThan(20_000);
  });

  // ssh itself gives up such a line after the first interval in which nothing happened to come.
  it.each(['0', '1'])('that is idle, and slow to answer, lives on with ServerAliveCountMax %s', async (count) => {
    const slow = await slowWire(old.port, { delayMs: 200, bytesPerSecond: 1_000_000, oneLostIn: Infinity });
    try {
      const on = await dialWith(['ServerAliveInterval 1', `ServerAliveCountMax ${count}`], slow.port);
      expect((await runOk(on, ['sh', '-c', 'sleep 6; echo ended'])).stdout.toString()).toBe('ended\n');
    } finally {
      await host?.close();
      await slow.close();
    }
  });

  it('that goes silent is given up soon with ServerAliveCountMax 0', async () => {
    const on = await dialWith(['ServerAliveInterval 1', 'ServerAliveCountMax 0']);
    const held = await on.spawn(['cat']);
    const begun = performance.now();
    wire.swallow(60_000);
    expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
    expect(performance.now() - begun).toBeLessThan(20_000);
  });
});
