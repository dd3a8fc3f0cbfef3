import type { Command } from '../command.ts';
import { OUTPUT_FLAGS, type OutputFlags } from '../flags.ts';
import { homeOf } from '../home.ts';
import { jsonLine } from '../ndjson.ts';
import { paperOf } from '../paper.ts';

export const runs: Command<OutputFlags> = {
  name: 'runs',
  word: null,
  describe: 'All runs on this machine',
  flags: OUTPUT_FLAGS,
  async run(called, around) {
    const [{ allRuns }, { viewRun }, { runsTable }] = await Promise.all([
      import('../../visits/earlier-run.ts'),
      import('../run-view.ts'),
      import('../status-lines.ts'),
    ]);
    const home = homeOf(around);
    const views = [];
    for (const earlier of await allRuns(home)) views.push(await viewRun(home, earlier));
    const table =
      views.length === 0 ? ['There is no run on this machine yet.'] : runsTable(views, paperOf(around, around.stdout));
    const lines = called.json === true ? views.map(jsonLine) : table;
    if (lines.length > 0) around.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};
