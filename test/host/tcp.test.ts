import { once } from 'node:events';
import type { LookupFunction, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { tcpTo } from '../../src/host/tcp.ts';
import { lateListener } from '../kit/late-listener.ts';

/** A name with two addresses: at the second nobody listens. */
const two: LookupFunction = (_host, _options, done) =>
  done(null, [
    { address: '127.0.0.1', family: 4 },
    { address: '127.0.0.2', family: 4 },
  ]);

describe('a line to a name with several addresses', () => {
  let late: Awaited<ReturnType<typeof lateListener>>;
  let socket: Socket;
  afterEach(async () => {
    socket.destroy();
    await late.close();
  });

  it('is given time to answer from far away, before the next address is tried (F19)', async () => {
    late = await lateListener();
    socket = tcpTo({ host: 'old.example', port: late.port, family: null, connectTimeoutMs: 10_000 }, two);
    setTimeout(() => late.answer(), 600);
    await once(socket, 'connect');
    expect(socket.remoteAddress).toBe('127.0.0.1');
  });

  it('goes to the next address in good time where one is silent', async () => {
    late = await lateListener();
    socket = tcpTo({ host: 'old.example', port: late.port, family: null, connectTimeoutMs: 900 }, two);
    const [error] = (await once(socket, 'error').catch((reason: unknown) => [reason])) as [AggregateError];
    expect(error.errors.map(({ code }: NodeJS.ErrnoException) => code)).toEqual(['ETIMEDOUT', 'ECONNREFUSED']);
  });
});
