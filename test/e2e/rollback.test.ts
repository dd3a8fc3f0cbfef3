import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pull } from '../../src/visits/pull.ts';
import { resume } from '../../src/visits/resume.ts';
import { rollback } from '../../src/visits/rollback.ts';
import { unfence } from '../../src/visits/unfence.ts';
import { verify } from '../../src/visits/verify.ts';
import { listTree } from '../kit/listing.ts';
import { moverFor, type Mover } from '../kit/mover.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { waitFor } from '../kit/wait.ts';

let lab: TempLab;
let mover: Mover;
let formerLive: ReturnType<typeof listTree>;

const live = (): string => join(lab.new.home, '.smart-agent-neo');

beforeAll(async () => {
  lab = await makeTempLab({ runsAs: 'service' });
  mkdirSync(join(live(), 'workspace'), { recursive: true, mode: 0o700 });
  writeFileSync(join(live(), 'smart-agent-neo.json'), '{ gateway: { mode: "local", port: 1 } } // a trial set-up\n');
  writeFileSync(join(live(), 'workspace', 'MEMORY.md'), 'what the trial remembered\n');
  formerLive = listTree(live());
  mover = moverFor(lab, { asked: { replace: true } });
}, 60_000);
afterAll(async () => lab.destroy());

describe('a move that is taken back after its commit', () => {
  it('first parks what was here, and never overwrites it', async () => {
    expect(await pull(mover.tools, mover.request)).toMatchObject({ outcome: 'moved', exitCode: 0 });
    const parked = readdirSync(join(lab.new.home, '.neo-pull')).find((name) => name.includes('.parked-'));
    expect(listTree(join(lab.new.home, '.neo-pull', parked ?? ''))).toEqual(formerLive);
  });

  it('is refused with 12 where nobody can be asked, and changes nothing: --yes does not answer it (F103)', async () => {
    const verdict = await rollback(mover.tools, null, { connect: {}, afterCommit: false });
    expect(verdict).toMatchObject({ outcome: 'refused', running: 'new', exitCode: 12 });
    expect(lab.running('new')).not.toEqual([]);
    expect(lab.running('old')).toEqual([]);
  });

  it('gives the gateway back, keeps what the new one wrote, and restores what was here', async () => {
    writeFileSync(join(live(), 'workspace', 'written-on-the-new-machine.md'), 'do not lose me\n');
    const verdict = await rollback(mover.tools, null, { connect: {}, afterCommit: true });
    expect(verdict).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 0 });
    expect(lab.running('new')).toEqual([]);
    expect(lab.running('old')).not.toEqual([]);
    expect(listTree(live())).toEqual(formerLive);
    const saved = mover.events.findLast((event) => event.type === 'run.saved');
    const kept = saved?.type === 'run.saved' ? saved.path : '';
    expect(readFileSync(join(kept, 'workspace', 'written-on-the-new-machine.md'), 'utf8')).toBe('do not lose me\n');
    expect(existsSync(join(lab.old.home, '.neo-pull-old'))).toBe(false);
    expect(lab.cli('old', 'gateway', 'status', '--json').stdout).toContain('"loadedText": "enabled"');
    expect(lab.hub.violations()).toEqual([]);
  });

  it('twice is once (F102), and there is nothing to resume', async () => {
    const before = lab.running('old');
    expect(await rollback(mover.tools, null, { connect: {}, afterCommit: true })).toMatchObject({
      outcome: 'rolled-back',
      exitCode: 0,
    });
    expect(lab.running('old')).toEqual(before);
    expect(listTree(live())).toEqual(formerLive);
    expect((await verify(mover.tools, null, {})).outcome).toBe('failed');
  });

  it('can be moved again, in a run of its own, with the kept folder left as it is', async () => {
    const again = moverFor(lab, { asked: { replace: true } });
    expect(await pull(again.tools, again.request)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(again.events.at(-1)?.run).not.toBe(mover.events.at(-1)?.run);
    expect(readdirSync(join(lab.new.home, '.neo-pull')).filter((name) => name.includes('.kept-'))).toHaveLength(1);
    expect(await verify(again.tools, null, {})).toMatchObject({ outcome: 'verified', running: 'new', exitCode: 0 });
    expect(await resume(again.tools, null, {})).toMatchObject({ outcome: 'already-moved', exitCode: 0 });
    expect(lab.hub.violations()).toEqual([]);
  });

  it('the fence stays on while the new gateway can run, and comes off as it was found when a person asks for that (F107)', async () => {
    const note = join(lab.old.home, '.neo-pull-old/default/MOVED');
    expect(readFileSync(note, 'utf8')).toMatch(/neo-pull unfence \S+ +only lets it start here as before/);
    const unit = 'smart-agent-neo-gateway.service';
    const enabled = (): boolean =>
      spawnSync('systemctl', ['--user', 'is-enabled', unit], { env: lab.old.env, encoding: 'utf8' }).stdout.trim() ===
      'enabled';
    const refused = await unfence(mover.tools, null, {});
    expect(refused).toMatchObject({ exitCode: 3, problem: { code: 'unfence-refused' } });
    expect(enabled()).toBe(false);
    spawnSync('systemctl', ['--user', 'disable', '--now', unit], { env: lab.new.env });
    await waitFor('the new gateway is off', () => lab.running('new').length === 0);
    const nobody = moverFor(lab, { tools: { yes: false } });
    expect(await unfence(nobody.tools, null, {})).toMatchObject({ exitCode: 12 });
    expect(enabled()).toBe(false);
    const done = await unfence(mover.tools, 'olga@old.example', {});
    expect(done).toMatchObject({ outcome: 'unfenced', running: 'none', exitCode: 0 });
    expect(enabled()).toBe(true);
    expect(existsSync(note)).toBe(false);
    expect(lab.running('old')).toEqual([]);
    expect(await resume(mover.tools, null, {})).toMatchObject({ exitCode: 2, problem: { code: 'run-not-ready' } });
    const back = await rollback(mover.tools, null, { connect: {}, afterCommit: true });
    expect(back).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 0 });
    expect(mover.events.some((event) => event.type === 'notice' && /have moved on/.test(event.message))).toBe(true);
    expect(lab.running('old')).toHaveLength(1);
    expect(listTree(live())).toEqual(formerLive);
    expect(lab.hub.violations()).toEqual([]);
  });
});
