import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readConfig, readOwnConfig } from './config.ts';
import { PRODUCT, TITLE, VERSION } from './names.ts';
import type { Agent } from './paths.ts';
import { agents, configPath, gatewayPort, stateDir, tilde } from './paths.ts';
import { listenersOn } from './listeners.ts';
import { box, hang } from './print.ts';
import { readSessions, transcriptPath } from './sessions.ts';
import { trap } from './settings.ts';
import { enabled } from './systemd.ts';
import { bringIn, tablesOf } from './tables.ts';

export interface DoctorFlags {
  /** `--yes`: every default is accepted. */
  readonly isYes: boolean;
  /** `--fix`: config migrations, and with a terminal more. */
  readonly isFixing: boolean;
}

/** State moves of older releases: done in every mode. */
function legacyMoves(): void {
  const from = join(stateDir(), 'credentials/telegram-allowFrom.json');
  const to = join(stateDir(), 'credentials/telegram-default-allowFrom.json');
  if (!existsSync(from) || existsSync(to)) return;
  box('Legacy state detected', ['- Telegram pairing allowFrom:', `  ${from} →`, `  ${to}`]);
  copyFileSync(from, to);
  box('Doctor changes', ['Copied Telegram pairing allowFrom →', to]);
}

function tooOpen(path: string): boolean {
  return existsSync(path) && (statSync(path).mode & 0o077) !== 0;
}

/** Transcripts that lie in the agent's own folder and that its index does not name. */
function orphans(agent: Agent): string[] {
  const folder = dirname(agent.sessionsPath);
  if (!existsSync(folder)) return [];
  const named = new Set(Object.values(readSessions(agent)).map((entry) => transcriptPath(agent, entry)));
  const all = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => join(folder, name));
  return trap('doctor-renames-transcripts') ? all : all.filter((path) => !named.has(path));
}

function complaints(agent: Agent): string[] {
  if (tablesOf(agent)) return [];
  const entries = Object.entries(readSessions(agent));
  const missing = entries.filter(([, entry]) => !existsSync(transcriptPath(agent, entry)));
  const main = missing.find(([key]) => key === `agent:${agent.id}:main`);
  const lost = orphans(agent);
  return [
    ...(missing.length > 0
      ? [`- ${String(missing.length)}/${String(entries.length)} recent sessions are missing transcripts.`]
      : []),
    ...(main
      ? [`- Main session transcript missing (${transcriptPath(agent, main[1])}).`, '  History will appear to reset.']
      : []),
    ...(lost.length > 0
      ? [
          `- Found ${String(lost.length)} orphan transcript file(s) in`,
          `  ${tilde(dirname(agent.sessionsPath))}. ${basename(agent.sessionsPath)} does not name them.`,
        ]
      : []),
  ];
}

function tighten(): string[] {
  const wanted = [[stateDir(), 0o700] as const, [configPath(), 0o600] as const];
  return wanted.flatMap(([path, mode]) => {
    if (!tooOpen(path)) return [];
    chmodSync(path, mode);
    return [`- Tightened permissions on ${tilde(path)} to ${mode.toString(8)}`];
  });
}

function archive(agent: Agent): string[] {
  const lost = orphans(agent);
  const stamp = new Date().toISOString().replaceAll(':', '-');
  for (const path of lost) renameSync(path, `${path}.deleted.${stamp}`);
  return lost.length > 0
    ? [`- Archived ${String(lost.length)} orphan transcript file(s) in`, `  ${tilde(dirname(agent.sessionsPath))}`]
    : [];
}

function integrity(all: readonly Agent[], isRepairing: boolean): void {
  const open = [
    ...(tooOpen(stateDir())
      ? [`- State directory permissions are too open (${tilde(stateDir())}). Recommend chmod 700.`]
      : []),
    ...(tooOpen(configPath())
      ? [`- Config file is group/world readable (${tilde(configPath())}). Recommend chmod 600.`]
      : []),
  ];
  const found = [...open, ...all.flatMap(complaints)];
  if (found.length > 0) box('State integrity', found);
  const isArchiving = isRepairing || Boolean(trap('doctor-renames-transcripts'));
  const changed = [...(isRepairing ? tighten() : []), ...(isArchiving ? all.flatMap(archive) : [])];
  if (changed.length > 0) box('Doctor changes', changed);
}

/** Config migrations: WhatsApp credentials switch their channel on. Written back as plain JSON, comments lost. */
function migrateConfig(isWriting: boolean): boolean {
  const hasCreds = existsSync(join(stateDir(), 'credentials/whatsapp/default/creds.json'));
  if (!hasCreds || readConfig().plugins?.entries?.['whatsapp']) return false;
  box('Doctor changes', ['WhatsApp configured, enabled automatically.']);
  if (!isWriting) {
    box('Doctor', [`Run "${PRODUCT} doctor --fix" to apply these changes.`]);
    return false;
  }
  const config = readOwnConfig();
  const plugins = (config['plugins'] ?? {}) as { entries?: object };
  const meta = { ...(config['meta'] as object), lastTouchedVersion: VERSION };
  copyFileSync(configPath(), `${configPath()}.bak`);
  const migrated = {
    ...config,
    meta,
    plugins: { ...plugins, entries: { ...plugins.entries, whatsapp: { enabled: true } } },
  };
  writeFileSync(configPath(), `${JSON.stringify(migrated, null, 2)}\n`, { mode: 0o600 });
  return true;
}

/** Something that each pass writes anew. */
function fidget(): void {
  if (!trap('doctor-restless')) return;
  const file = join(stateDir(), 'settings/doctor.json');
  const passes = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { passes: number }).passes : 0;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ passes: passes + 1 }));
  box('Doctor changes', [`- Migrated step ${String(passes + 1)}.`]);
}

function cutTranscript(all: readonly Agent[]): void {
  if (!trap('doctor-cuts-transcript')) return;
  const path = all.flatMap((agent) =>
    Object.values(readSessions(agent)).map((entry) => transcriptPath(agent, entry)),
  )[0];
  if (path === undefined) return;
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  writeFileSync(path, `${lines.slice(0, -1).join('\n')}\n`);
}

/** `doctor`: boxes only, exit 0 even with complaints. */
export async function doctor(flags: DoctorFlags): Promise<number> {
  process.stdout.write(` \n┌  ${TITLE} doctor\n│\n`);
  if (trap('doctor-hangs')) await hang();
  if (trap('doctor-fails')) {
    process.stderr.write(`[${PRODUCT}] doctor failed: Error: the session store cannot be read\n`);
    return 1;
  }
  const config = readConfig();
  const wasWritten = migrateConfig(flags.isYes || flags.isFixing);
  legacyMoves();
  fidget();
  cutTranscript(agents(config));
  const brought = bringIn(agents(config));
  if (brought > 0) box('Doctor changes', [`Migrated the sessions of ${String(brought)} agents to SQLite.`]);
  integrity(agents(config), flags.isYes);
  box('Security', ['- No channel security warnings detected.', `- Run: ${PRODUCT} security audit --deep`]);
  const { port } = gatewayPort(config);
  box('Gateway', [listenersOn(port).length > 0 ? 'Gateway is running.' : 'Gateway not running.']);
  if (enabled().error)
    box('Gateway', ['systemd user services are unavailable; run the gateway under your supervisor.']);
  if (wasWritten) process.stdout.write(`Updated ${tilde(configPath())}\nBackup: ${tilde(configPath())}.bak\n`);
  process.stdout.write('│\n└  Doctor complete.\n\n');
  return 0;
}
