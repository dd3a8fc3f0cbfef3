import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { blackHole } from '../kit/black-hole.ts';
import { makeLoopbackLab, type LoopbackLab } from '../kit/loopback-lab.ts';
import { IMPATIENT, leadingTo, neoPull, type Ended } from '../kit/neo-pull.ts';
import { waitFor } from '../kit/wait.ts';

let lab: LoopbackLab | undefined;
afterEach(async () => {
  await lab?.destroy();
  lab = undefined;
});

/** How long nothing comes: five minutes when there is time. */
const HOLE_S = process.env['SLOW'] === '1' ? 300 : 8;

/** Moves, and does something to the line once, when this text was printed. */
function pullAnd(at: LoopbackLab, text: string, act: () => void, flags: readonly string[] = []): Promise<Ended> {
  let seen = '';
  let done = false;
  const argv = [`${at.sshd.user}@127.0.0.1`, '--json', '--yes', ...leadingTo(at), ...IMPATIENT, ...flags];
  return neoPull(argv, {
    env: at.new.env,
    onOutput(printed) {
      seen += printed;
      if (done || !seen.includes(text)) return;
      done = true;
      act();
    },
  });
}

describe('when the line is cut', () => {
  it('in the middle of the seed, the copy goes on where it broke, and the move succeeds (F17)', async () => {
    lab = await makeLoopbackLab();
    const { sshd, state } = lab;
    writeFileSync(join(state.workspaces.main, 'big.bin'), Buffer.alloc(6_000_000, 'x1y2z3'));
    const ended = await pullAnd(lab, '"type":"progress"', () => sshd.drop(), ['--bwlimit', '2000']);
    expect(ended.events.some((event) => event.type === 'notice' && /connection was lost/i.test(event.message))).toBe(
      true,
    );
    expect(ended.events.at(-1)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(lab.hub.violations()).toEqual([]);
  });

  it(
    'and nothing comes any more, not even a refusal, it is noticed, waited out and gone on with (F18)',
    { timeout: 1_200_000 },
    async () => {
      lab = await makeLoopbackLab();
      const { sshd, state, path } = lab;
      writeFileSync(join(state.workspaces.main, 'big.bin'), Buffer.alloc(6_000_000, 'x1y2z3'));
      const wire = await blackHole(sshd.port);
      const known = join(path, 'known');
      writeFileSync(known, readFileSync(sshd.knownHosts, 'utf8').replaceAll(String(sshd.port), String(wire.port)));
      const pulse = ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=2', '--connect-timeout', '2'];
      const way = ['-p', String(wire.port), '--known-hosts', known, '--reconnect-timeout', String(HOLE_S + 60)];
      try {
        const ended = await pullAnd(lab, '"type":"progress"', () => wire.swallow(HOLE_S * 1000), [
          ...['--bwlimit', '2000', ...pulse, ...way],
        ]);
        const told = ended.events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
        expect(told.some((message) => /connection was lost/i.test(message))).toBe(true);
        expect(ended.events.at(-1)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
        expect(lab.hub.violations()).toEqual([]);
      } finally {
        await wire.close();
      }
    },
  );

  it('right after the stop was sent, everything is put back: the old gateway runs again as before (F20)', async () => {
    lab = await makeLoopbackLab({ runsAs: 'service' });
    const { sshd } = lab;
    const ended = await pullAnd(lab, '"type":"run.down"', () => sshd.drop());
    expect(ended.events.at(-1)).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 9 });
    expect(ended.code).toBe(9);
    await expectAsBefore(lab);
  });

  it('in the middle of the cutover, everything is put back', async () => {
    lab = await makeLoopbackLab({ runsAs: 'foreground' });
    const { sshd } = lab;
    const ended = await pullAnd(lab, '"step":"last-delta"', () => sshd.drop());
    expect(ended.events.at(-1)).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 9 });
    await expectAsBefore(lab);
  });

  it('for good in the middle of the cutover, it ends with 10, says what to do by hand, and a later rollback finishes (F101)', async () => {
    lab = await makeLoopbackLab({ runsAs: 'service' });
    const { sshd } = lab;
    const argv = ['--reconnect-timeout', '1'];
    const ended = await pullAnd(lab, '"step":"last-delta"', () => void sshd.halt(), argv);
    const last = ended.events.at(-1);
    expect(last).toMatchObject({ type: 'run.finished', outcome: 'failed', exitCode: 10 });
    expect(lab.running('new')).toEqual([]);
    const finished = last?.type === 'run.finished' ? last.problem : null;
    expect(finished?.hint).toMatch(/neo-pull rollback/);
    const { startSshd } = await import('../kit/sshd.ts');
    const again = await startSshd({ env: lab.old.env, port: sshd.port, serve: sshd.hostKeys });
    try {
      const flags = ['-i', again.identity.path, '--known-hosts', sshd.knownHosts];
      const back = await neoPull(['rollback', '--json', ...flags], { env: lab.new.env });
      expect(back.events.at(-1)).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 0 });
      await expectAsBefore(lab);
    } finally {
      await again.stop();
    }
  });
});

async function expectAsBefore(at: LoopbackLab): Promise<void> {
  await waitFor('the old gateway runs', () => at.running('old').length > 0);
  expect(at.running('new')).toEqual([]);
  expect(existsSync(join(at.new.home, '.smart-agent-neo'))).toBe(false);
  expect(readdirSync(at.old.home)).not.toContain('.neo-pull-old');
  expect(at.hub.violations()).toEqual([]);
}
