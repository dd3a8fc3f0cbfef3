import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range that outgoing connections take theirs from, so that none of them is in the way a moment later. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** A port of this machine's loopback on which nothing listens now. It is not kept: who comes later may take it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
