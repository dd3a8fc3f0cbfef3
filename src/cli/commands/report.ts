import type { Command } from '../command.ts';
import { OUTPUT_FLAGS, type OutputFlags } from '../flags.ts';
import { homeOf } from '../home.ts';
import { jsonLine } from '../ndjson.ts';

export const report: Command<OutputFlags> = {
  name: 'report',
  word: 'run',
  describe: 'What a run did, from its journal: Markdown, or one JSON object with --json',
  flags: OUTPUT_FLAGS,
  async run(called, around) {
    const [{ openRun }, { readReport }, { reportMarkdown }] = await Promise.all([
      import('../../run/runs.ts'),
      import('../report-files.ts'),
      import('../report-markdown.ts'),
    ]);
    const { path } = await openRun(homeOf(around), called.word);
    const seen = await readReport(path);
    around.stdout.write(called.json === true ? `${jsonLine(seen)}\n` : reportMarkdown(seen));
    return 0;
  },
};
