import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planLines } from '../../src/cli/plan-screen.ts';
import { reportMarkdown } from '../../src/cli/report-markdown.ts';
import type { Fate } from '../../src/core/fate.ts';
import type { Plan } from '../../src/core/plan.ts';
import { foldReport } from '../../src/core/report.ts';
import { pull } from '../../src/visits/pull.ts';
import { moverFor } from '../kit/mover.ts';
import { nameInConfig } from '../kit/state/config.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { at, tryMove, type Tried } from '../kit/try-move.ts';

function put(file: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode });
}

/** What a copy of the state dir alone brings to another home. */
function plainCopy({ old, path }: TempLab): string {
  const home = join(path, 'plain');
  mkdirSync(home);
  const args = ['-a', `${old.home}/.smart-agent-neo`, `${home}/`];
  expect(spawnSync('rsync', args).status).toBe(0);
  return home;
}

function planOf({ events }: Tried): Plan {
  const made = events.find((event) => event.type === 'plan.made');
  if (made?.type !== 'plan.made') throw new Error('no plan was made');
  return made.plan;
}

function fateOf(tried: Tried, path: string): Fate | undefined {
  return planOf(tried).fates.find((one) => one.path === path);
}

const screen = (plan: Plan): string =>
  planLines(plan, { columns: 200, colour: false, live: false, unicode: true }).join('\n');
const modeOf = (file: string): string => (lstatSync(file).mode & 0o777).toString(8);

/** Secrets and parts of the config in single files, all over the home. */
function scatter({ old, state }: TempLab): void {
  put(join(old.home, 'bot.token'), 'bot-token\n');
  put(join(old.home, 'google.json'), '{}\n', 0o640);
  put(join(old.home, 'tls/key.pem'), 'key\n');
  put(join(old.home, 'tls/not-named.pem'), 'other\n');
  put(join(old.home, 'conf/part.json5'), `{ certificate: "~/tls/key.pem", tokenFile: "${old.home}/bot.token" }\n`);
  nameInConfig(state.configPath, `{ "$include": "../conf/part.json5", serviceAccountFile: "${old.home}/google.json" }`);
}

describe('single files outside of the state dir', () => {
  it('move to the same places in the new home, closed to others, with the paths in them rewritten (F110)', () =>
    tryMove({ prepare: scatter }, (tried) => {
      const { lab, verdict } = tried;
      const names = ['bot.token', 'google.json', 'tls/key.pem', 'conf/part.json5'];
      const plain = plainCopy(lab);
      expect(names.filter((name) => existsSync(join(plain, name)))).toEqual([]);
      expect(verdict).toMatchObject({ outcome: 'moved', exitCode: 0 });
      const [old, here] = [lab.old.home, lab.new.home];
      expect(names.map((name) => modeOf(join(here, name)))).toEqual(names.map(() => '600'));
      expect(readFileSync(join(here, 'tls/key.pem'), 'utf8')).toBe('key\n');
      expect(readFileSync(join(here, 'conf/part.json5'), 'utf8')).toContain(`tokenFile: "${here}/bot.token"`);
      expect(modeOf(join(here, 'tls'))).toBe('700');
      // Nothing but what was named.
      expect(existsSync(join(here, 'tls/not-named.pem'))).toBe(false);
      for (const name of names) expect(fateOf(tried, join(old, name))).toMatchObject({ fate: 'own-root', why: null });
      expect(screen(planOf(tried))).toContain(join(old, 'tls/key.pem'));
    }));

  it('are taken back with all else, and so are the directories that were made for them', () =>
    tryMove(
      {
        asked: { replace: true },
        prepare: (lab) => {
          scatter(lab);
          put(join(lab.new.home, 'google.json'), 'was here\n');
        },
        meanwhile: at('step.applied', 'swap', ({ new: here }) => {
          // Somebody writes it anew, as gateways do: another file by the same name.
          expect(existsSync(join(here.home, 'tls/key.pem'))).toBe(true);
          put(join(here.home, 'google.draft'), 'written since\n');
          renameSync(join(here.home, 'google.draft'), join(here.home, 'google.json'));
          rmSync(here.product.prefix, { recursive: true });
        }),
      },
      (tried) => {
        expect(tried.verdict.outcome).toBe('rolled-back');
        expect(readFileSync(join(tried.lab.new.home, 'google.json'), 'utf8')).toBe('was here\n');
        expect(existsSync(join(tried.lab.new.home, 'tls'))).toBe(false);
        expect(existsSync(join(tried.lab.new.home, 'conf'))).toBe(false);
      },
    ));

  it('are not put over what is in their place without consent', () =>
    tryMove(
      {
        prepare: (lab) => {
          scatter(lab);
          put(join(lab.new.home, 'bot.token'), 'was here\n');
        },
      },
      ({ lab, verdict }) => {
        expect(verdict).toMatchObject({ outcome: 'refused', problem: { code: 'live-exists' } });
        expect(verdict.problem?.message).toContain(join(lab.new.home, 'bot.token'));
        expect(readFileSync(join(lab.new.home, 'bot.token'), 'utf8')).toBe('was here\n');
      },
    ));

  it('include the approvals of the product, which lie in its usual state dir whatever the profile', () =>
    tryMove(
      {
        profile: 'work',
        prepare: ({ old }) => put(join(old.home, '.smart-agent-neo/exec-approvals.json'), '{"version":1}\n', 0o600),
      },
      (tried) => {
        const { lab, verdict } = tried;
        expect(verdict).toMatchObject({ outcome: 'moved', exitCode: 0 });
        expect(readFileSync(join(lab.new.home, '.smart-agent-neo/exec-approvals.json'), 'utf8')).toBe(
          '{"version":1}\n',
        );
      },
    ));

  it('that the config names only since the look hold the cutover back', () =>
    tryMove(
      {
        meanwhile: at('step.applied', 'fence-old', ({ old, state }) => {
          put(join(old.home, 'late.token'), 'late\n');
          nameInConfig(state.configPath, `"${old.home}/late.token"`);
        }),
      },
      ({ verdict, lab }) => {
        expect(verdict).toMatchObject({ outcome: 'rolled-back', problem: { code: 'root-appeared' } });
        expect(verdict.problem?.message).toContain(join(lab.old.home, 'late.token'));
      },
    ));
});

describe('directories outside of the state dir', () => {
  const furnish = ({ old, state }: TempLab): void => {
    put(join(old.home, 'own skills/greet/SKILL.md'), '# greet\n');
    put(join(old.home, 'own skills/greet/run.sh'), '#!/bin/sh\n', 0o755);
    put(join(old.home, 'wa-auth/creds.json'), '{}\n', 0o644);
    put(join(old.home, 'dotfiles/env'), 'A=1\n');
    symlinkSync(join(old.home, 'dotfiles/env'), join(state.stateDir, 'more.env'));
    put(join(old.home, 'dotfiles/cron/jobs.json'), '[]\n');
    symlinkSync('../dotfiles/cron', join(state.stateDir, 'cron-more'));
    const dirs = `{ extraDirs: ["~/own skills"], authDir: "${old.home}/wa-auth", paths: ["${state.stateDir}/skills"] }`;
    nameInConfig(state.configPath, dirs);
  };

  it('move when the config names them as the gateway’s, or a symlink in the state leads to them', () =>
    tryMove({ prepare: furnish }, (tried) => {
      const { lab, verdict } = tried;
      const plain = plainCopy(lab);
      expect(existsSync(join(plain, 'own skills'))).toBe(false);
      expect(existsSync(join(plain, '.smart-agent-neo/cron-more/jobs.json'))).toBe(false);
      expect(verdict).toMatchObject({ outcome: 'moved', exitCode: 0 });
      const here = lab.new.home;
      expect(modeOf(join(here, 'own skills/greet/run.sh'))).toBe('755');
      expect(modeOf(join(here, 'wa-auth/creds.json'))).toBe('600');
      expect(readlinkSync(join(here, '.smart-agent-neo/more.env'))).toBe(join(here, 'dotfiles/env'));
      expect(readFileSync(join(here, '.smart-agent-neo/more.env'), 'utf8')).toBe('A=1\n');
      expect(readFileSync(join(here, '.smart-agent-neo/cron-more/jobs.json'), 'utf8')).toBe('[]\n');
      expect(fateOf(tried, join(lab.old.home, 'own skills'))).toMatchObject({ fate: 'own-root' });
      expect(fateOf(tried, join(lab.state.stateDir, 'skills'))).toMatchObject({ fate: 'with-root', root: 'state' });
    }));

  it.each([
    { what: 'the root directory', dir: () => '/' },
    { what: 'a whole home', dir: () => '~' },
    { what: 'a directory of the system', dir: () => '/usr' },
    { what: 'the home by a symlink', dir: ({ old }: TempLab) => join(old.home, 'work-link') },
  ])('are refused when one is $what, before anything is counted (F56, F57)', ({ dir }) =>
    tryMove(
      {
        runsAs: 'stopped',
        prepare: (lab) => {
          symlinkSync(lab.old.home, join(lab.old.home, 'work-link'));
          nameInConfig(lab.state.configPath, `{ extraDirs: [${JSON.stringify(dir(lab))}] }`);
        },
      },
      ({ verdict }) => {
        expect(verdict).toMatchObject({ outcome: 'refused', exitCode: 3, problem: { code: 'root-refused' } });
      },
    ),
  );
});

describe('places on the new machine', () => {
  it('are apart: one inside of the new state dir is refused before anything is stopped', async () => {
    const lab = await makeTempLab({ sessions: 2 });
    try {
      put(join(lab.old.home, 'more/AGENTS.md'), '#\n');
      const to = join(lab.new.home, '.smart-agent-neo/more');
      const mover = moverFor(lab, { asked: { workspaces: [{ from: join(lab.old.home, 'more'), to }] } });
      const verdict = await pull(mover.tools, mover.request);
      expect(verdict).toMatchObject({ outcome: 'refused', exitCode: 3, problem: { code: 'roots-collide' } });
      expect(lab.running('old')).not.toHaveLength(0);
    } finally {
      await lab.destroy();
    }
  });

  it('follow the real place of a workspace that is a symlink in the state dir, and the symlink follows', () =>
    tryMove(
      {
        prepare: ({ old, state }) => {
          mkdirSync(join(old.home, 'big'));
          renameSync(state.workspaces.main, join(old.home, 'big/ws'));
          symlinkSync(join(old.home, 'big/ws'), state.workspaces.main);
        },
      },
      ({ lab, verdict }) => {
        // A plain copy has a link that leads to the old machine's home.
        expect(readlinkSync(join(plainCopy(lab), '.smart-agent-neo/workspace'))).toBe(join(lab.old.home, 'big/ws'));
        expect(verdict).toMatchObject({ outcome: 'moved', exitCode: 0 });
        const link = join(lab.new.home, '.smart-agent-neo/workspace');
        expect(readlinkSync(link)).toBe(join(lab.new.home, 'big/ws'));
        expect(existsSync(join(link, 'SOUL.md'))).toBe(true);
      },
    ));
});

describe('what stays', () => {
  it('is named with the reason in plan and report, and whether this machine has it', () =>
    tryMove(
      {
        prepare: ({ old, state }) => {
          mkdirSync(join(old.home, 'bin'));
          copyFileSync('/bin/true', join(old.home, 'bin/tool'));
          put(join(old.home, '.nvm/versions/node/v22/lib/cli.js'), '//\n');
          put(join(old.home, 'data/big.bin'), 'x\n');
          symlinkSync(join(old.home, 'data'), join(state.workspaces.main, 'data'));
          const value = [
            '/usr/bin/env',
            '/srv/no/such/file',
            '~/bin/tool',
            '~/.nvm/versions/node/v22/lib/cli.js',
            '~/gone.pem',
          ];
          nameInConfig(state.configPath, JSON.stringify(value));
        },
      },
      (tried) => {
        const { lab, verdict, events } = tried;
        expect(verdict).toMatchObject({ outcome: 'moved', exitCode: 0 });
        const why = (path: string) => fateOf(tried, path);
        expect(why('/usr/bin/env')).toMatchObject({ fate: 'stays', why: 'system', isHere: true });
        expect(why('/srv/no/such/file')).toMatchObject({ why: 'missing' });
        expect(why(join(lab.old.home, 'gone.pem'))).toMatchObject({ why: 'missing' });
        expect(why(join(lab.old.home, 'bin/tool'))).toMatchObject({ why: 'program', isHere: false });
        expect(why(join(lab.old.home, '.nvm/versions/node/v22/lib/cli.js'))).toMatchObject({ why: 'installation' });
        expect(why(join(lab.old.home, 'data'))).toMatchObject({ why: 'not-ours' });
        expect(existsSync(join(lab.new.home, 'bin/tool'))).toBe(false);
        const said = `${join(lab.old.home, 'bin/tool')}: it is a program built for the old machine; this machine has nothing there`;
        expect(screen(planOf(tried))).toContain(said);
        const report = reportMarkdown(foldReport(events));
        expect(report).toContain('## Named, and not moved');
        expect(report).toContain('it is a program built for the old machine; this machine has nothing there');
      },
    ));
});
