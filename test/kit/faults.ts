import childProcess from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs, { constants } from 'node:fs';
import promises from 'node:fs/promises';
import { basename } from 'node:path';

/**
 * What goes wrong, once: the `at`-th command that neo-pull starts on either machine is not to be had (`refused`), is killed as soon as it
 * runs (`killed`), or does its work and dies before anybody has heard of it (`unheard`); or the `at`-th change of a file fails
 * (`file`), every second one for want of room.
 */
export interface Fault {
  readonly kind: 'refused' | 'killed' | 'unheard' | 'file';
  /** From 1. */
  readonly at: number;
}

/** Every moment at which something could have gone wrong, in order, in words. */
export interface Moments {
  readonly commands: string[];
  readonly files: string[];
}

type Anything = (...args: never[]) => unknown;

const CHANGES = [
  'writeFile',
  'rename',
  'mkdir',
  'rm',
  'rmdir',
  'unlink',
  'link',
  'symlink',
  'chmod',
  'utimes',
] as const;
const ON_HANDLES = ['write', 'writeFile', 'appendFile', 'sync', 'datasync', 'truncate', 'chmod', 'utimes'] as const;
const WRITES = constants.O_WRONLY | constants.O_RDWR | constants.O_CREAT;

/** Makes this process one in which `fault` happens. What is returned fills while it goes on. */
export async function injectFault(fault: Fault | null): Promise<Moments> {
  const moments: Moments = { commands: [], files: [] };
  childProcess.spawn = spawnWith(fault, moments) as typeof childProcess.spawn;
  await faultyFiles(fault, moments);
  return moments;
}

function spawnWith(fault: Fault | null, { commands }: Moments): Anything {
  const { spawn } = childProcess;
  return (command: string, args: readonly string[], options: object): ChildProcess => {
    commands.push(
      [basename(command), ...args.slice(0, 3).map((word) => word.slice(0, 30))].join(' ').replace(/\s+/g, ' '),
    );
    if (fault === null || fault.kind === 'file' || commands.length !== fault.at) return spawn(command, args, options);
    if (fault.kind === 'refused') return spawn('/nowhere/at/all', args, options);
    if (fault.kind === 'unheard') {
      return spawn('/bin/sh', ['-c', '"$@" >/dev/null 2>&1; kill -KILL $$', 'sh', command, ...args], options);
    }
    const child = spawn(command, args, options);
    child.once('spawn', () => process.kill(-(child.pid ?? 0), 'SIGKILL'));
    return child;
  };
}

async function faultyFiles(fault: Fault | null, { files }: Moments): Promise<void> {
  const fails = (what: string, path: unknown): void => {
    files.push(`${what} ${typeof path === 'string' ? basename(path) : ''}`.trim());
    if (fault?.kind !== 'file' || files.length !== fault.at) return;
    const [code, words] = fault.at % 2 === 0 ? ['ENOSPC', 'no space left on device'] : ['EIO', 'i/o error'];
    throw Object.assign(new Error(`${code}: ${words}, ${what}`), { code, syscall: what });
  };
  const guard = (owner: object, name: string, isChange: (args: readonly unknown[]) => boolean = () => true): void => {
    const own = (owner as Record<string, Anything>)[name] as (...args: unknown[]) => Promise<unknown>;
    (owner as Record<string, Anything>)[name] = async function (this: unknown, ...args: unknown[]) {
      if (isChange(args)) fails(name, args[0]);
      return own.apply(this, args);
    };
  };
  const handle = await promises.open('/dev/null');
  const ofHandles = Object.getPrototypeOf(handle) as object;
  await handle.close();
  for (const name of ON_HANDLES) guard(ofHandles, name);
  for (const name of CHANGES) guard(promises, name);
  guard(promises, 'open', ([, flags = 'r']) =>
    typeof flags === 'number' ? (flags & WRITES) !== 0 : flags !== 'r' && flags !== fs.constants.O_RDONLY,
  );
}
