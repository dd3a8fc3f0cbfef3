/**
 * The program that takes a manifest on a machine: `node -`, with the request and this file, bundled into one, on stdin. It runs under
 * any Node from 18 on, needs nothing but that Node, changes nothing and leaves nothing behind. Records go to stdout.
 */
import { once } from 'node:events';
import { codeOf } from './directory.ts';
import { isEntry } from './entry.ts';
import { encode, type Line } from './record.ts';
import { decodeRequest } from './request.ts';
import { walk } from './walker.ts';

const CHUNK_BYTES = 64 * 1024;
/** After so much content without a record that is due, a tick tells that the walk goes on. */
const TICK_BYTES = 64 * 1024 * 1024;

const { root, ...options } = decodeRequest(process.argv[2] ?? '');

let waiting: Buffer[] = [];
let waitingBytes = 0;
let readBytes = 0;
let entries = 0;

function put(line: Line): void {
  const record = encode(line);
  waiting.push(record);
  waitingBytes += record.length;
}

async function flush(): Promise<void> {
  const chunk = Buffer.concat(waiting);
  waiting = [];
  waitingBytes = 0;
  readBytes = 0;
  if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
}

function onRead(bytes: number): void {
  readBytes += bytes;
  if (readBytes < TICK_BYTES) return;
  readBytes = 0;
  // Whatever waits goes along, and the size of a tick needs no back-pressure.
  put({ type: 'tick' });
  process.stdout.write(Buffer.concat(waiting));
  waiting = [];
  waitingBytes = 0;
}

async function main(): Promise<void> {
  put({ type: 'head' });
  try {
    for await (const item of walk(root, { ...options, onRead })) {
      put(item);
      if (isEntry(item)) entries += 1;
      if (waitingBytes >= CHUNK_BYTES) await flush();
    }
    put({ type: 'end', entries });
  } catch (thrown) {
    put({ type: 'failed', code: codeOf(thrown) });
  }
  await flush();
}

// Whoever asked has gone: there is no one left to tell.
process.stdout.on('error', () => process.exit(1));
void main();
