/**
 * The program that counts what a gateway owns, or says what of it is bound to its machine: `node - <request>`, with this file, bundled
 * into one, on stdin. It runs under any Node from 18 on, changes nothing and leaves nothing behind. One line of JSON for each thing,
 * then `["end"]`.
 */
import { once } from 'node:events';
import { boundOf } from './bound.ts';
import { itemsOf } from './count.ts';
import { decodeRequest, type CensusRequest } from './request.ts';

const CHUNK_CHARS = 64 * 1024;

async function main(): Promise<void> {
  let waiting = '';
  for (const item of answerTo(decodeRequest(process.argv[2] ?? ''))) {
    waiting += `${JSON.stringify(item)}\n`;
    if (waiting.length < CHUNK_CHARS) continue;
    if (!process.stdout.write(waiting)) await once(process.stdout, 'drain');
    waiting = '';
  }
  process.stdout.write(`${waiting}["end"]\n`);
}

function answerTo({ bound, ...request }: CensusRequest): Iterable<unknown> {
  if (!bound) return itemsOf(request);
  const self = { node: process.execPath, abi: process.versions.modules, now: () => Date.now() };
  return [['bound', boundOf({ ...request, bound }, self)]];
}

// Whoever asked has gone: there is no one left to tell.
process.stdout.on('error', () => process.exit(1));
void main();
