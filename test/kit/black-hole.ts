import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A wire to a port of this machine that can be cut, or swallow everything without a word as a firewall does that drops. */
export interface Wire {
  readonly port: number;
  /** For so long nothing passes either way, on old lines and on new ones; what was swallowed is gone. */
  swallow(forMs: number): void;
  /** Resets every line once so many bytes, both ways together, have passed from now on. */
  cutAfter(bytes: number): void;
  close(): Promise<void>;
}

/** Lays the wire. Always `close` it. */
export async function blackHole(to: number): Promise<Wire> {
  const ends = new Set<Socket>();
  let until = 0;
  let left = Infinity;
  const isSwallowing = (): boolean => performance.now() < until;
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    // Bytes went missing: what was under way then never becomes a whole line again.
    let isDead = isSwallowing();
    for (const [from, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from);
      from.on('data', (chunk) => {
        isDead ||= isSwallowing();
        left -= chunk.length;
        if (left <= 0) for (const end of ends) end.resetAndDestroy();
        else if (!isDead) other.write(chunk);
      });
      from
        .on('error', () => undefined)
        .on('close', () => {
          ends.delete(from);
          if (!isDead) other.destroy();
        });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    swallow: (forMs) => (until = performance.now() + forMs),
    cutAfter: (bytes) => (left = bytes),
    async close() {
      for (const end of ends) end.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
