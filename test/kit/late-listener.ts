import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const PROGRAM = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
  console.log(this.address().port);
});`;

/**
 * A port of 127.0.0.1 that answers no SYN until `answer` is called, as a machine at the end of a slow line: its owner is stopped and its
 * queue full. The kernel sends a SYN again a second after the first. Always `close` it.
 */
export async function lateListener(): Promise<{ port: number; answer(): void; close(): Promise<void> }> {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(said.toString());
  child.kill('SIGSTOP');
  const queue: Socket[] = [];
  for (let isFull = false; !isFull;) {
    const next = connect(port, '127.0.0.1').on('error', () => undefined);
    queue.push(next);
    isFull = await Promise.race([once(next, 'connect').then(() => false), sleep(200, true)]);
  }
  return {
    port,
    answer: () => child.kill('SIGCONT'),
    async close() {
      for (const socket of queue) socket.destroy();
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
