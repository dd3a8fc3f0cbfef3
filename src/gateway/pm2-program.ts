import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// Streamed to `node -` on the gateway's machine: `look` or `save-STATUS`, then pm2's program, its home, and the name of an app.
// Prints one line of JSON: how the app stands with the running pm2, and in the list that it has saved.

interface App {
  readonly name?: string;
  readonly pid?: number;
  readonly status?: string;
  readonly pm2_env?: { readonly status?: string };
}

const [what = '', bin = '', home = '', name = ''] = process.argv.slice(2);
const dump = join(home, 'dump.pm2');

function listIn(text: string): App[] {
  // Notices may come first.
  const at = text.indexOf('[{');
  return at < 0 ? [] : (JSON.parse(text.slice(at).trim()) as App[]);
}

/** Asking a pm2 that does not run would start one. */
function isUp(): boolean {
  try {
    return process.kill(Number(readFileSync(join(home, 'pm2.pid'), 'utf8').trim()), 0);
  } catch {
    return false;
  }
}

function running(): App[] {
  if (!isUp()) return [];
  const path = [dirname(bin), dirname(process.execPath), process.env['PATH'] ?? ''].join(':');
  const env = { ...process.env, PM2_HOME: home, PATH: path };
  return listIn(execFileSync(bin, ['jlist'], { env, encoding: 'utf8', maxBuffer: 1 << 26, timeout: 20_000 }));
}

function saved(): App[] {
  try {
    const list = JSON.parse(readFileSync(dump, 'utf8')) as unknown;
    return Array.isArray(list) ? (list as App[]) : [];
  } catch {
    return [];
  }
}

function save(status: string): void {
  const list = saved();
  if (!list.some((app) => app.name === name && app.status !== status)) return;
  const text = JSON.stringify(
    list.map((app) => (app.name === name ? { ...app, status } : app)),
    null,
    2,
  );
  const draft = `${dump}.np-draft`;
  writeFileSync(draft, text, { mode: 0o600 });
  chmodSync(draft, statSync(dump).mode & 0o7777);
  renameSync(draft, dump);
}

/** Of several instances the one that is most alive speaks for all. */
function liveliest(words: readonly (string | undefined)[]): string | null {
  const resting = ['stopped', 'errored'];
  const said = words.filter((word) => word !== undefined);
  return said.find((word) => !resting.includes(word)) ?? said[0] ?? null;
}

if (what.startsWith('save-')) save(what.slice('save-'.length));
const apps = running().filter((app) => app.name === name);
const kept = saved().filter((app) => app.name === name);
process.stdout.write(
  `${JSON.stringify({
    status: liveliest(apps.map((app) => app.pm2_env?.status)),
    pid: apps.find((app) => (app.pid ?? 0) > 0)?.pid ?? null,
    saved: liveliest(kept.map((app) => app.status)),
  })}\n`,
);
