import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEAD, SOCKET } from './protocol.ts';
import type { Order, Standing } from './protocol.ts';
import { FOLDER, IS_SYSTEM } from './settings.ts';

const PATIENCE_MS = 10_000;

/** Null when nobody is there, or is not any more. */
async function send(order: Order): Promise<Standing | null> {
  const socket = connect(SOCKET);
  const isConnected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => {
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
  if (!isConnected) return null;
  socket.write(`${JSON.stringify(order)}\n`);
  const answer = await text(socket).catch((error: unknown) => {
    // One that was idle for long enough left while this was on its way: nobody has heard it.
    if (['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  });
  return answer === '' ? null : (JSON.parse(answer) as Standing);
}

function startSupervisor(): void {
  const script = process.argv[1];
  if (!script) throw new Error('the script has a path');
  const env = { ...process.env, STAND_IN_SCOPE: IS_SYSTEM ? 'system' : 'user' };
  spawn(process.execPath, [script, '__supervise'], { detached: true, stdio: 'ignore', cwd: '/', env }).unref();
}

/** Gives an order to the supervisor of this home. One that only asks, or ends, finds everything dead when there is none. */
export async function order(what: Order): Promise<Standing> {
  mkdirSync(FOLDER, { recursive: true });
  process.chdir(FOLDER);
  const told = await send(what);
  if (told) return told;
  if (!['start', 'restart', 'hold'].includes(what.verb)) return DEAD;
  startSupervisor();
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    const standing = await send(what);
    if (standing) return standing;
    await sleep(10);
  }
  throw new Error('the stand-in service manager does not come up');
}
