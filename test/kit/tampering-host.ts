import { Transform } from 'node:stream';
import type { Host } from '../../src/core/host.ts';

/** Bytes that a sender would say, and what is said in their place; both of one length, so that no frame of the protocol breaks. */
export type Lie = readonly [said: string, lie: string];

/**
 * A Host whose Processes lie: a real program speaks the protocol, and what it says is changed on its way out. So a real `rsync --sender` can be made
 * to send names that it never would. With `dripMs` only one byte leaves each time.
 */
export function tampering(host: Host, lies: readonly Lie[], dripMs: number | null = null): Host {
  const odd = lies.find(([said, lie]) => said.length !== lie.length);
  if (odd) throw new TypeError(`not of one length: ${odd.join(' and ')}`);
  return {
    label: host.label,
    close: () => host.close(),
    async spawn(argv, options) {
      const process = await host.spawn(argv, options);
      const { stdin, stdout, stderr, exit } = process;
      const lied = stdout.pipe(liar(lies));
      stdout.on('error', (error) => lied.destroy(error));
      return {
        stdin,
        stdout: dripMs === null ? lied : lied.pipe(dripping(dripMs)),
        stderr,
        exit,
        kill: (name) => process.kill(name),
      };
    },
  };
}

function liar(lies: readonly Lie[]): Transform {
  let held = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const text = lies.reduce(
        (all, [said, lie]) => all.replaceAll(said, lie),
        Buffer.concat([held, chunk]).toString('latin1'),
      );
      // What may be the beginning of one is kept until the rest has come, and nothing else: the other side may wait for it.
      const kept = Math.max(0, ...lies.map(([said]) => beginningAtEnd(text, said)));
      held = Buffer.from(text.slice(text.length - kept), 'latin1');
      done(null, Buffer.from(text.slice(0, text.length - kept), 'latin1'));
    },
    flush: (done) => done(null, held),
  });
}

/** How many of the last bytes are the first ones of what is looked for. */
function beginningAtEnd(text: string, said: string): number {
  for (let length = said.length - 1; length > 0; length -= 1) if (text.endsWith(said.slice(0, length))) return length;
  return 0;
}

function dripping(dripMs: number): Transform {
  let timer: NodeJS.Timeout | null = null;
  return new Transform({
    highWaterMark: 1,
    transform(chunk: Buffer, _, done) {
      let at = 0;
      timer = setInterval(() => {
        this.push(chunk.subarray(at, at + 1));
        at += 1;
        if (at < chunk.length) return;
        if (timer) clearInterval(timer);
        done();
      }, dripMs);
    },
    destroy(error, done) {
      if (timer) clearInterval(timer);
      done(error);
    },
  });
}
