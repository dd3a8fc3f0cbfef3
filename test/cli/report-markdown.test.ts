import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeReport } from '../../src/cli/report-files.ts';
import { reportMarkdown } from '../../src/cli/report-markdown.ts';
import { Secrets } from '../../src/cli/secrets.ts';
import { problem } from '../../src/core/problem.ts';
import { foldReport } from '../../src/core/report.ts';
import { movedJournal, RUN, samplePlan, told } from './sample.ts';

describe('a report in Markdown', () => {
  it('reads from what matters to what may be looked up', async () => {
    await expect(reportMarkdown(foldReport(movedJournal()))).toMatchFileSnapshot('snapshots/report.md.txt');
  });

  it('gives the command of each thing that is to be done by hand', () => {
    const listed = [
      { id: 'a', what: 'packages of <x>', why: 'Built for another machine.', command: "cd '/w/a b' && npm ci" },
      { id: 'b', what: 'the app', why: 'It calls the old machine.', command: null },
    ];
    const text = reportMarkdown(foldReport(movedJournal(samplePlan({ byHand: { count: 3, listed } }))));
    expect(text).toContain('## By hand');
    expect(text).toContain(
      "- **packages of \\<x\\>**: Built for another machine.\n  - `cd '/w/a b' && npm ci`\n- **the app**",
    );
    expect(text).toContain('- and 1 more');
  });

  it('lists what an audit has found and what may run here, with nothing of a name as markup', () => {
    const finding = {
      id: 'link-astray:state/a`b',
      kind: 'link-astray',
      name: 'state/a`b',
      what: 'leads to <x>',
    } as const;
    const runnable = { kind: 'hook', name: 'state/hooks/a|b', files: 3, sha256: 'd'.repeat(64) } as const;
    const unread = { kind: 'tool', name: 'state/tools/x', files: 1, sha256: null } as const;
    const text = reportMarkdown(
      foldReport(
        told(
          [0, { type: 'run.audited', count: 2, findings: [{ ...finding, verdict: 'allowed' }] }],
          [1, { type: 'run.will-run', count: 3, listed: [runnable, unread] }],
        ),
      ),
    );
    expect(text).toContain('| let through by --allow | ``link-astray:state/a`b`` | leads to \\<x\\> |');
    expect(text).toContain('And 1 more.');
    expect(text).toContain(`| hook of the gateway | \`state/hooks/a\\|b\` | 3 | \`${'d'.repeat(64)}\` |`);
    expect(text).toContain('| tool | `state/tools/x` |  | not read |');
  });

  it('can be made of a run that has only begun', () => {
    expect(reportMarkdown(foldReport(movedJournal().slice(0, 1)))).toContain('not ended');
  });

  it('lets nothing of what the old machine said become markup or a control code', () => {
    const evil = problem('command-failed', { message: '<img src=x> [x](y) \u001b[31m', hint: '`rm -rf /`' });
    const odd = { root: 'state', file: 'a`b|c\nd', at: '/x', from: '/o', to: '/n' };
    const text = reportMarkdown(
      foldReport(
        told(
          [0, { type: 'run.unwinding', problem: evil }],
          [1, { type: 'run.reconciled', rewrites: [odd], modesChanged: 0, modesTightened: [] }],
        ),
      ),
    );
    expect(text).toContain('\\<img src=x\\>');
    expect(text).toContain('``a`b|c\\nd``');
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });
});

describe('the files of a report', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'np-report-'));
    const journal = movedJournal().map((event) => `${JSON.stringify(event)}\n`);
    writeFileSync(join(folder, 'journal.ndjson'), journal.join(''));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are for their owner alone, and the same again when written again', async () => {
    const { path, report } = await writeReport(folder, new Secrets());
    const first = readFileSync(path, 'utf8');
    await writeReport(folder, new Secrets());
    expect(readFileSync(path, 'utf8')).toBe(first);
    for (const name of ['report.md', 'report.json', 'report.html'])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toEqual(report);
    expect(report.run).toBe(RUN);
  });

  it('hold no secret that this process knows', async () => {
    const secrets = new Secrets();
    secrets.keep('olga@old.example');
    // Each way of telling has an escape of its own for some of these.
    secrets.keep('a_b&"c\\d');
    const noted = told([50_000, { type: 'run.saved', what: 'a_b&"c\\d', path: '/p' }]);
    writeFileSync(
      join(folder, 'journal.ndjson'),
      [...movedJournal(), ...noted].map((one, at) => `${JSON.stringify({ ...one, seq: at + 1 })}\n`).join(''),
    );
    await writeReport(folder, secrets);
    for (const name of ['report.md', 'report.json', 'report.html']) {
      const text = readFileSync(join(folder, name), 'utf8');
      expect(text).toContain('[hidden]');
      expect(text).not.toMatch(/olga@old\.example|a\\?_b/);
    }
  });
});
