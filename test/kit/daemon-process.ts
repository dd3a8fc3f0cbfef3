/**
 * A stand-in for the neo-pull that follows: `node daemon-process.mjs ORDER`, ORDER being a `DaemonOrder` as JSON. It takes orders by the
 * real control server, moves nothing, and prints what happens to it: `ready`, `order NAME`, `gone NAME`, `closed`.
 */
import { createInterface } from 'node:readline/promises';
import type { Answer, FollowStatus, Order } from '../../src/core/order.ts';
import { fail } from '../../src/core/problem.ts';
import { isoTime } from '../../src/core/timestamp.ts';
import { openControl } from '../../src/run/control-server.ts';
import type { DaemonOrder } from './daemon-order.ts';

const { run, uid, cutover = [], waitsAfter, ...told } = JSON.parse(process.argv[2] ?? '') as DaemonOrder;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

let status: FollowStatus = {
  ...{ v: 1, pid: process.pid, since: isoTime(Date.now()), phase: 'following', engine: 'watcher', rounds: 12 },
  ...{ lastRoundAt: isoTime(Date.now()), lastFullAt: null, pending: 3, dirtyBytesPerSecond: 2048 },
  ...{ bytesPerSecond: 5_000_000, forecast: { totalMs: 1200, parts: [{ part: 'stop-old', ms: 700 }] } },
  ...{ converged: true, note: null, ...told.status },
};

async function cutOver(): Promise<void> {
  for (const [at, body] of cutover.entries()) {
    if (at === waitsAfter) await lines.next();
    control.tell({ v: 1, seq: at + 1, ts: isoTime(Date.now()), run: run.id, ...body });
  }
}

function answer(order: Order): Answer {
  switch (order.order) {
    case 'pause':
      status = { ...status, phase: 'paused' };
      break;
    case 'continue':
      status = { ...status, phase: 'following' };
      break;
    case 'stop':
      setImmediate(() => void control.close().then(() => process.exit(0)));
      break;
    case 'cutover': {
      if (!order.yes) throw fail('confirmation-needed', { message: 'Nobody said yes.', hint: 'Say it: --yes' });
      status = { ...status, phase: 'cutting-over', note: JSON.stringify(order) };
      setImmediate(() => void cutOver());
    }
  }
  return { ok: true, status };
}

const control = await openControl(run, { uid }, (order, _tell, signal) => {
  say(`order ${order.order}`);
  signal.addEventListener('abort', () => say(`gone ${order.order}`));
  return Promise.resolve(order).then(answer);
});
say('ready');
