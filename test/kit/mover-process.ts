/**
 * neo-pull as a process of its own, between the two homes of a temp lab: `node mover-process.cjs ORDER`, ORDER being a `MoverOrder` as
 * JSON. Prints every event but progress as a line of JSON, and ends with the exit code of its visit. Told to, it kills itself with
 * SIGKILL just before a line of the Journal is written, or just after that line is on the disk and before anybody has heard of it, or holds
 * still there; or has one command or one change of a file go wrong.
 */
import { writeFileSync } from 'node:fs';
import { systemClock } from '../../src/host/clock.ts';
import { listenForSignals } from '../../src/run/interrupt.ts';
import { Journal } from '../../src/run/journal.ts';
import { follow } from '../../src/visits/follow.ts';
import { pull } from '../../src/visits/pull.ts';
import { rehearse } from '../../src/visits/rehearse.ts';
import { resume } from '../../src/visits/resume.ts';
import { rollback } from '../../src/visits/rollback.ts';
import type { Tools, Verdict } from '../../src/visits/visit.ts';
import { dialLab, wayTo } from './dial-lab.ts';
import type { End, MoverOrder } from './mover-order.ts';
import { injectFault } from './faults.ts';
import { moverFor } from './mover.ts';

const order = JSON.parse(process.argv[2] ?? '') as MoverOrder;

/** Has the signal arrive at the line of the Journal that is meant: just before it is written, or just after it is on the disk. */
function signalAt(isIt: (what: string) => boolean, end: End, signal: 'SIGKILL' | 'SIGSTOP'): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its own `this` below
  const { append } = Journal.prototype;
  Journal.prototype.append = async function (this: Journal, body) {
    const isNow = isIt('step' in body && body.type.startsWith('step.') ? `${body.type} ${body.step}` : body.type);
    if (isNow && end === 'before') process.kill(process.pid, signal);
    const event = await append.call(this, body);
    if (isNow && end === 'after') process.kill(process.pid, signal);
    return event;
  };
}

function killAt({ line, end }: NonNullable<MoverOrder['kill']>): void {
  let count = 0;
  signalAt(() => (count += 1) === line, end, 'SIGKILL');
}

function holdAt({ what, end }: NonNullable<MoverOrder['hold']>): void {
  let hasHeld = false;
  const isIt = (name: string): boolean => !hasHeld && (hasHeld = name === what);
  signalAt(isIt, end, 'SIGSTOP');
}

function visit(tools: Tools): Promise<Verdict> {
  if (order.command === 'resume') return resume(tools, null, {});
  if (order.command === 'rollback') return rollback(tools, null, { connect: {}, afterCommit: true });
  if (order.command === 'rehearse') return rehearse(tools, mover.request);
  if (order.command === 'follow') return follow(tools, mover.request);
  return pull(tools, mover.request);
}

const interrupt = listenForSignals(process, {
  clock: systemClock,
  onFirst: () => undefined,
  onSecond: (why) => process.exit(why.problem.code === 'interrupted' ? 130 : 143),
});
const mover = moverFor(order.homes, {
  limits: order.limits,
  asked: { replace: order.replace },
  ...(order.ssh && { connect: wayTo(order.ssh) }),
  tools: {
    ...(order.ssh && { connect: dialLab(order.homes.new) }),
    command: `${order.command} olga@old.example`,
    interrupt,
    following: { limits: order.following ?? {} },
  },
  onEvent(event) {
    if (event.type !== 'progress') process.stdout.write(`${JSON.stringify(event)}\n`);
  },
});
async function main(): Promise<void> {
  if (order.kill) killAt(order.kill);
  if (order.hold) holdAt(order.hold);
  if (order.fault !== undefined) {
    const moments = await injectFault(order.fault);
    process.on('exit', () => writeFileSync(order.momentsFile ?? '/dev/null', JSON.stringify(moments)));
  }
  const { exitCode } = await visit(mover.tools);
  process.exit(exitCode);
}

void main();
