// As much of a gateway as its processes show: titles, a port, a lock, an open file. LITTLE (JSON) says which part to play:
// { role: 'parent' | 'gateway' | 'helper' | 'cli' | 'other', title?, port?, lock?, lockAs?, holds?, reads?, childEnv? }
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const part = JSON.parse(process.env.LITTLE ?? '{}');
const titles = {
  parent: 'smart-agent-neo',
  cli: 'smart-agent-neo',
  gateway: 'smart-agent-neo-gateway',
  helper: 'smart-agent-neo-tool',
};
if (part.title !== false && titles[part.role]) process.title = titles[part.role];

function startTime() {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}

if (part.role === 'parent') {
  const env = { ...process.env, ...part.childEnv, LITTLE: JSON.stringify({ ...part, role: 'gateway' }) };
  const child = spawn(process.execPath, process.argv.slice(1), { env, stdio: ['ignore', 'inherit', 'inherit'] });
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
  child.once('exit', () => process.exit(0));
} else {
  if (part.lock) {
    mkdirSync(dirname(part.lock), { recursive: true, mode: 0o700 });
    const { configPath } = part;
    writeFileSync(part.lock, JSON.stringify({ pid: process.pid, configPath, startTime: startTime(), ...part.lockAs }));
  }
  if (part.holds) openSync(part.holds, 'a');
  if (part.reads) openSync(part.reads, 'r');
  const ready = () => process.stdout.write(`ready ${process.pid} ${fileURLToPath(import.meta.url)}\n`);
  if (part.port) createServer().listen(part.port, '127.0.0.1', ready);
  else ready();
  setInterval(() => undefined, 1000);
  process.on('SIGTERM', () => process.exit(0));
}
