import type { RunFolder } from '../../core/step.ts';
import type { Command } from '../command.ts';
import { OUTPUT_FLAGS, REPORT_FLAGS, type OutputFlags, type ReportFlags } from '../flags.ts';
import { homeOf } from '../home.ts';
import { jsonLine } from '../ndjson.ts';
import type { Surroundings } from '../surroundings.ts';

type Flags = OutputFlags & ReportFlags;

export const report: Command<Flags> = {
  name: 'report',
  word: 'run',
  describe:
    'What a run did, from its journal: Markdown, one JSON object with --json, or a page for a browser (--html, --open)',
  flags: { ...REPORT_FLAGS, ...OUTPUT_FLAGS },
  async run(called, around) {
    const { openRun } = await import('../../run/runs.ts');
    const run = await openRun(homeOf(around), called.word);
    if (called.html === true || called.open === true) return asPage(run, called, around);
    const [{ readReport }, { reportMarkdown }] = await Promise.all([
      import('../report-files.ts'),
      import('../report-markdown.ts'),
    ]);
    const seen = await readReport(run.path);
    around.stdout.write(called.json === true ? `${jsonLine(seen)}\n` : reportMarkdown(seen));
    return 0;
  },
};

/** Written anew: the run may have gone on since, or be one of an earlier release. */
async function asPage(run: RunFolder, { open, json }: Flags, around: Surroundings): Promise<number> {
  const [{ writeReport }, { Secrets }, { openPage }] = await Promise.all([
    import('../report-files.ts'),
    import('../secrets.ts'),
    import('../open-page.ts'),
  ]);
  const { page } = await writeReport(run.path, new Secrets());
  around.stdout.write(`${json === true ? jsonLine({ page }) : page}\n`);
  if (open !== true) return 0;
  const { hostHere } = await import('../tools.ts');
  const why = await openPage(hostHere(around), page, { uid: around.account.uid, env: around.env });
  if (why !== null) around.stderr.write(`Not opened: ${why}.\n`);
  return 0;
}
