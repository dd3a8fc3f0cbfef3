import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { receivedTree } from '../../src/checks/received.ts';
import type { Audit, Finding } from '../../src/core/audit.ts';
import type { Fate } from '../../src/core/fate.ts';
import type { Plan } from '../../src/core/plan.ts';
import type { Problem } from '../../src/core/problem.ts';
import type { EventBody } from '../../src/core/event.ts';
import type { World } from '../../src/core/step.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { samplePlan } from '../cli/sample.ts';
import { listTree } from '../kit/listing.ts';
import { stagedState } from '../steps/staged.ts';

interface Received extends Audit {
  readonly problems: readonly Problem[];
  /** The verdict on each name, by its finding. */
  readonly verdicts: Readonly<Record<string, Finding['verdict']>>;
}

interface Asked {
  readonly allow?: readonly string[];
  /** Targets of symlinks, as the plan names them. */
  readonly named?: readonly string[];
  readonly uid?: number;
}

interface Staged {
  readonly staging: string;
  readonly plan: Plan;
  readonly world: World;
  readonly events: EventBody[];
}

/** A small state dir of olga in staging, on its way to nick. */
function smallState(): Staged {
  const folder = mkdtempSync(join(tmpdir(), 'np-received-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const staging = join(folder, 'staging');
  for (const name of ['credentials', 'agents', 'workspace', 'media', 'skills/weather', 'hooks'])
    mkdirSync(join(staging, name), { recursive: true });
  for (const name of ['.env', 'skills/weather/run.sh']) writeFileSync(join(staging, name), 'x\n');
  const plan = samplePlan();
  const [state] = plan.roots;
  if (!state) throw new Error('a sample without roots');
  const events: EventBody[] = [];
  const emit = (event: EventBody): Promise<void> => {
    events.push(event);
    return Promise.resolve();
  };
  const host = new LocalHost({ label: 'this machine', env: {} });
  const signal = new AbortController().signal;
  const world = { old: host, new: host, clock: systemClock, emit, signal, run: { id: 'run', path: folder } };
  return { staging, plan: { ...plan, roots: [{ ...state, stagingPath: staging }] }, world, events };
}

/** Audits a state, with what was done to its staging. */
async function received(
  furnish: (staging: string) => void,
  asked: Asked = {},
  staged = smallState(),
): Promise<Received> {
  furnish(staged.staging);
  const { allow = [], named = [], uid = 1001 } = asked;
  const fates = named.map((path): Fate => ({
    path,
    namedBy: 'symlink',
    fate: 'stays',
    root: null,
    why: 'system',
    isHere: true,
  }));
  const { plan: sample } = staged;
  const plan: Plan = { ...sample, asked: { ...sample.asked, allow }, fates, new: { ...sample.new, uid } };
  const before = listTree(staged.staging);
  const problems = await receivedTree(plan).run(staged.world);
  expect(listTree(staged.staging)).toEqual(before);
  const told = staged.events.find((event) => event.type === 'run.audited');
  if (told?.type !== 'run.audited') throw new Error('no audit was told');
  const { count, findings } = told;
  const own = problems.filter(({ code }) => findings.some(({ kind }) => kind === code));
  return { count, findings, problems: own, verdicts: Object.fromEntries(findings.map((one) => [one.id, one.verdict])) };
}

const link =
  (target: string, ...name: string[]) =>
  (staging: string) =>
    symlinkSync(target, join(staging, ...name));

describe('an audit of what was received', () => {
  it('finds nothing in a state as it is, with its link to another place of itself', async () => {
    const whole = await stagedState({ oldHome: '/home/olga', newHome: '/home/nick' });
    expect(await received(() => undefined, {}, whole)).toMatchObject({ count: 0, problems: [] });
  });

  it('stops at a symlink that leads where the plan does not say, absolute or by way of .., and says how to go on (F43)', async () => {
    const { problems, verdicts } = await received((staging) => {
      link('/etc/passwd', 'credentials', 'a')(staging);
      link('../../other', 'agents', 'b')(staging);
      link('/home/olga/elsewhere', 'workspace', 'c')(staging);
    });
    expect(verdicts).toEqual({
      'link-astray:state/agents/b': 'stops',
      'link-astray:state/credentials/a': 'stops',
      'link-astray:state/workspace/c': 'stops',
    });
    expect(problems).toMatchObject([{ code: 'link-astray', stops: true }]);
    expect(problems[0]?.message).toContain('state/credentials/a leads to /etc/passwd');
    expect(problems[0]?.hint).toContain('--allow link-astray:state/agents/b');
  });

  it('has nothing to say of a symlink that the plan names', async () => {
    const made = link('/etc/hosts', 'workspace', 'hosts');
    expect(await received(made, { named: ['/etc/hosts'] })).toMatchObject({ count: 0, problems: [] });
  });

  it('stops at one that leads to what lets into the account, even where the plan names it', async () => {
    const { verdicts, problems } = await received(
      (staging) => {
        link('/home/nick/.ssh/authorized_keys', 'workspace', 'keys')(staging);
        link('../.bashrc', 'notes')(staging);
        link('../../.config/systemd/user', 'workspace', 'units')(staging);
      },
      { named: ['/home/nick/.ssh/authorized_keys', '/home/olga/.bashrc'] },
    );
    expect(verdicts).toEqual({
      'link-into-login:state/notes': 'stops',
      'link-into-login:state/workspace/keys': 'stops',
      'link-into-login:state/workspace/units': 'stops',
    });
    expect(problems[0]).toMatchObject({ code: 'link-into-login', stops: true });
  });

  it('is not led astray by a link that goes up from another link', async () => {
    const { verdicts } = await received((staging) => {
      link('.', 'here')(staging);
      link('here/../x', 'up')(staging);
      link('workspace/../media', 'fine')(staging);
      link('/home/olga/.smart-agent-neo/here/../../x', 'far')(staging);
    });
    expect(verdicts).toEqual({ 'link-astray:state/far': 'stops', 'link-astray:state/up': 'stops' });
  });

  it('tells of a link of a workspace to a program of the system, which an agent may make at any time, unless root runs the gateway', async () => {
    const made = link('/usr/bin/python3', 'workspace', 'python');
    const { verdicts, problems } = await received(made);
    expect(verdicts).toEqual({ 'link-astray:state/workspace/python': 'told' });
    expect(problems).toMatchObject([{ code: 'link-astray', stops: false }]);
    expect((await received(made, { uid: 0 })).problems).toMatchObject([{ code: 'link-astray', stops: true }]);
  });

  it('stops at a file that has a name outside, and not at one whose names are all in the copy (F45)', async () => {
    const { verdicts, problems } = await received((staging) => {
      linkSync(join(staging, '.env'), join(staging, '..', 'outside'));
      linkSync(join(staging, 'skills/weather/run.sh'), join(staging, 'workspace/run.sh'));
    });
    expect(verdicts).toEqual({ 'hard-link-outside:state/.env': 'stops' });
    expect(problems).toMatchObject([{ code: 'hard-link-outside', stops: true }]);
    expect(problems[0]?.message).toContain('state/.env has 2 names, of which 1 are in the copy');
  });

  it('stops at a pipe, whose reader would wait for ever (F46)', async () => {
    const { verdicts, problems } = await received((staging) => {
      spawnSync('mkfifo', [join(staging, 'hooks/queue')]);
    });
    expect(verdicts).toEqual({ 'special-received:state/hooks/queue': 'stops' });
    expect(problems).toMatchObject([{ code: 'special-received', stops: true }]);
  });

  it('tells names that a terminal would obey or that look like others, with escapes (F41)', async () => {
    const { verdicts, problems } = await received((staging) => {
      writeFileSync(join(staging, 'media/\u001b]0;owned\u0007'), '');
      writeFileSync(join(staging, 'media/fine\u00e9'), '');
      writeFileSync(join(staging, 'media/\u202egnp.exe'), '');
    });
    expect(verdicts).toEqual({
      'name-unprintable:state/media/\\x1b]0;owned\\x07': 'told',
      'name-unprintable:state/media/\\u{202e}gnp.exe': 'told',
    });
    expect(problems).toMatchObject([{ code: 'name-unprintable', stops: false }]);
    expect(JSON.stringify(problems)).not.toMatch(/\p{Cc}|\p{Cf}/u);
  });

  it.each(['link-astray:state/credentials/a', 'state/credentials/a', '/home/olga/.smart-agent-neo/credentials/a'])(
    'lets through what is allowed by name, and tells it: %s',
    async (name) => {
      const { verdicts, problems } = await received(link('/etc/passwd', 'credentials', 'a'), { allow: [name] });
      expect(verdicts).toEqual({ 'link-astray:state/credentials/a': 'allowed' });
      expect(problems).toMatchObject([{ code: 'link-astray', stops: false }]);
      expect(problems[0]?.message).toContain('Let through by --allow');
    },
  );

  it('lets nothing else through than what is named', async () => {
    const { problems } = await received(link('/etc/passwd', 'credentials', 'ab'), { allow: ['state/credentials/a'] });
    expect(problems[0]).toMatchObject({ code: 'link-astray', stops: true });
  });

  it('counts everything, and lists the first of each kind', async () => {
    const { count, findings, problems } = await received((staging) => {
      for (let n = 0; n < 210; n += 1) symlinkSync('/etc/passwd', join(staging, `l${n}`));
    });
    expect({ count, listed: findings.length }).toEqual({ count: 210, listed: 200 });
    expect(problems[0]?.message).toContain('210 symlinks of the copy');
    expect(problems[0]?.message).toContain('and 205 more');
  });
});
