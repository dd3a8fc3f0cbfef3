import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { liveProcesses } from '../kit/processes.ts';
import type { Side } from '../kit/side.ts';
import type { SideName, TempLab } from '../kit/temp-lab.ts';

const askManager = promisify(execFile);

/** What is seen of both machines: one line each for every entry of the homes, every running gateway, every service. */
export type View = readonly string[];

/** The product as it is installed, and the books of the stand-in service manager: no step touches them by itself. */
export const APART: readonly string[] = ['.npm-global', '.stand-in-systemd'];

/**
 * Looks at both machines of a lab: entries with type, mode, link target, content by hash and fellow names (times are left out: no
 * step changes one and nothing else), gateways with what they were started with, services as their manager has them, the port.
 */
export async function viewOf(lab: TempLab): Promise<View> {
  const port = (await isOpen(lab.port)) ? 'open' : 'closed';
  return [...(await viewOfSide(lab, 'old')), ...(await viewOfSide(lab, 'new')), `the port is ${port}`];
}

/** Does anybody listen on this port of the loopback? */
export function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** A view without the lines that one of the patterns matches. */
export function without(view: View, patterns: readonly RegExp[]): View {
  return view.filter((line) => !patterns.some((pattern) => pattern.test(line)));
}

async function viewOfSide(lab: TempLab, name: SideName): Promise<View> {
  const side = lab[name];
  const gateways = liveProcesses(side.pidsFile).filter(({ role }) => role !== 'parent');
  const running = gateways.map(({ pid, role }) => `${name} runs: ${role} ${startedWith(pid)}`);
  return [...treeOf(name, side.home), ...running.sort(), ...(await servicesOf(name, side))];
}

function treeOf(name: SideName, home: string): string[] {
  const lines: string[] = [];
  const names = new Map<string, string>();
  const enter = (inside: string): void => {
    for (const entry of readdirSync(join(home, inside)).sort()) {
      const path = join(inside, entry);
      if (APART.includes(path)) continue;
      lines.push(`${name}/${path} ${lineOf(join(home, path), path, names)}`);
      if (lstatSync(join(home, path)).isDirectory()) enter(path);
    }
  };
  enter('');
  return lines;
}

function lineOf(at: string, path: string, names: Map<string, string>): string {
  const { mode, dev, ino, nlink } = lstatSync(at);
  const bits = (mode & 0o7777).toString(8);
  const kind = mode & 0o170000;
  if (kind === 0o040000) return `dir ${bits}`;
  if (kind === 0o120000) return `link ${readlinkSync(at)}`;
  if (kind !== 0o100000) return `other ${bits}`;
  const twin = nlink === 1 ? path : (names.get(`${dev}:${ino}`) ?? path);
  names.set(`${dev}:${ino}`, twin);
  return `file ${bits} ${hash(readFileSync(at))}${twin === path ? '' : ` = ${twin}`}`;
}

/** All that a process got from whoever started it, apart from its number. */
function startedWith(pid: number): string {
  const proc = `/proc/${String(pid)}`;
  const umask = /^Umask:\t(\d+)/m.exec(readFileSync(join(proc, 'status'), 'utf8'))?.[1] ?? '';
  const title = readFileSync(join(proc, 'cmdline'), 'utf8').replaceAll('\0', ' ').trim();
  return `${title}, in ${readlinkSync(join(proc, 'cwd'))}, umask ${umask}, environment ${hash(environmentOf(pid).join('\0'))}`;
}

/** The environment that a process was started with, `NAME=value` each, sorted. */
export function environmentOf(pid: number): string[] {
  return readFileSync(`/proc/${String(pid)}/environ`, 'utf8')
    .split('\0')
    .filter(Boolean)
    .sort();
}

/** How this unit stands, as the service manager of that home says; `no manager` where none answers. Enabling is links, which are in the tree. */
export async function standingOf(side: Side, unit: string): Promise<string> {
  const asked = ['--user', 'show', unit, '--property=ActiveState', '--value'];
  const said = await askManager(join(side.path, 'bin/systemctl'), asked, { env: side.env }).catch((error: unknown) => {
    if (error instanceof Error && error.message.includes('Failed to connect to bus')) return { stdout: 'no manager' };
    throw error;
  });
  return said.stdout.trim();
}

async function servicesOf(name: SideName, side: Side): Promise<string[]> {
  const folder = join(side.home, '.config/systemd/user');
  const units = existsSync(folder) ? readdirSync(folder).filter((unit) => unit.endsWith('.service')) : [];
  return Promise.all(units.map(async (unit) => `${name} service: ${unit} is ${await standingOf(side, unit)}`));
}

function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
