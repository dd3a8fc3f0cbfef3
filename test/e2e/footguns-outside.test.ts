import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../src/core/exit.ts';
import type { Problem } from '../../src/core/problem.ts';
import { pull } from '../../src/visits/pull.ts';
import { machineByHand } from '../kit/manual-move.ts';
import { moverFor, type Mover } from '../kit/mover.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { systemctl, tryMove } from '../kit/try-move.ts';
import { waitFor } from '../kit/wait.ts';

// Two whole moves of one machine, by hand and by neo-pull.
vi.setConfig({ testTimeout: 150_000 });

const ENV_FILE = '.smart-agent-neo/.env';
const UNIT_FILE = '.config/systemd/user/smart-agent-neo-gateway.service';

function put(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

function warned({ events }: Pick<Mover, 'events'>, code: Problem['code']): Problem | undefined {
  const plans = events.flatMap((event) => (event.type === 'plan.made' ? [event.plan] : []));
  return plans.at(-1)?.warnings.find((problem) => problem.code === code);
}

function sessionsAt(cli: (...argv: string[]) => { stdout: string }): number {
  return (JSON.parse(cli('sessions', '--json', '--all-agents').stdout) as { count: number }).count;
}

describe('a key that only the unit of the old machine has', () => {
  const secrets = { providers: { mac: { source: 'exec', command: '/usr/bin/security' } } };
  const prepare = ({ old }: TempLab): void => {
    const { 0: line = '' } = readFileSync(join(old.home, ENV_FILE), 'utf8').split('\n');
    edit(join(old.home, ENV_FILE), (text) => text.replace(`${line}\n`, ''));
    put(join(old.home, `${UNIT_FILE}.d/key.conf`), `[Service]\nEnvironment=${line}\n`);
  };

  it('is missing by hand, and the new gateway does not start; neo-pull names it and stops nothing (row 7, F55)', () =>
    tryMove({ runsAs: 'service', config: { secrets }, prepare }, async ({ lab, verdict, mover }) => {
      expect(verdict).toMatchObject({ outcome: 'refused', running: 'old', problem: { code: 'secret-needed' } });
      expect(verdict.problem?.message).toContain('EXAMPLE_API_KEY');
      expect(mover.events.some(({ type }) => type === 'step.before')).toBe(false);
      expect(lab.running('old')).toHaveLength(1);

      const hand = await machineByHand(lab);
      systemctl(lab, 'stop');
      hand.copy();
      hand.replacePaths();
      await expect(hand.start()).rejects.toThrow(/Missing env var "EXAMPLE_API_KEY"/);
      await hand.remove();
      expect([lab.running('old'), lab.running('new')]).toEqual([[], []]);
      systemctl(lab, 'start');
      await waitFor('the old gateway is up again', () => lab.running('old').length === 1);

      // What the refusal says to do.
      edit(join(lab.old.home, ENV_FILE), (text) => `EXAMPLE_API_KEY=as-before\n${text}`);
      const again = moverFor(lab);
      expect(await pull(again.tools, again.request)).toMatchObject({ outcome: 'moved', running: 'new' });
      expect(warned(again, 'secret-left-behind')).toBeUndefined();
    }));

  it('and what a keychain of it holds is named where a config asks one, and only there (row 15)', () =>
    tryMove({ runsAs: 'stopped', config: { secrets } }, async ({ lab, mover }) => {
      const hand = await machineByHand(lab);
      hand.copy();
      hand.replacePaths();
      const { code, stdout } = hand.cli('doctor', '--non-interactive');
      await hand.remove();
      expect([code, stdout.includes('mac')]).toEqual([0, false]);
      expect(warned(mover, 'secret-by-command')?.message).toContain('mac runs /usr/bin/security');
      expect(warned(mover, 'secret-left-behind')).toBeUndefined();
    }));
});

describe('a new machine with an older release of the product', () => {
  it('does not serve by hand what a newer one wrote, and nobody serves; neo-pull refuses first (row 9, F98)', () =>
    tryMove(
      {
        runsAs: 'service',
        versions: { old: '2026.9.6', new: '2026.7.1' },
        prepare: ({ state }) => {
          edit(state.configPath, (text) => text.replace('"2026.2.26"', '"2026.9.6"'));
        },
      },
      async ({ lab, verdict }) => {
        expect(verdict).toMatchObject({ exitCode: EXIT.preflight, problem: { code: 'product-older-new' } });
        expect(verdict.problem?.message).toMatch(/2026\.9\.6.*2026\.7\.1/);
        expect(lab.running('old')).toHaveLength(1);

        const hand = await machineByHand(lab, { version: '2026.7.1' });
        lab.cli('old', 'gateway', 'stop', '--json');
        hand.copy();
        hand.replacePaths();
        await expect(hand.start()).rejects.toThrow(/newer than 2026\.7\.1/);
        await hand.remove();
        expect([lab.running('old'), lab.running('new')]).toEqual([[], []]);
      },
    ));
});

describe('a gateway whose state is not where its product puts it', () => {
  it('is left behind by hand, where the usual place has an old trial; neo-pull sees both and asks which (row 13)', async () => {
    const lab = await makeTempLab({ runsAs: 'stopped', sessions: 2 });
    try {
      const { old, state } = lab;
      const real = join(old.home, 'gateway-state');
      renameSync(state.stateDir, real);
      spawnSync('sed', ['-i', `s|${state.stateDir}/|${real}/|g`, ...pathFiles(real)]);
      put(join(state.stateDir, 'smart-agent-neo.json'), '{ gateway: { mode: "local" } }\n');
      mkdirSync(join(state.stateDir, 'agents/main/sessions'), { recursive: true });
      await lab.startForeground('old', { SMART_AGENT_NEO_STATE_DIR: real });

      const hand = await machineByHand(lab);
      hand.copy();
      expect(sessionsAt(hand.cli)).toBe(0);
      await hand.remove();

      const first = moverFor(lab);
      const asked = await pull(first.tools, first.request);
      expect(asked).toMatchObject({ exitCode: EXIT.discovery, problem: { code: 'discovery-conflict' } });
      for (const place of [real, state.stateDir]) expect(asked.problem?.message).toContain(place);
      const { tools, request } = moverFor(lab, { asked: { stateDir: real } });
      expect(await pull(tools, request)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
      const index = JSON.parse(
        readFileSync(join(lab.new.home, 'gateway-state/agents/main/sessions/sessions.json'), 'utf8'),
      ) as object;
      expect(Object.keys(index)).toHaveLength(state.sessions.main.length);
    } finally {
      await lab.destroy();
    }
  });
});

function pathFiles(stateDir: string): string[] {
  const indexes = ['main', 'ops'].map((agent) => `agents/${agent}/sessions/sessions.json`);
  return ['smart-agent-neo.json', 'channels.json5', 'exec-approvals.json', ...indexes].map((name) =>
    join(stateDir, name),
  );
}
