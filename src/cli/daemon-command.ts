import type { Order } from '../core/order.ts';
import type { Command } from './command.ts';
import { OUTPUT_FLAGS, type OutputFlags } from './flags.ts';
import { homeOf } from './home.ts';
import { jsonLine } from './ndjson.ts';
import { paperOf } from './paper.ts';
import { wrap } from './wrap.ts';

/** A command that is one order to the neo-pull that follows: its name, what it is for, and what is said when the order was taken. */
export interface DaemonCommand {
  readonly name: Exclude<Order['order'], 'cutover' | 'status'>;
  readonly describe: string;
  readonly taken: string;
}

/** Makes the command. It prints a sentence, or with --json where the daemon stands. */
export function daemonCommand({ name, describe, taken }: DaemonCommand): Command<OutputFlags> {
  return {
    name,
    word: 'run',
    describe,
    flags: OUTPUT_FLAGS,
    async run(called, around) {
      const { orderTo } = await import('../visits/send-order.ts');
      const { run, status } = await orderTo(homeOf(around), called.word, { order: name });
      const sentence = wrap(`Run ${run.id}: ${taken}`, paperOf(around, around.stdout).columns).join('\n');
      around.stdout.write(`${called.json === true ? jsonLine(status) : sentence}\n`);
      return 0;
    },
  };
}
