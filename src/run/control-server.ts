import { chmod, rename, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import type { Event } from '../core/event.ts';
import { fail } from '../core/problem.ts';
import type { RunFolder } from '../core/step.ts';
import { makeSocketFolder, socketFault } from '../host/socket-folder.ts';
import { readRecord, removeRecord, unsafe, writeRecord, type ControlRecord } from './control-record.ts';
import { ControlSession, type Handle } from './control-session.ts';
import { replyLine } from './control-words.ts';
import { checkPrivateFolder } from './private-folder.ts';
import { isAlive, ownIdentity } from './process-identity.ts';

/** Takes orders for a run, as long as its process lives. */
export interface Control {
  /** To every client that follows a cutover. Never waits, never throws. */
  tell(event: Event): void;
  /** Takes no more orders; what was said is brought to its readers, for two seconds at most. Repeatable. */
  close(): Promise<void>;
}

/** Whose the run is: a `StateHome` will do. */
export interface ControlPlace {
  readonly uid: number;
}

const USE = { prefix: 'neo-pull-control-', socket: 'sock' };
const MOST_CLIENTS = 64;

/**
 * Listens for orders to the daemon of this run: on a socket (0600) in a folder of its own (0700) within the run's folder, or where its name
 * is too long for a socket in /tmp, never in XDG_RUNTIME_DIR: that goes with the last login, and a daemon may stay; where it lies is said in `control.json` (0600) of the run's folder. What a dead daemon
 * left there is cleared away. Whoever calls holds the lock of the run. Throws `locked` while another process takes orders for it,
 * `option-invalid` or `control-unsafe` where others could exchange what lies there.
 */
export async function openControl(run: RunFolder, place: ControlPlace, handle: Handle): Promise<Control> {
  await checkPrivateFolder(run.path, place.uid);
  await clearStale(run, place.uid);
  const sessions = new Set<ControlSession>();
  const server = createServer((socket) => {
    const session = new ControlSession(socket, handle);
    sessions.add(session);
    socket.once('close', () => sessions.delete(session));
  });
  server.maxConnections = MOST_CLIENTS;
  const socket = await listenSomewhere(server, run, place);
  const record: ControlRecord = { v: 1, ...(await ownIdentity()), socket };
  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    await removeRecord(run, record, place.uid);
    const over = new Promise((resolve) => server.close(resolve));
    for (const session of sessions) session.close();
    await over;
    await rm(dirname(socket), { recursive: true, force: true });
  };
  await writeRecord(run, record).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    tell(event) {
      const line = sessions.size > 0 && !closed ? replyLine({ event }) : null;
      if (line) for (const session of sessions) session.hear(event, line);
    },
    close: () => (closed ??= close()),
  };
}

/** The folder of a dead daemon may lie where `makeSocketFolder` does not come by. */
async function clearStale(run: RunFolder, uid: number): Promise<void> {
  const found = await readRecord(run, uid);
  if (!found) return;
  if (await isAlive(found))
    throw fail('locked', {
      message: `Process ${found.pid} takes orders for run ${run.id} already.`,
      hint: `Look at it with \`neo-pull status ${run.id}\`, or end it with \`neo-pull stop ${run.id}\`.`,
    });
  await removeRecord(run, found, uid);
  if ((await socketFault(found.socket, uid)) === null)
    await rm(dirname(found.socket), { recursive: true, force: true });
}

/** Some file systems hold no sockets, so each place is tried. */
async function listenSomewhere(server: Server, run: RunFolder, { uid }: ControlPlace): Promise<string> {
  let cause: unknown = null;
  for (const parent of [run.path, '/tmp']) {
    const folder = await makeSocketFolder([parent], USE);
    if (!folder) continue;
    const path = join(folder.path, USE.socket);
    try {
      await listen(server, path);
      const fault = await socketFault(path, uid);
      if (fault) throw unsafe(folder.path, fault.why);
      return path;
    } catch (error) {
      cause = error;
      server.close();
      await rm(folder.path, { recursive: true, force: true });
    }
  }
  throw fail(
    'control-unsafe',
    {
      message: 'No private place for the control socket could be made: neither the folder of the run nor /tmp will do.',
      hint: `Run this and look at owner, mode and free space: ls -ld ${run.path} /tmp; df -h ${run.path} /tmp`,
    },
    { cause },
  );
}

/** The name that is given out appears only when somebody listens and only the owner may connect. */
async function listen(server: Server, path: string): Promise<void> {
  const early = `${path}.new`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(early, () => {
      // Later a client that could not be taken on is no fault of those that are.
      server.off('error', reject).on('error', () => undefined);
      resolve();
    });
  });
  await chmod(early, 0o600);
  await rename(early, path);
}
