import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LocalHost } from '../../src/host/local.ts';
import { systemClock } from '../../src/host/clock.ts';

export const clock = systemClock;

/** A machine in a temp directory: a home and a PATH of its own; everything on it is removed by `destroy`. */
export class Machine {
  readonly root: string;
  readonly home: string;
  readonly bin: string;
  readonly #children: ChildProcess[] = [];

  private constructor(root: string) {
    this.root = root;
    this.home = path.join(root, 'home');
    this.bin = path.join(root, 'bin');
  }

  static async make(): Promise<Machine> {
    const machine = new Machine(await mkdtemp(path.join(tmpdir(), 'np-checks-')));
    await mkdir(machine.home);
    await mkdir(machine.bin);
    return machine;
  }

  host(env: Readonly<Record<string, string>> = {}): LocalHost {
    const base = { HOME: this.home, PATH: `${this.bin}:/usr/bin:/bin`, SHELL: '/bin/bash', USER: 'al' };
    return new LocalHost({ label: 'old machine', env: { ...base, ...env } });
  }

  /** Writes a file below the home and gives its path. */
  async file(name: string, text: string, mode = 0o644): Promise<string> {
    const file = path.isAbsolute(name) ? name : path.join(this.home, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    await chmod(file, mode);
    return file;
  }

  /** A product as npm installs it, with a Node beside it: `bin/node`, `bin/<command>` → `lib/.../index.js`. */
  async product(prefix: string, { version = '2026.2.26', command = 'smart-agent-neo' } = {}): Promise<string> {
    const at = path.isAbsolute(prefix) ? prefix : path.join(this.home, prefix);
    const entry = path.join(at, 'lib/node_modules', command, 'dist/index.js');
    await this.file(entry, `#!/usr/bin/env node\nconsole.log(${JSON.stringify(version)});\n`, 0o755);
    await mkdir(path.join(at, 'bin'), { recursive: true });
    await symlink(process.execPath, path.join(at, 'bin/node'));
    await symlink(entry, path.join(at, 'bin', command));
    return path.join(at, 'bin', command);
  }

  /** Starts a process that calls itself `title` and, on stdout, says when it is ready. */
  async start(title: string, env: Readonly<Record<string, string>> = {}, port = 0): Promise<number> {
    const program = `process.title = ${JSON.stringify(title)};
      require('node:net').createServer().listen(${String(port)}, '127.0.0.1', function () { console.log(this.address().port); });`;
    const child = spawn(process.execPath, ['-e', program], {
      env: { HOME: this.home, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    await once(child.stdout, 'data');
    if (child.pid === undefined) throw new Error('the process could not be started');
    return child.pid;
  }

  async destroy(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(this.root, { recursive: true, force: true });
  }
}

/** Every name below a directory with its mode, times and contents: what a look must leave as it was. */
export async function snapshot(dir: string): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  const names = await readdir(dir, { recursive: true });
  for (const name of ['.', ...names]) {
    const file = path.join(dir, name);
    const stat = await lstat(file);
    const content = stat.isFile() ? await readFile(file, 'base64') : stat.isSymbolicLink() ? await readlink(file) : '';
    seen.set(name, [stat.mode, stat.mtimeMs, stat.uid, stat.size, content].join(' '));
  }
  return seen;
}
