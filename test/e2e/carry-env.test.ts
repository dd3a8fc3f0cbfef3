import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Canaries } from '../kit/canaries.ts';
import { parseDotEnv } from '../kit/stand-in/program/dot-env.ts';
import { moverFor } from '../kit/mover.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { expectRolledBack, systemctl, tryMove, type Tried } from '../kit/try-move.ts';
import { waitFor } from '../kit/wait.ts';
import { reportMarkdown } from '../../src/cli/report-markdown.ts';
import { foldReport } from '../../src/core/report.ts';
import { pull } from '../../src/visits/pull.ts';

const CARRY = { asked: { carryEnv: true } };
const UNIT = 'smart-agent-neo-gateway.service';

/** The config asks for a bot token that only the unit sets; a file of the unit sets more, one of which `.env` has as well. */
function furnish(lab: TempLab, canaries: Canaries): void {
  const { home } = lab.old;
  const part = join(lab.state.stateDir, 'channels.json5');
  writeFileSync(part, readFileSync(part, 'utf8').replace(/tokenFile: "[^"]*"/, 'botToken: "${NP_BOT}"'));
  const folder = join(home, '.config/systemd/user', `${UNIT}.d`);
  mkdirSync(folder, { recursive: true });
  const file = join(home, 'neo.env');
  const words = [`NP_BOT=${canaries.of('bot')}`, 'SMART_AGENT_NEO_GATEWAY_TOKEN=own-token', `"NP_TWO=it's two words"`];
  writeFileSync(join(folder, 'keys.conf'), `[Service]\nEnvironment=${words.join(' ')}\nEnvironmentFile=-${file}\n`);
  writeFileSync(file, `NP_FILE=${canaries.of('file')}\nOTHER=${canaries.of('other')}\n`);
}

/** As if by hand: the service runs with what was added to its definition. */
async function restart(lab: TempLab): Promise<void> {
  systemctl(lab, 'stop');
  systemctl(lab, 'start');
  await waitFor('it runs again', () => lab.running('old').length === 1);
}

function envOf({ new: { home } }: TempLab): { values: Record<string, string>; text: string; mode: number } {
  const file = join(home, '.smart-agent-neo/.env');
  const text = readFileSync(file, 'utf8');
  return { text, values: parseDotEnv(text), mode: statSync(file).mode & 0o777 };
}

/** Every file of the run's folder but those in its undo folders. */
function told({ mover, events, verdict }: Tried): string {
  const folder = mover.stateHome;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const texts = files
    .filter(({ parentPath }) => !parentPath.includes('/undo-new'))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));
  return [...texts, JSON.stringify(events), JSON.stringify(verdict)].join('\n');
}

function openFiles({ mover }: Tried): string[] {
  const files = readdirSync(mover.stateHome, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return paths.filter((path) => path.includes('/undo-new/') && (statSync(path).mode & 0o077) !== 0);
}

/** Every command line of the moment: what is in an argv is there for all to see. */
function commandLines(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.map((pid) => cmdlineOf(pid)).join('\n');
}

function cmdlineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

describe('--carry-env', () => {
  it.each(['a running service', 'a service that is stopped'])(
    'brings what %s has from its unit into .env, and no value is told anywhere (F111)',
    async (what) => {
      const canaries = new Canaries();
      const isRunning = what === 'a running service';
      const seen: string[] = [];
      const prepare = async (lab: TempLab): Promise<void> => {
        furnish(lab, canaries);
        if (isRunning) await restart(lab);
        else systemctl(lab, 'stop');
      };
      await tryMove({ ...CARRY, runsAs: 'service', prepare, meanwhile: () => seen.push(commandLines()) }, (tried) => {
        const { lab, verdict, events } = tried;
        expect(verdict).toMatchObject({ running: 'new', problem: null });
        const [bot, file, other] = canaries.list();
        const { values, text, mode } = envOf(lab);
        expect(values).toMatchObject({ NP_BOT: bot, NP_FILE: file, NP_TWO: "it's two words", OTHER: 'plain' });
        expect(text).not.toContain('SMART_AGENT_NEO');
        expect(mode).toBe(0o600);
        expect(lab.hub.spoken().at(-1)).toMatchObject({ stateDir: join(lab.new.home, '.smart-agent-neo') });
        expect(lab.hub.violations()).toEqual([]);
        const all = [told(tried), ...seen].join('\n');
        for (const canary of [bot, file, other]) expect(all).not.toContain(canary);
        expect(openFiles(tried)).toEqual([]);
        const warned = events.flatMap((event) => (event.type === 'run.warned' ? [event.problem.code] : []));
        expect(warned).toContain('env-outranked');
        expect(events.findLast(({ type }) => type === 'run.reconciled')).toMatchObject({
          carried: ['NP_BOT', 'NP_FILE', 'NP_TWO'],
        });
      });
    },
  );

  it('makes an .env (0600) where there was none, and the report names each variable and how it got here', async () => {
    const canaries = new Canaries();
    const prepare = async (lab: TempLab): Promise<void> => {
      furnish(lab, canaries);
      writeFileSync(join(lab.old.home, 'neo.env'), 'EXAMPLE_API_KEY=x y\n');
      rmEnv(lab);
      await restart(lab);
    };
    await tryMove({ ...CARRY, runsAs: 'service', prepare }, ({ lab, verdict, events }) => {
      expect(verdict).toMatchObject({ running: 'new', problem: null });
      expect(envOf(lab)).toMatchObject({ mode: 0o600, values: { EXAMPLE_API_KEY: 'x y', NP_TWO: "it's two words" } });
      const report = foldReport(events);
      const fates = report.plan?.outside.map(({ name, fate }) => `${name} ${fate}`);
      expect(fates).toEqual(['EXAMPLE_API_KEY carried', 'NP_BOT carried', 'NP_TWO carried']);
      const paper = reportMarkdown(report);
      expect(paper).toContain('## Variables from outside of the state');
      expect(paper).toMatch(
        /\| `NP_BOT` \| used by the config, `unit \S+ \(drop-in keys\.conf\)`.*\| carried into \.env \|/,
      );
    });
  });

  it('is undone with everything else when the new gateway does not start', async () => {
    const canaries = new Canaries();
    const prepare = async (lab: TempLab): Promise<void> => {
      furnish(lab, canaries);
      rmEnv(lab);
      await restart(lab);
    };
    const traps = { new: { 'start-crashes': true } } as const;
    await tryMove({ ...CARRY, runsAs: 'service', prepare, traps, limits: { startMs: 2500 } }, (tried) => {
      expectRolledBack(tried, 9, 'new-did-not-start');
      const left = readdirSync(tried.mover.stateHome, { recursive: true, encoding: 'utf8' });
      expect(left.filter((path) => path.includes('carried') || path.includes('.ready'))).toEqual([]);
      expect(readdirSync(join(tried.lab.new.home, '.neo-pull/smart-agent-neo-state.staging'))).not.toContain('.env');
    });
  });

  it('stops nothing when a value is nowhere any more: rolled back, exit 9', async () => {
    const canaries = new Canaries();
    const prepare = (lab: TempLab): void => {
      furnish(lab, canaries);
      systemctl(lab, 'stop');
    };
    const meanwhile: Parameters<typeof tryMove>[0]['meanwhile'] = (event, { old }) => {
      if (event.type !== 'step.before' || event.step !== 'carry-env') return;
      writeFileSync(join(old.home, '.config/systemd/user', `${UNIT}.d`, 'keys.conf'), '[Service]\n');
    };
    await tryMove({ ...CARRY, runsAs: 'service', prepare, meanwhile }, ({ verdict, events }) => {
      expect(verdict).toMatchObject({ outcome: 'rolled-back', exitCode: 9, problem: { code: 'env-not-carried' } });
      expect(verdict.problem?.message).toContain('NP_BOT, NP_FILE, NP_TWO');
      expect(events.some((event) => event.type === 'step.before' && event.step === 'stop-old')).toBe(false);
    });
  });

  it('not given, a config that could not be loaded here is refused, and the flag is named (F55)', async () => {
    const canaries = new Canaries();
    const prepare = async (lab: TempLab): Promise<void> => {
      furnish(lab, canaries);
      await restart(lab);
    };
    await tryMove({ runsAs: 'service', prepare }, ({ lab, verdict, events }) => {
      expect(verdict).toMatchObject({ outcome: 'refused', running: 'old', exitCode: 3 });
      expect(verdict.problem).toMatchObject({ code: 'secret-needed', stops: true });
      expect(verdict.problem?.message).toMatch(/NP_BOT /);
      expect(verdict.problem?.hint).toContain('--carry-env');
      expect(events.some(({ type }) => type === 'step.before')).toBe(false);
      expect(lab.running('old')).toHaveLength(1);
    });
  });

  it('brings a key that the old gateway only inherited, which no config mentions and no file holds (F55)', async () => {
    const canaries = new Canaries();
    const [key, own] = [canaries.of('key'), canaries.of('own')];
    const lab = await makeTempLab({ runsAs: 'stopped', sessions: 2 });
    try {
      const inherited = { TELEGRAM_BOT_TOKEN: key, SMART_AGENT_NEO_GATEWAY_PASSWORD: own, EDITOR: 'vi' };
      await lab.startForeground('old', inherited);
      const mover = moverFor(lab, CARRY);
      expect(await pull(mover.tools, mover.request)).toMatchObject({ outcome: 'moved', running: 'new' });
      expect(envOf(lab).values).toMatchObject({ TELEGRAM_BOT_TOKEN: key, SMART_AGENT_NEO_GATEWAY_PASSWORD: own });
      expect(envOf(lab).text).not.toContain('EDITOR');
      const fates = foldReport(mover.events).plan?.outside.map(({ name, fate }) => `${name} ${fate}`);
      expect(fates).toEqual(['SMART_AGENT_NEO_GATEWAY_PASSWORD carried', 'TELEGRAM_BOT_TOKEN carried']);
      const said = JSON.stringify(mover.events);
      expect([said.includes(key), said.includes(own)]).toEqual([false, false]);
    } finally {
      await lab.destroy();
    }
  });
});

function rmEnv({ state }: TempLab): void {
  const config = readFileSync(state.configPath, 'utf8');
  writeFileSync(state.configPath, config.replaceAll('${EXAMPLE_API_KEY}', 'none'));
  rmSync(join(state.stateDir, '.env'));
}
