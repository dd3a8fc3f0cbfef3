import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { keep, keeperOf, standing, want } from './keeper.ts';

const PM2_HOME = process.env['PM2_HOME'] ?? join(homedir(), '.pm2');
const FOLDER = join(PM2_HOME, 'stand-in');
const WORDS = { running: 'online', restarting: 'waiting restart', stopping: 'stopping', stopped: 'stopped' } as const;

interface App {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

function apps(): App[] {
  const path = join(PM2_HOME, 'stand-in-apps.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as App[]) : [];
}

async function run(app: App): Promise<number> {
  const pm2Env = { PM2_HOME, name: app.name, pm_id: '0' };
  await keep(FOLDER, {
    argv: app.argv,
    env: { ...app.env, ...pm2Env },
    cwd: homedir(),
    restartMs: 300,
    title: `PM2 v5.4.2: God Daemon (${PM2_HOME})`,
  });
  writeFileSync(join(PM2_HOME, 'pm2.pid'), String(keeperOf(FOLDER)));
  await want(FOLDER, 'up');
  return 0;
}

/** `start PROGRAM --name NAME -- ARGUMENTS`, or `start NAME`. */
async function start(words: readonly string[]): Promise<number> {
  const [program = '', flag, name = '', dashes, ...args] = words;
  const known = apps().find((app) => app.name === program);
  if (words.length === 1 && known && keeperOf(FOLDER) !== null) return run(known);
  if (flag !== '--name' || dashes !== '--') return refuse(`Script not found: ${program}`);
  mkdirSync(PM2_HOME, { recursive: true });
  const env = Object.fromEntries(Object.entries(process.env).map(([key, value]) => [key, value ?? '']));
  const app = { name, argv: [program, ...args], env };
  writeFileSync(join(PM2_HOME, 'stand-in-apps.json'), JSON.stringify([app]));
  return run(app);
}

function refuse(line: string): number {
  process.stderr.write(`[PM2][ERROR] ${line}\n`);
  return 1;
}

function listed() {
  const { status, pid } = standing(FOLDER);
  const rest = { exec_mode: 'fork_mode', autorestart: true };
  return apps().map(({ name, env }) => ({
    name,
    pid,
    pm_id: 0,
    pm2_env: { ...rest, name, env, status: WORDS[status] },
  }));
}

/** As much of pm2 as is known of it. One that only asks starts the daemon too, as the real one does: that is noted. */
export async function pm2(argv: readonly string[]): Promise<number> {
  const [verb = '', ...words] = argv;
  if (keeperOf(FOLDER) === null && verb !== 'start' && verb !== 'resurrect')
    writeFileSync(join(PM2_HOME, 'stand-in-woken'), verb);
  if (verb === 'start') return start(words);
  if (verb === 'resurrect' && words.length === 0) {
    const list = JSON.parse(readFileSync(join(PM2_HOME, 'dump.pm2'), 'utf8')) as { name: string; status: string }[];
    const app = apps().find(({ name }) => list.some((one) => one.name === name && one.status !== 'stopped'));
    return app ? run(app) : 0;
  }
  if (verb === 'jlist' && words.length === 0) {
    process.stdout.write(`>>>> In-memory PM2 is out-of-date, do:\n>>>> $ pm2 update\n${JSON.stringify(listed())}\n`);
    return 0;
  }
  if (verb === 'save' && words.length === 0) {
    const list = listed().map(({ pm2_env }) => pm2_env);
    writeFileSync(join(PM2_HOME, 'dump.pm2'), JSON.stringify(list, null, 2));
    return 0;
  }
  if (verb !== 'stop' || words.length !== 1) return refuse(`Command not found: ${argv.join(' ')}`);
  if (!apps().some(({ name }) => name === words[0])) return refuse(`Process or Namespace ${words[0] ?? ''} not found`);
  await want(FOLDER, 'down');
  return 0;
}
