import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EXIT, type ExitCode } from '../../src/core/exit.ts';
import type { ProblemCode } from '../../src/core/problem.ts';
import { listTree } from '../kit/listing.ts';
import { makeLoopbackLab, type LoopbackLab } from '../kit/loopback-lab.ts';
import { IMPATIENT, leadingTo, neoPull, type Ended } from '../kit/neo-pull.ts';
import { expectAsPictured, takePicture, type Picture } from '../kit/picture.ts';
import { startSshd } from '../kit/sshd.ts';
import type { TempLabOptions } from '../kit/temp-lab.ts';
import { expectFourLines, finishedOf, flat } from '../kit/told.ts';

// Several whole moves, with the waits of gateways that do not do as they are told.
vi.setConfig({ testTimeout: 150_000 });

let lab: LoopbackLab | undefined;
let folder: string | undefined;
afterEach(async () => {
  await lab?.destroy();
  lab = undefined;
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

async function made(
  options: TempLabOptions,
  prepare: (lab: LoopbackLab) => void = () => undefined,
): Promise<LoopbackLab> {
  lab = await makeLoopbackLab({ sessions: 2, ...options });
  prepare(lab);
  return lab;
}

interface Refusal {
  readonly exit: ExitCode;
  readonly code: ProblemCode;
  readonly what: string | RegExp;
  readonly next: string | RegExp;
  readonly running?: 'old' | 'none';
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A pull that says yes to everything is refused, for a person and with --json, and changes nothing. */
async function expectRefused(at: LoopbackLab, refusal: Refusal): Promise<Ended> {
  const { exit, flags = [], env = at.new.env, running = 'old', ...words } = refusal;
  const was = takePicture(at);
  const argv = [`${at.sshd.user}@127.0.0.1`, '--yes', ...leadingTo(at), ...IMPATIENT, ...flags];
  const [told, json] = await Promise.all([neoPull(argv, { env }), neoPull([...argv, '--json'], { env })]);
  expect(told.code, told.stderr).toBe(exit);
  expect(told.stdout).toBe('');
  expectFourLines(told, { ...words, changed: /^Nothing, on neither machine\.$/ });
  const expected = { outcome: 'refused', running, exitCode: exit, downtimeMs: null, problem: { code: words.code } };
  expect(finishedOf(json)).toMatchObject(expected);
  expectAsPictured(at, was);
  return told;
}

/** A directory of programs in which everything is but one. */
function programsBut(missing: string): string {
  folder = mkdtempSync(join(tmpdir(), 'np-bin-'));
  for (const from of ['/usr/sbin', '/usr/bin', '/bin']) {
    for (const name of readdirSync(from)) {
      const link = join(folder, name);
      if (name !== missing && !existsSync(link)) symlinkSync(join(from, name), link);
    }
  }
  return folder;
}

function rewriteConfig({ state }: LoopbackLab, change: (text: string) => string): void {
  writeFileSync(state.configPath, change(readFileSync(state.configPath, 'utf8')));
}

describe('programs that are missing are named with what installs them', () => {
  it('rsync on the old machine: 3 (F117)', async () => {
    const at = await made({ runsAs: 'foreground' });
    const path = [at.old.env['PATH']?.split(':')[0], programsBut('rsync')].join(':');
    const sshd = await startSshd({ env: { ...at.old.env, PATH: path } });
    try {
      await expectRefused(
        { ...at, sshd },
        {
          exit: EXIT.preflight,
          code: 'rsync-missing-old',
          what: /There is no rsync on PATH for \S+@/,
          next: /apt-get install rsync/,
        },
      );
    } finally {
      await sshd.stop();
    }
  });

  it('rsync on this machine: 3', async () => {
    const at = await made({ runsAs: 'foreground' });
    const path = [at.new.env['PATH']?.split(':')[0], programsBut('rsync')].join(':');
    await expectRefused(at, {
      env: { ...at.new.env, PATH: path },
      exit: EXIT.preflight,
      code: 'rsync-missing-new',
      what: /There is no rsync on PATH/,
      next: /apt-get install rsync/,
    });
  });

  it('the product on the old machine, whose state is there: 3', async () => {
    await expectRefused(await made({ runsAs: 'stopped', without: ['old'] }), {
      exit: EXIT.preflight,
      code: 'product-missing-old',
      what: /SmartAgentNeo was not found for/,
      next: /--remote-gateway-bin/,
      running: 'none',
    });
  });

  it('the product on this machine: 3, with the commands that install Node and the product at the old version', async () => {
    await expectRefused(await made({ without: ['new'], versions: { old: '2026.3.13' } }), {
      exit: EXIT.preflight,
      code: 'product-missing-new',
      what: /is not installed for .* on this machine/,
      next: /`nvm install 22`.*`npm install --global smart-agent-neo@2026\.3\.13`/,
    });
  });

  it('a product that is older than the old one: 3 (F98)', async () => {
    await expectRefused(await made({ versions: { old: '2026.3.13', new: '2026.2.26' } }), {
      exit: EXIT.preflight,
      code: 'product-older-new',
      what: /runs SmartAgentNeo 2026\.3\.13; this machine has 2026\.2\.26/,
      next: 'npm install --global smart-agent-neo@2026.3.13',
    });
  });
});

describe('a gateway that cannot be told', () => {
  it('without a state dir: 6', async () => {
    const at = await made({ runsAs: 'stopped' }, ({ state }) => rmSync(state.stateDir, { recursive: true }));
    await expectRefused(at, {
      exit: EXIT.discovery,
      code: 'state-dir-missing',
      what: /has no state dir of SmartAgentNeo in .*\.smart-agent-neo/,
      next: /--state-dir/,
    });
  });

  it('two profiles and none named: 6, with both; named, it is planned', async () => {
    const at = await made({ runsAs: 'foreground' }, ({ old, state }) => {
      cpSync(state.stateDir, join(old.home, '.smart-agent-neo-work'), { recursive: true, verbatimSymlinks: true });
    });
    const told = await expectRefused(at, {
      exit: EXIT.discovery,
      code: 'profile-ambiguous',
      what: /There are 2 gateways: .*default .*running.*work .*stopped/,
      next: /--profile default/,
    });
    expect(flat(told.stderr)).toContain('.smart-agent-neo-work');
    const target = ['plan', `${at.sshd.user}@127.0.0.1`, ...leadingTo(at)];
    const named = await neoPull([...target, '--profile', 'default'], { env: at.new.env });
    expect([named.code, named.stderr]).toEqual([EXIT.done, expect.any(String)]);
    expect(flat(named.stdout)).toContain('Profile work, which does not run, names');
    const unheard = await neoPull([...target, '--profile', 'play', '--json'], { env: at.new.env });
    expect(finishedOf(unheard)).toMatchObject({ exitCode: EXIT.discovery, problem: { code: 'profile-missing' } });
  });

  it('in remote mode: 6, with the name of the real host', async () => {
    const at = await made({ runsAs: 'stopped' }, (one) => {
      rewriteConfig(one, (text) =>
        text.replace(
          /mode: *'local'|"mode": *"local"|mode: *"local"/,
          "mode: 'remote', remote: { url: 'wss://real.example:18789' }",
        ),
      );
    });
    await expectRefused(at, {
      exit: EXIT.discovery,
      code: 'remote-mode',
      what: /in remote mode: .* the one on real\.example/,
      next: 'neo-pull real.example',
    });
  });

  it('with a config that does not parse: 3, with the place', async () => {
    const at = await made({ runsAs: 'foreground' }, (one) => rewriteConfig(one, (text) => `${text}\n}} not JSON5`));
    await expectRefused(at, {
      exit: EXIT.preflight,
      code: 'config-malformed',
      what: /\/smart-agent-neo\.json" is neither JSON nor JSON5 \(line \d+, column \d+\)/,
      next: /Repair the file on the old machine/,
    });
  });
});

describe('this machine', () => {
  it('that is the old one too, with the same home: 3 (F106)', async () => {
    const at = await made({ runsAs: 'foreground' });
    await expectRefused(at, {
      env: at.old.env,
      exit: EXIT.preflight,
      code: 'same-machine',
      what: /The old machine is this machine .* would be moved onto itself/,
      next: /ssh USER@HOST hostname/,
    });
    expect(existsSync(join(at.old.home, '.local/state/neo-pull'))).toBe(false);
  });

  it('that has something in the place already: 12 without consent; with --replace it is parked, byte for byte', async () => {
    const at = await made({ runsAs: 'service' }, ({ new: { home } }) => {
      mkdirSync(join(home, '.smart-agent-neo/workspace'), { recursive: true, mode: 0o700 });
      writeFileSync(
        join(home, '.smart-agent-neo/smart-agent-neo.json'),
        '{ "gateway": { "mode": "local" } } // mine\n',
      );
      writeFileSync(join(home, '.smart-agent-neo/workspace/notes.md'), 'kept\n', { mode: 0o640 });
    });
    const live = join(at.new.home, '.smart-agent-neo');
    const mine = listTree(live);
    await expectRefused(at, {
      exit: EXIT.confirmation,
      code: 'live-exists',
      what: /\.smart-agent-neo is here already\. It would be parked/,
      next: /--replace/,
    });
    const argv = [`${at.sshd.user}@127.0.0.1`, '--yes', '--replace', '--json', ...leadingTo(at), ...IMPATIENT];
    const moved = await neoPull(argv, { env: at.new.env });
    expect(finishedOf(moved)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: EXIT.done });
    const beside = join(at.new.home, '.neo-pull');
    const [parked = ''] = readdirSync(beside).filter((name) => name.includes('.parked-'));
    expect(listTree(join(beside, parked))).toEqual(mine);
    expect(at.hub.violations()).toEqual([]);
  });
});

describe('a pull that is stopped or not alone', () => {
  const pulling = (at: LoopbackLab, ...flags: string[]): string[] => [
    `${at.sshd.user}@127.0.0.1`,
    '--json',
    '--yes',
    ...leadingTo(at),
    ...IMPATIENT,
    ...flags,
  ];

  /** Runs one, and does something once, when this was printed. */
  async function pullAnd(
    at: LoopbackLab,
    seen: string,
    act: (pid: number) => void,
    ...flags: string[]
  ): Promise<Ended> {
    let printed = '';
    let done = false;
    return neoPull(pulling(at, ...flags), {
      env: at.new.env,
      onOutput: (text, pid) => {
        printed += text;
        if (done || !printed.includes(seen)) return;
        done = true;
        act(pid);
      },
    });
  }

  it('while another one copies is refused with 11 and disturbs nothing; Ctrl-C in the copy: 130, old untouched (F4, F105)', async () => {
    const at = await made({ runsAs: 'service' }, ({ state }) => {
      writeFileSync(join(state.workspaces.main, 'big.bin'), Buffer.alloc(8_000_000, 'x1y2z3'));
    });
    const was = takePicture(at);
    const others: Promise<Ended>[] = [];
    const first = await pullAnd(
      at,
      '"type":"progress"',
      (pid) => {
        others.push(neoPull(pulling(at), { env: at.new.env }).finally(() => process.kill(pid, 'SIGINT')));
      },
      '--bwlimit',
      '200',
    );
    const [second] = await Promise.all(others);
    if (!second) throw new Error('nothing was copied');
    const refused = finishedOf(second);
    expect(refused).toMatchObject({ outcome: 'refused', running: 'old', exitCode: 11, problem: { code: 'locked' } });
    expect(refused.problem?.message).toMatch(/pull .*127\.0\.0\.1/);
    expect(finishedOf(first)).toMatchObject({ outcome: 'interrupted', running: 'old', exitCode: 130 });
    expectAsPictured(at, was, { staged: true });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s in the cutover is rolled back: %i (F4, F5)', async (signal, exitCode) => {
    const at = await made({ runsAs: 'service' });
    const was = takePicture(at);
    const ended = await pullAnd(at, '"step":"last-delta"', (pid) => process.kill(pid, signal));
    expect(finishedOf(ended)).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode });
    expect(finishedOf(ended).downtimeMs).toBeGreaterThan(0);
    expectAsPictured(at, was, { staged: true });
  });

  it('by a step that fails tells a person that everything is back, and where the report is: 9', async () => {
    const at = await made({ runsAs: 'foreground' });
    const was: Picture = takePicture(at);
    const argv = pulling(at, '--fail-step', 'doctor').filter((flag) => flag !== '--json');
    const told = await neoPull(argv, { env: at.new.env });
    expect(told.code).toBe(EXIT.cutover);
    expectFourLines(told, {
      code: 'failed-on-request',
      what: /"Run the product's doctor" was done and then made to fail/,
      changed: /Everything was put back as it was/,
      next: /neo-pull status/,
    });
    expect(flat(told.stdout)).toMatch(/Rolled back\. Everything is as it was before\. Gateway runs on the old machine/);
    expect(told.stdout).toMatch(/report\.md/);
    expectAsPictured(at, was, { staged: true });
  });
});
