import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS, runProgram } from '../../src/cli/program.ts';
import { movedJournal, RUN, surroundings } from './sample.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'np-program-'));
});
afterEach(() => rmSync(home, { recursive: true }));

async function neoPull(argv: readonly string[], env: Record<string, string> = {}) {
  const streams = surroundings(argv, { home, env });
  const code = await runProgram(streams.around);
  return { code, stdout: streams.stdout(), stderr: streams.stderr() };
}

function makeRun(events = movedJournal(), run = RUN): void {
  const folder = join(home, '.local/state/neo-pull/runs', run);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(
    join(folder, 'journal.ndjson'),
    events.map((event) => `${JSON.stringify({ ...event, run })}\n`).join(''),
  );
}

describe('the command line', () => {
  it('lists every command in its help, and every flag in the help of its command', async () => {
    const { code, stdout } = await neoPull(['--help']);
    expect(code).toBe(0);
    for (const { name } of COMMANDS) expect(stdout).toContain(`neo-pull ${name}`);
    for (const { name, flags } of COMMANDS) {
      const help = await neoPull([name, '--help']);
      expect(help.code).toBe(0);
      const shown = Object.entries(flags).filter(([, { hidden }]) => hidden !== true);
      for (const [flag] of shown) expect(help.stdout).toContain(`--${flag}`);
    }
  });

  it('tells its version', async () => {
    expect(await neoPull(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
    expect((await neoPull(['-V'])).stdout).toBe('0.1.0\n');
  });

  // F107
  it.each([
    [['o@h', '--knwon-hosts', 'x'], '--known-hosts'],
    [['plan', 'o@h', '--prot', '22'], '--port'],
    [['status', '--jsno'], '--json'],
    [['o@h', '--password', 'hunter22'], '--password-file'],
  ])('refuses %j with the flag that was meant', async (argv, meant) => {
    const { code, stdout, stderr } = await neoPull(argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(meant);
    expect(stderr).toContain('Changed  Nothing');
    expect(stderr).not.toContain('hunter22');
  });

  it.each([
    [[]],
    [['plan']],
    [['sync']],
    [['o@h', 'extra']],
    [['status', 'one', 'two']],
    [['runs', 'what']],
    [['o@h', '--port']],
    [['o@h', '--port', 'ssh']],
    [['status', '--port', '22']],
    [['statsu']],
    [['--', 'o@h', 'extra']],
    [['bad;target']],
    [['-oProxyCommand=x']],
    [['o@h', '--json=maybe', '--nonsense']],
  ])('answers %j with exit code 2', async (argv) => {
    const { code, stdout, stderr } = await neoPull(argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^✗ /);
    expect(stderr).toContain('  Next     ');
  });

  it('takes a misspelt command for what it is, and not for a host', async () => {
    const { stderr } = await neoPull(['statsu']);
    expect(stderr).toContain('Did you mean neo-pull status?');
    expect(stderr).toContain('neo-pull pull statsu');
  });

  it('says under --json, too, how it ended', async () => {
    const { code, stdout } = await neoPull(['plan', 'o@h', '--json', '--port', 'x']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      v: 1,
      type: 'run.finished',
      outcome: 'refused',
      exitCode: 2,
      problem: { code: 'option-invalid' },
    });
  });

  it('takes flags from the environment, and the command line over it', async () => {
    expect((await neoPull(['o@h'], { NEO_PULL_PORT: 'x' })).stderr).toContain('--port is "x"');
    expect((await neoPull(['o@h', '--port', 'y'], { NEO_PULL_PORT: 'x' })).stderr).toContain('--port is "y"');
    expect((await neoPull(['runs'], { NEO_PULL_PORT: 'x' })).code).toBe(0);
  });
});

describe('what the journals say', () => {
  it('is nothing on a fresh machine', async () => {
    expect((await neoPull(['runs'])).stdout).toContain('no run');
    const { code, stderr } = await neoPull(['status']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('neo-pull plan user@old')]);
  });

  it('is who runs the gateway, and what can be done', async () => {
    makeRun();
    const { code, stdout } = await neoPull(['status']);
    expect(code).toBe(0);
    expect(stdout).toContain('runs on this machine');
    expect(stdout).toContain(`neo-pull rollback ${RUN}`);
  });

  it('is broken off where a cutover did not end, with the two ways on', async () => {
    makeRun(movedJournal().slice(0, 16));
    const { stdout } = await neoPull(['status', RUN.slice(0, 12)]);
    expect(stdout).toContain('broken off in the middle of the cutover');
    expect(stdout).toContain('runs nowhere');
    expect(stdout).toContain(`neo-pull resume ${RUN}`);
    expect(stdout).toContain(`neo-pull rollback ${RUN}`);
  });

  it('is a table of all runs, or one JSON object each', async () => {
    makeRun();
    makeRun(movedJournal().slice(0, 8), '20261122-150000-abcd');
    const table = (await neoPull(['runs'])).stdout.trim().split('\n');
    expect(table).toHaveLength(3);
    expect(table[1]).toMatch(/moved +new +olga@old\.example$/);
    const json = (await neoPull(['runs', '--json'])).stdout.trim().split('\n');
    expect(json.map((line) => (JSON.parse(line) as { run: string }).run)).toEqual([RUN, '20261122-150000-abcd']);
  });

  it('is the report, as Markdown and as JSON', async () => {
    makeRun();
    expect((await neoPull(['report'])).stdout).toMatch(/^# neo-pull run `20261122-140000-k3f9`\n/);
    expect(JSON.parse((await neoPull(['report', '--json'])).stdout)).toMatchObject({ schema: 1, outcome: 'moved' });
  });

  it('is the report as a page, of which the path is told', async () => {
    makeRun();
    const page = join(home, '.local/state/neo-pull/runs', RUN, 'report.html');
    expect(await neoPull(['report', '--html'])).toEqual({ code: 0, stdout: `${page}\n`, stderr: '' });
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>/);
    const opened = await neoPull(['report', '--open']);
    expect([opened.code, opened.stdout]).toEqual([0, `${page}\n`]);
    expect(opened.stderr).toMatch(/^Not opened: (?:no browser is started as root|there is no screen here)\.\n$/);
    expect(JSON.parse((await neoPull(['report', '--html', '--json'])).stdout)).toEqual({ page });
  });

  it('is not guessed at for a run that is not there', async () => {
    makeRun();
    const { code, stderr } = await neoPull(['report', '2025']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('neo-pull runs')]);
  });
});
