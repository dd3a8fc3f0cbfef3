import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { KEPT_MARKER, type Identity, type KeepAnswer, type Subject } from './probe-contract.ts';
import { hasLostArgv, isProduct } from './probe-belongs.ts';
import { topOf } from './probe-families.ts';
import { readBootId, readProcess, readProcesses, readUmask, type Proc } from './probe-processes.ts';

/** What a foreground gateway was started with, as it comes back from the folder. */
export interface Kept {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly umask: number | null;
  /** Names of variables whose bytes are no UTF-8. */
  readonly leftOut: readonly string[];
}

interface Marker extends KeepAnswer {
  readonly umask: number | null;
}

/** Is this exact process still running? */
export function isRunning({ pid, startTime, bootId }: Identity): boolean {
  return bootId === readBootId() && readProcess(pid)?.startTime === startTime;
}

/**
 * Saves what a gateway was started with into a folder that only this user can enter: argv, environ and working directory byte for
 * byte. A folder that is whole already is left as it is, so that a second try after a crash cannot save anything else. Throws where
 * the process is gone, may not be read, or the folder is not ours alone.
 */
export function keepProcess(subject: Subject, process: Identity, folder: string): KeepAnswer {
  makePrivate(folder, subject.uid);
  const marker = join(folder, KEPT_MARKER);
  if (existsSync(marker)) return publicPart(readMarker(marker));
  if (!isRunning(process)) throw new Error(`process ${process.pid} is gone`);
  const top = started(process.pid, subject);
  const environ = readFileSync(`/proc/${top.pid}/environ`);
  const argvKnown = !hasLostArgv(top, subject);
  const argv = argvKnown ? readFileSync(`/proc/${top.pid}/cmdline`) : Buffer.from(subject.foregroundArgv.join('\0'));
  write(join(folder, 'environ'), environ);
  write(join(folder, 'argv'), argv);
  write(join(folder, 'cwd'), readlinkSync(`/proc/${top.pid}/cwd`, 'buffer'));
  const answer = { pid: process.pid, argvKnown, environSha256: createHash('sha256').update(environ).digest('hex') };
  const whole: Marker = { ...answer, umask: readUmask(top.pid) };
  write(`${marker}.part`, Buffer.from(`${JSON.stringify(whole)}\n`));
  renameSync(`${marker}.part`, marker);
  return answer;
}

/** Reads back what `keepProcess` saved. Throws when the folder is not whole. */
export function readKept(folder: string): Kept {
  const { umask } = readMarker(join(folder, KEPT_MARKER));
  const argv = splitNul(readFileSync(join(folder, 'argv'))).map(String);
  const env: Record<string, string> = {};
  const leftOut: string[] = [];
  for (const pair of splitNul(readFileSync(join(folder, 'environ')))) {
    const text = pair.toString();
    const equals = text.indexOf('=');
    const name = text.slice(0, equals);
    if (equals < 1 || name in env) continue;
    if (Buffer.from(text).equals(pair)) env[name] = text.slice(equals + 1);
    else leftOut.push(name);
  }
  return { argv, cwd: readFileSync(join(folder, 'cwd'), 'utf8'), env, umask, leftOut };
}

/** The process that was started: the child that serves has an environment that its parent has added to. */
export function started(pid: number, subject: Subject): Proc {
  const processes = readProcesses();
  const proc = processes.get(pid);
  if (!proc) throw new Error(`process ${pid} is gone`);
  const product = [...processes].filter(([, other]) => other.uid === subject.uid && isProduct(other, subject));
  return topOf(proc, new Map(product));
}

function makePrivate(folder: string, uid: number): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new Error(`${folder} is not a directory that only user ${uid} can enter`);
  }
}

function write(file: string, bytes: Uint8Array): void {
  const fd = openSync(file, 'w', 0o600);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function readMarker(file: string): Marker {
  return JSON.parse(readFileSync(file, 'utf8')) as Marker;
}

function publicPart({ pid, argvKnown, environSha256 }: Marker): KeepAnswer {
  return { pid, argvKnown, environSha256 };
}

/** The parts of what `/proc` separates by NUL, as bytes. */
export function splitNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const nul = bytes.indexOf(0, from);
    const end = nul === -1 ? bytes.length : nul;
    parts.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return parts;
}
