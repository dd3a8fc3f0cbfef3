import { spawn, type ChildProcess } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Gateway } from '../../src/core/plan.ts';
import { configPathOf, lockFile, stateDirOf } from '../../src/gateway/product.ts';
import { LocalHost } from '../../src/host/local.ts';

/** The part that a little gateway plays: see little-gateway.mjs. */
export interface Part {
  readonly role: 'parent' | 'gateway' | 'helper' | 'cli' | 'other';
  readonly title?: false;
  readonly port?: number;
  readonly lock?: string;
  readonly configPath?: string;
  readonly lockAs?: Readonly<Record<string, unknown>>;
  readonly holds?: string;
  readonly reads?: string;
  readonly childEnv?: Readonly<Record<string, string>>;
}

export interface Start {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A machine of its own in a temp directory: a home with a state dir, and real little processes that end with it. */
export class Bench {
  readonly home: string;
  readonly gateway: Gateway;
  readonly host: LocalHost;
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(home: string, gateway: Gateway) {
    this.home = home;
    this.gateway = gateway;
    this.host = new LocalHost({ label: 'this machine', env: { HOME: home, PATH: `${home}/bin:/usr/bin:/bin` } });
  }

  static async make(profile = 'default'): Promise<Bench> {
    const home = await realpath(await mkdtemp(join(tmpdir(), 'np-gateway-')));
    const entry = join(home, 'opt/dist/index.mjs');
    await mkdir(join(home, 'opt/dist'), { recursive: true });
    await mkdir(join(home, 'bin'));
    for (const copy of [entry, join(home, 'opt/tool.mjs')]) {
      await copyFile(new URL('little-gateway.mjs', import.meta.url), copy);
    }
    const bench = new Bench(home, {
      product: 'smart-agent-neo',
      profile,
      argv: [process.execPath, entry],
      binDir: join(home, 'bin'),
      node: process.execPath,
      home,
      uid: process.getuid?.() ?? 0,
      stateDir: stateDirOf('smart-agent-neo', home, profile),
      configPath: configPathOf('smart-agent-neo', stateDirOf('smart-agent-neo', home, profile)),
      port: await freePort(),
      unit: null,
    });
    await mkdir(bench.gateway.stateDir);
    await writeFile(bench.gateway.configPath, '{}');
    return bench;
  }

  /** The gateway of another profile in the same home. */
  other(profile: string): Gateway {
    const stateDir = stateDirOf('smart-agent-neo', this.home, profile);
    return { ...this.gateway, profile, stateDir, configPath: configPathOf('smart-agent-neo', stateDir) };
  }

  /** Everything that a healthy gateway shows: lock and port. */
  whole(gateway: Gateway = this.gateway): Pick<Part, 'port' | 'lock' | 'configPath'> {
    const lock = lockFile(gateway);
    this.#ends.push(() => rm(lock, { force: true }));
    return { port: gateway.port, lock, configPath: gateway.configPath };
  }

  /** Starts a little process; gives the pid of the one that plays the part when it is ready (of a parent: its child's). */
  async start(part: Part, { args = ['gateway'], env = {}, cwd }: Start = {}): Promise<{ pid: number; top: number }> {
    const [node = '', entry = ''] = this.gateway.argv;
    const program = part.role === 'other' ? join(this.home, 'opt/tool.mjs') : entry;
    const child = spawn(node, [program, ...args], {
      cwd: cwd ?? this.home,
      env: { HOME: this.home, PATH: '/usr/bin:/bin', ...env, LITTLE: JSON.stringify(part) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#ends.push(() => ended(child));
    const pid = await readyPid(child);
    this.endLater(pid);
    return { pid, top: child.pid ?? 0 };
  }

  /** Also ends this process with the bench. */
  endLater(pid: number): void {
    this.#ends.push(() => {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It is gone already.
      }
      return Promise.resolve();
    });
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
    await rm(this.home, { recursive: true, force: true });
  }
}

async function readyPid(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error('a little gateway has a stdout');
  for await (const line of createInterface(child.stdout)) {
    const pid = /^ready (\d+)/.exec(line)?.[1];
    if (pid !== undefined) return Number(pid);
  }
  throw new Error('the little gateway ended before it was ready');
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await over;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
