import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/core/plan.ts';
import { readLife } from '../../src/gateway/life.ts';
import {
  byHand,
  disableService,
  enableService,
  isKeptUnseen,
  readService,
  startService,
  stopService,
} from '../../src/gateway/supervise.ts';
import { LocalHost } from '../../src/host/local.ts';
import { liveProcesses } from '../kit/processes.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { KEPT_BY, keptBy, type Kept } from '../kit/supervised.ts';
import { waitFor } from '../kit/wait.ts';

/** The same for every kind: what a supervisor is asked for, and that nothing but its effect is believed. */
describe.each(KEPT_BY)('a gateway kept by %s', (kind) => {
  let lab: TempLab;
  let kept: Kept;
  let host: LocalHost;
  let gateway: Gateway;
  const isSeen = kind !== 'own commands';

  beforeAll(async () => {
    lab = await makeTempLab({ runsAs: 'stopped', sessions: 1 });
    kept = await keptBy(lab, kind);
    const { home, env, product } = lab.old;
    host = new LocalHost({ label: 'old machine', env, cwd: home });
    gateway = {
      product: 'smart-agent-neo',
      profile: 'default',
      argv: [product.node, product.entry],
      binDir: product.binDir,
      node: product.node,
      home,
      uid: process.getuid?.() ?? 0,
      stateDir: join(home, '.smart-agent-neo'),
      configPath: join(home, '.smart-agent-neo/smart-agent-neo.json'),
      port: lab.port,
      unit: null,
      supervisor: kept.supervisor,
    };
  });
  afterAll(() => lab.destroy());

  const lives = async (): Promise<boolean> => (await readLife(host, gateway)).listening;
  const isDead = async (): Promise<boolean> => !(await readLife(host, gateway)).alive;
  const boot = (): Promise<void> => {
    kept.boot();
    return Promise.resolve();
  };

  it('is seen as it is, and looking changes nothing', async () => {
    const notes = kept.notes();
    const service = await readService(host, gateway);
    expect(isKeptUnseen(gateway)).toBe(!isSeen);
    if (isSeen) expect(service).toMatchObject({ installed: true, enabled: true, active: true, activeState: 'active' });
    else expect(service).toBeNull();
    expect(await lives()).toBe(true);
    expect(await readService(host, gateway)).toEqual(service);
    expect(kept.notes()).toBe(notes);
    expect(byHand(gateway, 'stop')).toMatch(/neo/);
    if (!isSeen) return;
    const [parent] = liveProcesses(lab.old.pidsFile).filter(({ role }) => role === 'parent');
    expect(service?.mainPid).toBe(parent?.pid);
  });

  // F91, F107
  it('is stopped without being disabled, stays down, and comes back when it is started; each twice', async () => {
    const notes = kept.notes();
    for (let twice = 0; twice < 2; twice += 1) expect(await stopService(host, gateway)).toBe(true);
    await waitFor('it is dead', isDead);
    expect(lab.running('old')).toEqual([]);
    if (isSeen) expect(await readService(host, gateway)).toMatchObject({ active: false, enabled: true, mainPid: null });
    for (let twice = 0; twice < 2; twice += 1) expect(await startService(host, gateway)).toBe(true);
    await waitFor('it serves', lives);
    expect(lab.running('old')).toHaveLength(1);
    expect(kept.notes()).toBe(notes);
  });

  if (isSeen) {
    it('comes back at a boot while it is enabled, not while it is disabled, and then as before', async () => {
      const notes = kept.notes();
      const before = await readService(host, gateway);
      await stopService(host, gateway);
      for (let twice = 0; twice < 2; twice += 1) await disableService(host, gateway);
      expect(await readService(host, gateway)).toMatchObject({ active: false, enabled: false, enabledAs: null });
      await boot();
      expect(lab.running('old')).toEqual([]);
      const as = before?.enabledAs ?? null;
      for (let twice = 0; twice < 2; twice += 1) await enableService(host, gateway, { as });
      expect(await readService(host, gateway)).toMatchObject({ active: false, enabled: true, enabledAs: as });
      expect(kept.notes()).toBe(notes);
      await boot();
      await waitFor('it serves', lives);
    });
  }

  // F93, F94
  it('is still counted as active when its process is gone and will come back', async () => {
    for (const { pid } of liveProcesses(lab.old.pidsFile)) process.kill(pid, 'SIGKILL');
    if (isSeen) expect(await readService(host, gateway)).toMatchObject({ active: true });
    expect(await stopService(host, gateway)).toBe(true);
    await waitFor('it is dead', isDead);
    if (kind === 'pm2') expect(existsSync(join(lab.old.home, '.pm2/stand-in-woken'))).toBe(false);
  });
});
