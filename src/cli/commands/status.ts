import type { Command } from '../command.ts';
import { OUTPUT_FLAGS, type OutputFlags } from '../flags.ts';
import { jsonLine } from '../ndjson.ts';
import { paperOf } from '../paper.ts';
import { homeOf } from '../home.ts';

export const status: Command<OutputFlags> = {
  name: 'status',
  word: 'run',
  describe: 'Who runs the gateway, and what can be done next; looks at this machine only',
  flags: OUTPUT_FLAGS,
  async run(called, around) {
    const [{ runNamed }, { viewRun }, { statusLines }] = await Promise.all([
      import('../../visits/earlier-run.ts'),
      import('../run-view.ts'),
      import('../status-lines.ts'),
    ]);
    const home = homeOf(around);
    const view = await viewRun(home, await runNamed(home, called.word));
    const lines = called.json === true ? [jsonLine(view)] : statusLines(view, paperOf(around, around.stdout));
    around.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};
