import { chown, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { Order } from '../../src/core/order.ts';
import { fail } from '../../src/core/problem.ts';
import { sendOrder } from '../../src/run/control-client.ts';
import { openControl } from '../../src/run/control-server.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { tempFolder } from './temp-folder.ts';

const STRANGER = 54_321;

// F58, F59
it.each([
  ['the record', (record: string) => record],
  ['the socket', (_record: string, socket: string) => socket],
  ['the folder of the socket', (_record: string, socket: string) => dirname(socket)],
  ['the folder around it', (_record: string, socket: string) => dirname(dirname(socket))],
])('no order is sent where %s is another user’s', async (_what, which) => {
  const run = { id: '20261122-140000-k3f9', path: join(await tempFolder(), 'run') };
  await mkdir(run.path, { mode: 0o700 });
  const orders: Order[] = [];
  const control = await openControl(run, { uid: 0 }, (order) => {
    orders.push(order);
    return Promise.reject(fail('run-not-ready', { message: 'm', hint: 'h' }));
  });
  const record = join(run.path, 'control.json');
  const { socket } = JSON.parse(await readFile(record, 'utf8')) as { socket: string };
  expect(dirname(dirname(socket))).toBe(run.path);
  await chown(which(record, socket), STRANGER, STRANGER);
  const { code } = await problemFrom(sendOrder(run, { order: 'stop' }, { signal: new AbortController().signal }));
  expect([code, orders]).toEqual(['control-unsafe', []]);
  await control.close();
});
