/**
 * The remote shell of the receiving rsync: bundled to one file, started by rsync as `node rsh.cjs SOCKET old rsync --server ...`.
 * It runs nothing. It carries its argv, stdin and stdout to the bridge in the neo-pull process and ends with the code that it
 * is told; 255 when the bridge is gone.
 */
import { readFileSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { dirname, join } from 'node:path';

import type { Farewell, Header } from './header.ts';

const GONE = 255;

const leave = (code: number) => process.exit(code);
// rsync ends its children by SIGUSR1 when it fails; Node, left alone, would open a debugger's port for everybody on this machine
process.on('SIGUSR1', () => leave(GONE));

const [socketPath = '', ...argv] = process.argv.slice(2);
const token = readFileSync(join(dirname(socketPath), 'token'), 'latin1');

function dial(header: Header): Socket {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  socket.on('error', () => leave(GONE));
  socket.write(`${JSON.stringify(header)}\n`);
  return socket;
}

const control = dial({ role: 'control', token, argv });
const data = dial({ role: 'data', token });

// process.stdout would write synchronously, and rsync, waiting for us to read, could then wait for ever
const input = new Socket({ fd: 0, readable: true, writable: false });
const output = new Socket({ fd: 1, readable: false, writable: true });
input.on('error', () => leave(GONE));
output.on('error', () => leave(GONE));

input.pipe(data);
data.pipe(output);
const delivered = new Promise<void>((resolve) => output.once('finish', resolve));

let farewell = '';
control.setEncoding('utf8');
control.on('data', (text: string) => (farewell += text));
control.on('end', () => {
  if (farewell === '') leave(GONE);
  const { code } = JSON.parse(farewell) as Farewell;
  void delivered.then(() => leave(code));
});
