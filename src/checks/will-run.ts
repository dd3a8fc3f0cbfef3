import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { posix as path } from 'node:path';
import { parseText } from '../core/json-text.ts';
import { roomOf } from '../core/modes.ts';
import type { Plan, Root } from '../core/plan.ts';
import { ProblemError } from '../core/problem.ts';
import {
  commandsIn,
  jobsIn,
  namesCommands,
  runnableAt,
  scriptsIn,
  type Runnable,
  type RunnableKind,
  type WillRun,
} from '../core/will-run.ts';
import { printable } from '../host/printable.ts';
import type { Entry } from '../walk/entry.ts';

const LISTED = 500;
/** A file of this size that is to be read as a whole is none of those that are. */
const MOST_TEXT_BYTES = 16 * 1024 * 1024;
/** Of what no manifest has hashed so much is read. */
const MOST_READ_BYTES = 512 * 1024 * 1024;

/** Never through a link, and never waiting for the writer of a pipe that was put there. */
const READING = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface Thing {
  readonly kind: RunnableKind;
  readonly name: string;
  readonly single: string | null | undefined;
  readonly sum: Hash;
  readonly files: number;
  readonly isWhole: boolean;
}

/**
 * Lists what of the copy may run on this machine, from what a walk of it sees: by place (hooks, skills, extensions, ...), and by what a few
 * files say (jobs, commands of the config, scripts). Read-only; never starts anything. Where the walk did not hash it reads itself, within bounds.
 */
export class WillRunList {
  readonly #plan: Plan;
  readonly #things = new Map<string, Thing>();
  readonly #parts: Runnable[] = [];
  #readBytes = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** An entry of the copy of a root. */
  async take(root: Root, entry: Entry): Promise<void> {
    if (entry.type === 'dir') return;
    const shown = entry.path.toString();
    const workspace = workspaceAround(root, entry.path);
    const found = this.#placeOf(root, workspace === '' ? shown : shown.slice(workspace.length + 1), entry);
    if (found) await this.#add(root, entry, { kind: found.kind, path: path.join(workspace, found.path) });
    if (entry.type === 'file') await this.#readParts(root, entry, shown);
  }

  /** In the order in which a walk has them, things before parts of files. */
  get all(): WillRun {
    const things = [...this.#things.values()].map(({ kind, name, files, single, sum, isWhole }): Runnable => {
      const sha256 = !isWhole ? null : files === 1 && typeof single === 'string' ? single : sum.copy().digest('hex');
      return { kind, name: printable(name, 300), files, sha256 };
    });
    const all = [...things, ...this.#parts];
    return { count: all.length, listed: all.slice(0, LISTED) };
  }

  /** A directory of the state room that is not the state dir moved because the config or a link names it: what in it is code counts. */
  #placeOf(root: Root, inside: string, entry: Entry): ReturnType<typeof runnableAt> {
    const room = roomOf({ ...root, path: entry.path });
    const found = runnableAt(inside, room === 'workspace');
    if (found || room === 'workspace' || root.id === 'state' || root.files !== null) return found;
    const isCode =
      (entry.mode & 0o111) !== 0 || /\.(?:[cm]?[jt]s|py|sh|rb|pl)$|(?:^|\/)(?:SKILL|HOOK)\.md$/.test(inside);
    return isCode && entry.type === 'file' ? { kind: 'directory', path: inside.split('/')[0] ?? inside } : null;
  }

  async #add(root: Root, entry: Entry, { kind, path: place }: { kind: RunnableKind; path: string }): Promise<void> {
    const key = `${kind}\0${root.id}/${place}`;
    const { single, sum, files, isWhole } = this.#things.get(key) ?? {
      single: undefined,
      sum: createHash('sha256'),
      files: 0,
      isWhole: true,
    };
    const isItself = entry.path.toString() === place;
    const hash =
      entry.type === 'symlink'
        ? `-> ${entry.link?.toString('base64') ?? ''}`
        : (entry.hash ?? (await this.#hash(root, entry)));
    sum.update(`${entry.path.toString('base64')} ${(entry.mode & 0o100) === 0 ? '-' : 'x'} ${hash ?? ''}\n`);
    const only = isItself && entry.type === 'file' ? hash : null;
    const name = `${root.id}/${place}`;
    this.#things.set(key, {
      kind,
      name,
      sum,
      files: files + 1,
      single: files === 0 ? only : single,
      isWhole: isWhole && hash !== null,
    });
  }

  async #hash(root: Root, { path: name, size }: Entry): Promise<string | null> {
    this.#readBytes += size;
    if (this.#readBytes > MOST_READ_BYTES) return null;
    const sum = createHash('sha256');
    try {
      const handle = await open(placeOf(root, name), READING);
      // A file that grows while it is read has no end.
      const content = handle.createReadStream({ end: Math.max(0, size - 1) }) as AsyncIterable<Buffer>;
      for await (const chunk of content) sum.update(chunk);
      return sum.digest('hex');
    } catch {
      return null;
    }
  }

  async #readParts(root: Root, entry: Entry, shown: string): Promise<void> {
    const file = `${root.id}/${shown}`;
    const parts = async (
      kind: RunnableKind,
      of: (value: unknown) => { name: string; text: string }[],
    ): Promise<void> => {
      const text = await textOf(root, entry);
      if (text !== null) for (const { name, text: own } of of(valueOf(text))) this.#part(kind, `${file}: ${name}`, own);
    };
    if (root.id === 'state' && shown === 'cron/jobs.json') await parts('cron-job', jobsIn);
    if (this.#plan.configFiles.some((one) => one.root === root.id && one.file === shown))
      await parts('command', namedCommands);
    if (isTopOfWorkspace(root, entry.path, 'package.json')) await parts('npm-script', scriptsIn);
    if (!/(?:^|\/)\.git\/config$/.test(shown)) return;
    const text = await textOf(root, entry);
    if (text !== null && namesCommands(text)) this.#part('git-config', file, text);
  }

  #part(kind: RunnableKind, name: string, text: string): void {
    const sha256 = createHash('sha256').update(text).digest('hex');
    this.#parts.push({ kind, name: printable(name, 300), files: 0, sha256 });
  }
}

/** An argument may be a secret: of a command only the name of its program is told, where it is a plain one. */
function namedCommands(value: unknown): { name: string; text: string }[] {
  return commandsIn(value).map(({ at, program, text }) => {
    const name = path.basename(program.split(/\s/, 1)[0] ?? '');
    return { name: /^[\w.+-]{1,60}$/.test(name) ? `${at} (${name})` : at, text };
  });
}

/** The workspace that a path lies in, relative to the root, or empty: the root itself. */
function workspaceAround(root: Root, name: Buffer): string {
  if (root.room === 'workspace') return '';
  const found = root.workspaces.filter((one) => one !== '' && name.toString().startsWith(`${one}/`));
  return found.reduce((longest, one) => (one.length > longest.length ? one : longest), '');
}

function isTopOfWorkspace(root: Root, name: Buffer, file: string): boolean {
  const workspaces = root.room === 'workspace' ? [''] : root.workspaces;
  return workspaces.some((one) => name.toString() === path.join(one, file));
}

function placeOf(root: Root, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${root.stagingPath}/`), name]);
}

/** Null for what is too long, has gone, or is no plain file by now. */
async function textOf(root: Root, { path: name, size }: Entry): Promise<string | null> {
  if (size > MOST_TEXT_BYTES) return null;
  try {
    const handle = await open(placeOf(root, name), READING);
    try {
      return await readFile(handle, 'utf8');
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

/** Null for what does not parse: reconcile refuses a config in its own words. */
function valueOf(text: string): unknown {
  try {
    return parseText(text, { file: '', code: 'config-malformed' });
  } catch (thrown) {
    if (thrown instanceof ProblemError) return null;
    throw thrown;
  }
}
