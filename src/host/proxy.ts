import { Duplex } from 'node:stream';
import type { Host, Process } from '../core/host.ts';
import { printable } from './printable.ts';

const KEPT_STDERR_BYTES = 2048;

/**
 * Starts a ProxyCommand on this machine, without a shell, and gives its input and output as one stream. When the command ends the
 * stream breaks, with its exit code and its last words; when the stream is destroyed the command is ended, with its group.
 */
export async function startProxy(
  here: Host,
  argv: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  const process = await here.spawn(argv, signal ? { signal } : {});
  let words = Buffer.alloc(0);
  process.stderr.on('data', (chunk: Buffer) => (words = Buffer.concat([words, chunk]).subarray(-KEPT_STDERR_BYTES)));
  const stream = streamOf(process);
  // Whoever uses the stream sees how it broke; nobody else has to.
  stream.on('error', () => undefined);
  void process.exit.then(({ code, signal: by }) => {
    const last = printable(words.toString().trim().split('\n').at(-1) ?? '', 160);
    const how = by === null ? `exit code ${String(code)}` : `signal ${by}`;
    stream.destroy(
      new Error(`the ProxyCommand ${printable(argv[0] ?? '', 80)} ended with ${how}${last === '' ? '' : `: ${last}`}`),
    );
  });
  return stream;
}

/** That stdout ends, or stdin breaks, is not passed on: right behind it comes how the command ended, which says more. */
function streamOf(process: Process): Duplex {
  const { stdin, stdout } = process;
  const stream = new Duplex({
    read: () => void stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => void stdin.write(chunk, () => done()),
    final: (done) => void stdin.end(done),
    destroy: (error, done) => {
      process.kill('TERM');
      done(error);
    },
  });
  stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  return stream;
}
