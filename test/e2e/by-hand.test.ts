import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reportMarkdown } from '../../src/cli/report-markdown.ts';
import { foldReport } from '../../src/core/report.ts';
import { LocalHost } from '../../src/host/local.ts';
import { machineByHand } from '../kit/manual-move.ts';
import { elf, wheel, writeTree } from '../kit/natives.ts';
import { nameInConfig } from '../kit/state/config.ts';
import type { TempLab } from '../kit/temp-lab.ts';
import { tryMove } from '../kit/try-move.ts';

/** Has `uname` say of one side that it is a machine of this kind. */
function isA(arch: string, side: TempLab['old']): void {
  const uname = join(side.path, 'bin/uname');
  writeFileSync(uname, `#!/bin/sh\n[ "$1" = -m ] && { echo ${arch}; exit; }\nexec /usr/bin/uname "$@"\n`);
  chmodSync(uname, 0o755);
}

function furnish({ state }: TempLab): void {
  const sqlite = 'extensions/voice/node_modules/better-sqlite3';
  writeTree(state.stateDir, {
    'extensions/voice/package.json': { name: 'voice' },
    'extensions/voice/package-lock.json': {},
    [`${sqlite}/package.json`]: { name: 'better-sqlite3', version: '9.0.0' },
    [`${sqlite}/build/Release/better_sqlite3.node`]: elf('x64'),
    'tools/signal-cli/bin/signal-cli': elf('x64', '', 2),
    'tools/everywhere/run.sh': '#!/bin/sh\n',
    'skills/weather/tool-for-arm': elf('arm64', '', 2),
  });
  writeTree(state.workspaces.main, {
    '.venv/pyvenv.cfg': 'home = /usr/bin\n',
    ...wheel('.venv', 'numpy', '2.1.0', elf('x64')),
  });
}

function pair({ state }: TempLab): string {
  const secret = 'token-of-the-phone';
  const file = join(state.stateDir, 'devices/paired.json');
  const paired = JSON.parse(readFileSync(file, 'utf8')) as object;
  const phone = { displayName: "Olga's phone", platform: 'ios', tokens: { operator: { token: secret } } };
  const node = { nodeId: 'n1', displayName: 'builder', platform: 'linux', token: secret };
  writeTree(state.stateDir, { 'devices/paired.json': { ...paired, phone }, 'nodes/paired.json': { n1: node } });
  return secret;
}

/** All that the guide says on the way: what the product's doctor tells after a plain copy, and the state of the new gateway. */
async function saidByHand(lab: TempLab): Promise<string> {
  const hand = await machineByHand(lab);
  hand.copy();
  hand.replacePaths();
  const said = [hand.cli('doctor', '--non-interactive'), hand.cli('status', '--json')];
  await hand.remove();
  expect(said.map(({ code }) => code)).toEqual([0, 0]);
  return said.map(({ stdout, stderr }) => stdout + stderr).join('');
}

test('a move to a machine of another kind lists exactly what was built for the old one, and every device that calls it; a copy and doctor say nothing of either (rows 12, 16)', async () => {
  let secret = '';
  await tryMove(
    {
      workspace: 'outside',
      prepare(lab) {
        isA('x86_64', lab.old);
        isA('aarch64', lab.new);
        furnish(lab);
        secret = pair(lab);
        nameInConfig(join(lab.state.stateDir, 'smart-agent-neo.json'), '"http://old.example:18789"');
        writeTree(lab.state.stateDir, {
          'sandbox/containers.json': { entries: [{ containerName: 'sbx-1', image: 'sandbox:1' }] },
          'cron/jobs.json': { jobs: [{ id: 'j1', name: 'daily', schedule: { kind: 'cron', expr: '0 9 * * *' } }] },
        });
      },
      old: (homes) =>
        new LocalHost({ label: 'old machine', env: { ...homes.old.env, TZ: 'Asia/Tokyo' }, cwd: homes.old.home }),
    },
    async ({ verdict, events, lab }) => {
      expect([verdict.outcome, verdict.running]).toEqual(['moved', 'new']);
      const plain = await saidByHand(lab);
      for (const name of ['better-sqlite3', 'signal-cli', 'numpy', 'old.example', "Olga's phone"])
        expect(plain).not.toContain(name);
      const report = foldReport(events);
      const live = join(lab.new.home, '.smart-agent-neo');
      const { listed, count } = report.byHand;
      expect(count).toBe(listed.length);
      const natives = listed.filter(({ id }) => id.startsWith('native:'));
      const workspace = lab.state.workspaces.main.replace(lab.old.home, lab.new.home);
      expect(natives.map(({ what, command }) => [what, command])).toEqual([
        [`packages of npm in ${live}/extensions/voice: better-sqlite3@9.0.0`, `cd ${live}/extensions/voice && npm ci`],
        [`programs in ${live}/tools/signal-cli/bin: signal-cli`, null],
        [
          `packages of Python in ${workspace}/.venv: numpy==2.1.0`,
          `python3 -m venv --upgrade ${workspace}/.venv && ${workspace}/.venv/bin/python -m pip install --force-reinstall --no-deps numpy==2.1.0`,
        ],
      ]);
      const others = listed.filter((one) => !natives.includes(one));
      expect(others.map(({ id }) => id).sort()).toEqual([
        'config:elsewhere',
        'container:sbx-1',
        'cron-job:j1',
        'device:devices:phone',
        'device:nodes:n1',
      ]);
      expect(others.find(({ id }) => id === 'config:elsewhere')?.command).toContain(`http://${hostname()}:18789`);
      const text = reportMarkdown(report);
      expect(text).toContain('## By hand');
      expect(text).toContain(`\`cd ${live}/extensions/voice && npm ci\``);
      expect(JSON.stringify(events)).not.toContain(secret);
    },
  );
});

test('a move between two machines of one kind leaves nothing to be done by hand', async () => {
  await tryMove(
    {
      prepare(lab) {
        furnish(lab);
        rmSync(join(lab.state.stateDir, 'cron'), { recursive: true });
      },
    },
    ({ verdict, events }) => {
      expect(verdict.outcome).toBe('moved');
      expect(foldReport(events).byHand).toEqual({ count: 0, listed: [] });
      expect(reportMarkdown(foldReport(events))).not.toContain('By hand');
    },
  );
});
