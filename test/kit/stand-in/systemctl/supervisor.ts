import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { obey } from './commands.ts';
import { answerBytes, HELD, readCall, SOCKET } from './protocol.ts';
import { killAll, stopAll } from './services.ts';
import { FOLDER } from './settings.ts';

/** The process behind `systemctl --user` of one home: it holds the services, and goes when it is told to or the home is gone. */
export async function supervise(): Promise<void> {
  process.chdir(FOLDER);
  process.title = 'stand-in-systemd';
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    void hear(socket);
  });
  if (!(await claim(server))) return;
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const startTime = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  writeFileSync('supervisor.json', JSON.stringify({ pid: process.pid, startTime }));
  process.on('SIGTERM', () => void leave());
  setInterval(() => {
    if (existsSync(FOLDER)) return;
    killAll();
    process.exit(0);
  }, 250);
}

async function hear(socket: Socket): Promise<void> {
  let heard = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    heard = Buffer.concat([heard, chunk]);
    const call = readCall(heard);
    if (!call) continue;
    const answer = await obey(call);
    socket.end(answerBytes(answer), () => {
      if (answer.isOver) void leave();
    });
    return;
  }
}

function listen(server: Server): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen(SOCKET, () => {
      resolve(true);
    });
  });
}

function isAnswered(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(SOCKET, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

async function claim(server: Server): Promise<boolean> {
  if (await listen(server)) return true;
  if (await isAnswered()) return false; // another one was faster
  rmSync(SOCKET, { force: true });
  return listen(server);
}

async function leave(): Promise<never> {
  await stopAll();
  for (const name of [SOCKET, HELD]) rmSync(`${FOLDER}/${name}`, { force: true });
  process.exit(0);
}
