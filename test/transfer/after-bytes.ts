import type { Host } from '../../src/core/host.ts';

/** A Host whose Processes call `act` once, when so many bytes have come out of one of them. */
export function afterBytes(host: Host, bytes: number, act: () => unknown): Host {
  return {
    label: host.label,
    close: () => host.close(),
    async spawn(argv, options) {
      const process = await host.spawn(argv, options);
      let seen = 0;
      const count = (chunk: Buffer) => {
        seen += chunk.length;
        if (seen < bytes) return;
        process.stdout.off('data', count);
        act();
      };
      process.stdout.on('data', count);
      return process;
    },
  };
}
