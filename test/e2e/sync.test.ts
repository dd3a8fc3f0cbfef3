import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../kit/ports.ts';
import { makeLoopbackLab, type LoopbackLab } from '../kit/loopback-lab.ts';
import { IMPATIENT, leadingTo, neoPull, type Ended } from '../kit/neo-pull.ts';

const BIG_BYTES = 3_000_000;

let lab: LoopbackLab;

function sync(): Promise<Ended> {
  return neoPull(['sync', `${lab.sshd.user}@127.0.0.1`, '--json', ...leadingTo(lab), ...IMPATIENT], {
    env: lab.new.env,
  });
}

/** What the passes of a run sent: files whose content went over, and bytes on the line. */
function sent({ events }: Ended, step: string): { files: number; wireBytes: number; deleted: number } {
  const passes = events.flatMap((event) => (event.type === 'run.transferred' && event.step === step ? [event] : []));
  const sum = (of: (one: (typeof passes)[number]) => number): number =>
    passes.reduce((total, one) => total + of(one), 0);
  return { files: sum((one) => one.files), wireBytes: sum((one) => one.wireBytes), deleted: sum((one) => one.deleted) };
}

function workspace(...names: string[]): string {
  return join(lab.state.workspaces.main, ...names);
}

beforeAll(async () => {
  lab = await makeLoopbackLab({ workspaceFiles: 500, runsAs: 'service' });
  writeFileSync(workspace('big.bin'), Buffer.alloc(BIG_BYTES, 'neo-pull '));
}, 60_000);
afterAll(async () => lab.destroy());

describe('sync from cold processes with changes between, then cutover from another', () => {
  let first: Ended;
  let runId = '';

  it('copies everything the first time, with the old gateway serving on', async () => {
    first = await sync();
    expect(first.code).toBe(0);
    expect(first.events.at(-1)).toMatchObject({ type: 'run.finished', outcome: 'staged', running: 'old', exitCode: 0 });
    expect(sent(first, 'seed').wireBytes).toBeGreaterThan(BIG_BYTES / 100);
    expect(lab.running('old')).not.toEqual([]);
    runId = first.events.at(-1)?.run ?? '';
  });

  it('sends next to nothing the second time, and goes on with the same run', async () => {
    const again = await sync();
    expect(again.events.at(-1)).toMatchObject({ outcome: 'staged', problem: null });
    expect(again.events.at(-1)?.run).toBe(runId);
    expect(sent(again, 'seed').files).toBeLessThan(10);
    expect(sent(again, 'seed').wireBytes).toBeLessThan(sent(first, 'seed').wireBytes / 2);
  });

  it('sends what changed and no more the third time, deletions too', async () => {
    writeFileSync(workspace('new file.md'), 'new\n');
    appendFileSync(workspace('big.bin'), 'a little more');
    rmSync(workspace('.git', 'description'), { force: true });
    const third = await sync();
    const { files, wireBytes } = sent(third, 'seed');
    // What the gateway itself writes meanwhile: its database, its live session, and their journals.
    expect(files).toBeGreaterThanOrEqual(2);
    expect(files).toBeLessThan(12);
    expect(wireBytes).toBeLessThan(BIG_BYTES / 2);
  });

  it('finds and shows the roots and the port that changed meanwhile, and moves by what it finds', async () => {
    const outside = join(lab.old.home, 'projects', 'second');
    mkdirSync(outside, { recursive: true });
    writeFileSync(join(outside, 'MEMORY.md'), 'remember\n');
    const port = await freePort();
    const config = readFileSync(lab.state.configPath, 'utf8');
    writeFileSync(
      lab.state.configPath,
      config.replace(String(lab.port), String(port)).replace(lab.state.workspaces.ops, outside),
    );
    lab.cli('old', 'gateway', 'install', '--force', '--port', String(port), '--json');
    const moved = await neoPull(['cutover', '--json', '--yes'], { env: lab.new.env });
    const notices = moved.events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    expect(notices.join('\n')).toContain(outside);
    expect(notices.join('\n')).toContain(`the port: ${String(port)} now, was ${String(lab.port)}`);
    expect(moved.events.at(-1)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(moved.events.at(-1)?.run).toBe(runId);
    expect(readFileSync(join(lab.new.home, 'projects/second/MEMORY.md'), 'utf8')).toBe('remember\n');
    expect((await fetch(`http://127.0.0.1:${String(port)}/`)).status).toBe(200);
    expect(lab.running('old')).toEqual([]);
    expect(lab.hub.violations()).toEqual([]);
  });

  it('says "already moved" when it is run again, and stops nothing (F107-like: nothing is touched)', async () => {
    const before = lab.running('new');
    const again = await neoPull([`${lab.sshd.user}@127.0.0.1`, '--json', '--yes', ...leadingTo(lab), ...IMPATIENT], {
      env: lab.new.env,
    });
    expect(again.events.at(-1)).toMatchObject({ outcome: 'already-moved', running: 'new', exitCode: 0 });
    expect(lab.running('new')).toEqual(before);
  });
});
