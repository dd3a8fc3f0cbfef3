import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How bad a line is, each way. */
export interface Slowness {
  /** Half a round trip. */
  readonly delayMs: number;
  readonly bytesPerSecond: number;
  /** Of so many pieces one is lost, and comes a retransmission later, as TCP makes of it. */
  readonly oneLostIn: number;
}

const PIECE = 1400;
const RETRANSMISSION_MS = 400;

/** Lays a wire to a port of this machine that is as bad as that; gives its port. Always `close` it. */
export async function slowWire(to: number, slowness: Slowness): Promise<{ port: number; close(): Promise<void> }> {
  const ends = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const [from, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from);
      from
        .on('error', () => undefined)
        .on('close', () => {
          ends.delete(from);
          other.destroy();
        });
      void carry(from, other, slowness);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const end of ends) end.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

async function carry(from: Socket, to: Socket, { delayMs, bytesPerSecond, oneLostIn }: Slowness): Promise<void> {
  let count = 0;
  let arrived = Promise.resolve();
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += PIECE) {
        const piece = chunk.subarray(at, at + PIECE);
        count += 1;
        const late = delayMs + (count % oneLostIn === 0 ? RETRANSMISSION_MS : 0);
        const before = arrived;
        arrived = sleep(late).then(async () => {
          await before;
          to.write(piece);
        });
        await sleep((piece.length / bytesPerSecond) * 1000);
      }
    }
  } catch {
    // The line was cut; both ends know.
  }
}
