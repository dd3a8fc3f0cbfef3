import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { createInterface } from 'node:readline';
import { DEAD, SOCKET } from './protocol.ts';
import type { Order, Standing } from './protocol.ts';
import { Service } from './service.ts';
import { FOLDER } from './settings.ts';

const IDLE_MS = 3000;

/** Set by a login: until the manager is told to exit, it stays though nothing runs. */
let isHeld = false;

/** The process behind `systemctl --user` of one home: it holds the services, and goes when there are none or the home is gone. */
export async function supervise(): Promise<void> {
  process.chdir(FOLDER);
  process.title = 'stand-in-systemd';
  const services = new Map<string, Service>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    createInterface({ input: socket }).once('line', (line) => {
      void obey(JSON.parse(line) as Order, services).then((standing) => socket.end(JSON.stringify(standing)));
    });
  });
  if (!(await claim(server))) return;
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const startTime = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  writeFileSync('supervisor.json', JSON.stringify({ pid: process.pid, startTime }));
  process.on('SIGTERM', () => void leave(services));
  watch(services);
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

async function obey(order: Order, services: Map<string, Service>): Promise<Standing> {
  if (order.verb === 'exit') {
    void leave(services);
    return DEAD;
  }
  const service = services.get(order.unit);
  if (order.verb === 'hold') isHeld = true;
  if (order.verb === 'show') return service?.standing() ?? DEAD;
  if (order.verb === 'kill') service?.kill(order.signal ?? 'SIGTERM');
  if (order.verb === 'stop' || order.verb === 'restart') await service?.stop();
  if (order.verb === 'start' || order.verb === 'restart') {
    const started = service ?? new Service(order.unit);
    services.set(order.unit, started);
    started.start();
    return started.standing();
  }
  return service?.standing() ?? DEAD;
}

async function leave(services: Map<string, Service>): Promise<never> {
  await Promise.all([...services.values()].map((service) => service.stop()));
  rmSync(`${FOLDER}/${SOCKET}`, { force: true });
  process.exit(0);
}

function watch(services: Map<string, Service>): void {
  let idleSince = Date.now();
  setInterval(() => {
    const all = [...services.values()];
    if (!existsSync(FOLDER)) {
      for (const service of all) service.kill('SIGKILL');
      process.exit(0);
    }
    if (isHeld || all.some((service) => !service.isIdle())) idleSince = Date.now();
    if (Date.now() - idleSince > IDLE_MS) void leave(services);
  }, 250);
}
