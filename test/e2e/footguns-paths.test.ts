import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pull } from '../../src/visits/pull.ts';
import type { Verdict } from '../../src/visits/visit.ts';
import { machineByHand, whileOldIsElsewhere, type ByHand } from '../kit/manual-move.ts';
import { moverFor } from '../kit/mover.ts';
import { endProcesses } from '../kit/side.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { systemctl } from '../kit/try-move.ts';
import { waitFor } from '../kit/wait.ts';

// Two whole moves of one machine, by hand and by neo-pull.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

interface Agents {
  readonly id: string;
  readonly workspace: string;
}
interface Sessions {
  readonly count: number;
  readonly sessions: readonly { readonly transcriptLines: number | null }[];
}

/** What a plain copy has come to, as its own product tells. */
interface Plain {
  readonly agents: readonly Agents[];
  readonly sessions: Sessions;
  readonly warned: string;
  readonly health: { readonly code: number | null; readonly stdout: string };
  readonly madeAnew: readonly string[];
  readonly newTranscript: string;
  readonly transcripts: { readonly before: number; readonly after: number };
}

let lab: TempLab;
let hand: ByHand;
let plain: Plain;
let overSsh: { readonly code: number | null; readonly stillRuns: boolean };
let verdict: Verdict;

const json = (text: string): unknown => JSON.parse(text);
const agentsOf = (side: Pick<ByHand, 'cli'>): Agents[] => json(side.cli('agents', 'list', '--json').stdout) as Agents[];
const sessionsOf = (side: Pick<ByHand, 'cli'>): Sessions =>
  json(side.cli('sessions', '--json', '--all-agents').stdout) as Sessions;
const moved = { cli: (...argv: string[]) => lab.cli('new', ...argv) };
const modeOf = (...path: string[]): string => (lstatSync(join(...path)).mode & 0o777).toString(8);
const transcriptsIn = (stateDir: string): string[] =>
  readdirSync(join(stateDir, 'agents/main/sessions')).filter((name) => name.endsWith('.jsonl'));
const mainTranscript = (): string => `agents/main/sessions/${lab.state.sessions.main[0] ?? ''}.jsonl`;
const live = (...path: string[]): string => join(lab.new.home, '.smart-agent-neo', ...path);

/** As installations come to be: one agent works in a place of its own, and some secrets are open to others. */
function age({ old, state }: TempLab): void {
  mkdirSync(join(old.home, 'work'));
  renameSync(state.workspaces.ops, join(old.home, 'work/ops'));
  const text = readFileSync(state.configPath, 'utf8');
  writeFileSync(state.configPath, text.replaceAll(state.workspaces.ops, join(old.home, 'work/ops')));
  chmodSync(join(state.stateDir, '.env'), 0o644);
  chmodSync(join(state.stateDir, 'identity'), 0o755);
}

/** The guide: stop, rsync -a, doctor, start; and then with the doctor that says yes to all. */
async function moveByHand(): Promise<Plain> {
  expect(json(lab.cli('old', 'gateway', 'stop', '--json').stdout)).toMatchObject({ ok: true, result: 'stopped' });
  hand.copy();
  return whileOldIsElsewhere(lab, async (made) => {
    const agents = agentsOf(hand);
    const sessions = sessionsOf(hand);
    const warned = hand.cli('doctor', '--non-interactive').stdout;
    const SMART_AGENT_NEO_GATEWAY_PORT = String(lab.port);
    await hand.start({ SMART_AGENT_NEO_GATEWAY_PORT });
    const blank = join(lab.state.stateDir, mainTranscript());
    await waitFor('a message was answered', () => existsSync(blank));
    const health = hand.cli('health', '--json');
    const newTranscript = readFileSync(blank, 'utf8');
    const madeAnew = made();
    await endProcesses(hand.side);
    const before = transcriptsIn(hand.stateDir).length;
    hand.cli('doctor', '--yes');
    const transcripts = { before, after: transcriptsIn(hand.stateDir).length };
    return { agents, sessions, warned, health, madeAnew, newTranscript, transcripts };
  });
}

beforeAll(async () => {
  lab = await makeTempLab({ runsAs: 'stopped', sessions: 3 });
  age(lab);
  lab.cli('old', 'gateway', 'install', '--json');
  await waitFor('the gateway runs', () => lab.running('old').length === 1);
  hand = await machineByHand(lab);
  const stop = spawnSync('/bin/sh', ['-c', 'smart-agent-neo gateway stop'], { env: { ...lab.old.env } });
  overSsh = { code: stop.status, stillRuns: lab.running('old').length === 1 };
  plain = await moveByHand();
  systemctl(lab, 'start');
  await waitFor('the old gateway is up again', () => lab.running('old').length === 1);
  const mover = moverFor(lab);
  verdict = await pull(mover.tools, mover.request);
});
afterAll(async () => {
  await hand.remove();
  await lab.destroy();
});

describe('a state dir that is copied to another home by rsync -a and doctor', () => {
  it('is moved by neo-pull as the same old machine is', () => {
    expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(lab.hub.violations()).toEqual([]);
  });

  it('leaves agents in workspaces of the old home, though they are where onboarding puts them (fact 1, row 2)', () => {
    const of = (agents: readonly Agents[]) => agents.find(({ id }) => id === 'main')?.workspace;
    expect(of(plain.agents)).toBe(lab.state.workspaces.main);
    expect(of(agentsOf(moved))).toBe(live('workspace'));
    expect(readFileSync(live('workspace/SOUL.md'), 'utf8')).toBe('# Soul\n');
  });

  it('loses the transcript of each session, for the index names them by whole paths (fact 2)', () => {
    const lines = ({ sessions }: Sessions) => sessions.map((one) => one.transcriptLines);
    expect(lines(plain.sessions)).toEqual(lines(plain.sessions).map(() => null));
    const now = sessionsOf(moved);
    expect(now.sessions).toHaveLength(plain.sessions.count);
    for (const count of lines(now)) expect(count).toBeGreaterThanOrEqual(4);
  });

  it('makes a blank workspace and a new transcript at the old path, while all looks well (fact 3)', () => {
    expect(plain.health.code).toBe(0);
    expect(json(plain.health.stdout)).toMatchObject({ ok: true, sessions: { count: plain.sessions.count - 1 } });
    expect(plain.madeAnew).toContain('.smart-agent-neo/workspace/BOOTSTRAP.md');
    expect(plain.newTranscript).not.toContain('line 0 about');
    const lived = readFileSync(join(lab.state.stateDir, mainTranscript()), 'utf8');
    const continued = readFileSync(live(mainTranscript()), 'utf8');
    expect(lived).toContain('line 0 about');
    expect(continued.startsWith(lived)).toBe(true);
    expect(existsSync(live('workspace/BOOTSTRAP.md'))).toBe(false);
    expect(existsSync(join(lab.state.workspaces.main, 'BOOTSTRAP.md'))).toBe(false);
  });

  it('has doctor --yes put away every transcript as an orphan, of which the other doctor only warns (fact 4)', () => {
    expect(plain.warned).toContain('orphan transcript file(s)');
    expect(plain.transcripts).toEqual({ before: lab.state.sessions.main.length, after: 0 });
    expect(transcriptsIn(live()).sort()).toEqual(transcriptsIn(lab.state.stateDir).sort());
    expect(lab.cli('new', 'doctor', '--non-interactive').stdout).not.toContain('State integrity');
  });

  it('keeps secrets open to others that no doctor closes (fact 10)', () => {
    const names = ['.env', 'identity', 'credentials/whatsapp/default/pre-key-1.json'];
    expect(names.map((name) => modeOf(hand.stateDir, name))).toEqual(['644', '755', '644']);
    expect(names.map((name) => modeOf(live(name)))).toEqual(['600', '700', '600']);
  });

  it('leaves the workspace behind that lies outside of it (row 14)', () => {
    expect(existsSync(join(hand.side.home, 'work/ops'))).toBe(false);
    expect(readFileSync(join(lab.new.home, 'work/ops/SOUL.md'), 'utf8')).toBe('# Soul\n');
    expect(agentsOf(moved).find(({ id }) => id === 'ops')?.workspace).toBe(join(lab.new.home, 'work/ops'));
  });

  it('keeps links that lead to the old machine', () => {
    expect(readlinkSync(join(hand.stateDir, 'media/latest'))).toBe(join(lab.state.stateDir, 'media/inbound'));
    expect(readlinkSync(live('media/latest'))).toBe(live('media/inbound'));
  });

  it('brings along locks and marks of the old machine (F89)', () => {
    const names = ['agents/main/sessions/stale.jsonl.lock', 'update-check.json'];
    expect(names.filter((name) => existsSync(join(hand.stateDir, name)))).toEqual(names);
    expect(names.filter((name) => existsSync(live(name)))).toEqual([]);
  });

  it('begins with a stop that the shell of ssh does not find, and neo-pull does (row 10)', () => {
    expect(overSsh).toEqual({ code: 127, stillRuns: true });
    expect(lab.running('old')).toEqual([]);
  });
});
