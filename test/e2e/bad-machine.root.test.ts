import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../src/core/exit.ts';
import { pull } from '../../src/visits/pull.ts';
import { makeLightLab, type LightLab } from '../kit/light-lab/light-lab.ts';
import { moverFor } from '../kit/mover.ts';
import { IMPATIENT, neoPull, type Ended } from '../kit/neo-pull.ts';
import { expectAsPictured, takePicture } from '../kit/picture.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { expectFourLines, finishedOf } from '../kit/told.ts';

// Several whole moves, with the waits of gateways that do not do as they are told.
vi.setConfig({ testTimeout: 150_000 });

const NOTHING = /^Nothing, on neither machine\.$/;

describe('an old machine of its own', () => {
  let lab: LightLab | undefined;
  afterEach(async () => {
    await lab?.destroy();
    lab = undefined;
  });

  function runIn({ user, address, identity, knownHosts, new: here }: LightLab, ...flags: string[]): Promise<Ended> {
    const argv = [`${user}@${address}`, '--yes', '-i', identity, '--known-hosts', knownHosts, ...IMPATIENT, ...flags];
    return neoPull(argv, { env: here.env });
  }

  it('whose line swallows everything is refused with 4, within --connect-timeout (F18)', async () => {
    lab = await makeLightLab();
    lab.linkDown();
    const begun = performance.now();
    const [told, json] = await Promise.all([
      runIn(lab, '--connect-timeout', '1.5'),
      runIn(lab, '--connect-timeout', '1.5', '--json'),
    ]);
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(told.code).toBe(EXIT.connect);
    expectFourLines(told, {
      code: 'host-unreachable',
      what: /did not answer within 1\.5 s/,
      changed: NOTHING,
      next: /nothing on the way drops the packets/,
    });
    expect(finishedOf(json)).toMatchObject({
      outcome: 'refused',
      running: 'old',
      problem: { code: 'host-unreachable' },
    });
    expect(lab.running()).toHaveLength(1);
  });

  it('whose port is taken on this machine by another program is refused with 3, with that program (F96)', async () => {
    lab = await makeLightLab();
    const { gatewayPort } = lab;
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(gatewayPort, '127.0.0.1', resolve));
    try {
      const [told, json] = await Promise.all([runIn(lab), runIn(lab, '--json')]);
      expect(told.code, told.stderr).toBe(EXIT.preflight);
      expectFourLines(told, {
        code: 'port-taken',
        what: new RegExp(`Port ${String(gatewayPort)} is in use on this machine by .*pid ${String(process.pid)}`),
        changed: NOTHING,
        next: new RegExp(`ss -ltnp 'sport = :${String(gatewayPort)}'`),
      });
      expect(finishedOf(json)).toMatchObject({ outcome: 'refused', running: 'old', problem: { code: 'port-taken' } });
      expect(lab.running()).toHaveLength(1);
      expect(lab.exec(['ls', '-A', '/home/olga']).stdout).not.toContain('.neo-pull-old');
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });
});

describe('a disk of this machine', () => {
  let lab: TempLab | undefined;
  let disk: string | undefined;
  afterEach(async () => {
    await lab?.destroy();
    lab = undefined;
    if (disk === undefined) return;
    spawnSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true, force: true });
    disk = undefined;
  });

  function mountDisk(megabytes: number): string {
    disk = mkdtempSync(join(tmpdir(), 'np-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,size=${String(megabytes)}m`, 'np-disk', disk]);
    return disk;
  }

  it('that is too small is refused with 3, with what is needed and what is free', async () => {
    lab = await makeTempLab({ runsAs: 'service' });
    const was = takePicture(lab);
    const mover = moverFor(lab, { asked: { toStateDir: join(mountDisk(1), 'state') } });
    const verdict = await pull(mover.tools, mover.request);
    expect(verdict).toMatchObject({ outcome: 'refused', running: 'old', exitCode: EXIT.preflight });
    expect(verdict.problem).toMatchObject({ code: 'disk-too-small' });
    expect(verdict.problem?.message).toMatch(/The copy needs [\d.]+ MiB at .*[\d.]+ (?:KiB|MiB) are free/);
    expect(verdict.problem?.hint).toMatch(/df -h/);
    expectAsPictured(lab, was);
  });

  it('that fills up in the middle of the copy: 7; with room made the next try goes on and moves (F61)', async () => {
    lab = await makeTempLab({ runsAs: 'service' });
    mkdirSync(join(lab.state.workspaces.main, 'big'));
    for (let n = 0; n < 8; n += 1) {
      writeFileSync(join(lab.state.workspaces.main, `big/${String(n)}.bin`), Buffer.alloc(1_000_000, `x${String(n)}`));
    }
    const at = mountDisk(24);
    const was = takePicture(lab);
    const filler = join(at, 'filler');
    const options = { asked: { toStateDir: join(at, 'state') } };
    const mover = moverFor(lab, {
      ...options,
      onEvent(event) {
        if (event.type === 'step.before' && event.step === 'seed') writeFileSync(filler, Buffer.alloc(20_000_000));
      },
    });
    const verdict = await pull(mover.tools, mover.request);
    expect(verdict).toMatchObject({
      outcome: 'failed',
      running: 'old',
      exitCode: EXIT.transfer,
      problem: { code: 'disk-full' },
    });
    expect(verdict.problem?.hint).toMatch(/./);
    expectAsPictured(lab, was);
    rmSync(filler);
    const again = moverFor(lab, options);
    expect(await pull(again.tools, again.request)).toMatchObject({
      outcome: 'moved',
      running: 'new',
      exitCode: EXIT.done,
    });
    expect(again.events.find((event) => event.type === 'run.started')?.run).toBe(mover.events.at(-1)?.run);
    expect(lab.hub.violations()).toEqual([]);
  });
});
