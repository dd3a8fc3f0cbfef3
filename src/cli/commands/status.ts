import { problemOf } from '../../core/problem.ts';
import type { Command } from '../command.ts';
import { OUTPUT_FLAGS, type OutputFlags } from '../flags.ts';
import { homeOf } from '../home.ts';
import { jsonLine } from '../ndjson.ts';
import { paperOf } from '../paper.ts';
import { listedProblem } from '../problem-lines.ts';

export const status: Command<OutputFlags> = {
  name: 'status',
  word: 'run',
  describe:
    'Who runs the gateway, what a neo-pull that follows does, and what can be done next; looks at this machine only',
  flags: OUTPUT_FLAGS,
  async run(called, around) {
    const [{ runNamed }, { followStatus }, { viewRun }, { statusLines }, { followLines }] = await Promise.all([
      import('../../visits/earlier-run.ts'),
      import('../../visits/send-order.ts'),
      import('../run-view.ts'),
      import('../status-lines.ts'),
      import('../follow-lines.ts'),
    ]);
    const { clock, stdout } = around;
    const home = homeOf(around);
    const earlier = await runNamed(home, called.word);
    const { follow, problem } = await followStatus(earlier.folder, clock).then(
      (found) => ({ follow: found, problem: null }),
      (error: unknown) => ({ follow: null, problem: problemOf(error) }),
    );
    const view = await viewRun(home, earlier);
    const paper = paperOf(around, stdout);
    const lines = [
      ...statusLines({ ...view, next: follow ? [] : view.next }, paper),
      ...(follow ? followLines(follow, { run: view.run, nowMs: clock.now() }, paper) : []),
      ...(problem ? listedProblem(problem, paper) : []),
    ];
    stdout.write(
      `${called.json === true ? jsonLine({ ...view, follow, followProblem: problem }) : lines.join('\n')}\n`,
    );
    return 0;
  },
};
