import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Event } from '../../src/core/event.ts';
import { makeLoopbackLab, type LoopbackLab } from '../../test/kit/loopback-lab.ts';
import { IMPATIENT, neoPull, type Ended } from '../../test/kit/neo-pull.ts';
import { watchersOf } from '../../test/kit/processes.ts';
import { REPOSITORY } from '../../test/kit/repository.ts';
import type { TempLabOptions } from '../../test/kit/temp-lab.ts';
import { waitFor } from '../../test/kit/wait.ts';

/** neo-pull as it is built, following an old home over a real sshd on loopback. */
export interface Bench {
  readonly lab: LoopbackLab;
  readonly events: readonly Event[];
  /** Of the neo-pull that follows, and of the watcher on the old side; 0 where there is none. */
  readonly pids: () => { readonly here: number; readonly there: number };
  /** TCP payload in both directions since the start, SSH and all. */
  readonly wireBytes: () => number;
  readonly staging: () => string;
  /** Waits until no round was needed for so long. */
  readonly quiet: (forMs: number) => Promise<void>;
  readonly cutover: () => Promise<Ended>;
  readonly end: () => Promise<void>;
}

export interface BenchTree extends TempLabOptions {
  readonly files: number;
  /** In so many directories. */
  readonly directories: number;
}

/** So many small files in the state dir of the old side, the same each time. */
export function grow(stateDir: string, { files, directories }: BenchTree): void {
  for (let at = 0; at < directories; at += 1) mkdirSync(join(stateDir, `media/d${String(at)}`), { recursive: true });
  for (let at = 0; at < files; at += 1)
    writeFileSync(fileAt(stateDir, { at, directories }), `# Note ${String(at)}\n${'word '.repeat(at % 200)}\n`);
}

/** One of those that `grow` makes. */
export function fileAt(stateDir: string, { at, directories }: { at: number; directories: number }): string {
  return join(stateDir, `media/d${String(at % directories)}/note-${String(at)}.md`);
}

/** Starts it, and waits for the first whole pass. Always `end` it. */
export async function startBench(tree: BenchTree): Promise<Bench> {
  const lab = await makeLoopbackLab(tree);
  const wire = await countingWire(lab.sshd.port);
  let child: ChildProcess | null = null;
  const end = async (): Promise<void> => {
    if (child && child.exitCode === null && child.kill('SIGINT')) await once(child, 'close');
    wire.close();
    // What was measured stands, whatever becomes of the machines it was measured on.
    await lab.destroy().catch((error: unknown) => console.error(`Left behind: ${lab.path}`, error));
  };
  try {
    grow(lab.state.stateDir, tree);
    const known = join(lab.path, 'known');
    writeFileSync(
      known,
      readFileSync(lab.sshd.knownHosts, 'utf8').replaceAll(String(lab.sshd.port), String(wire.port)),
    );
    const way = ['-i', lab.sshd.identity.path, '--known-hosts', known, '-p', String(wire.port)];
    const argv = ['sync', `${lab.sshd.user}@127.0.0.1`, '--follow', '--json', ...way, ...IMPATIENT];
    const events: Event[] = [];
    child = spawn(process.execPath, [join(REPOSITORY, 'dist/main.js'), ...argv], {
      env: lab.new.env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { stdout, pid: here = 0 } = child;
    if (stdout) createInterface({ input: stdout }).on('line', (line) => events.push(JSON.parse(line) as Event));
    const following = child;
    await waitFor(
      'the first round',
      () => {
        if (following.exitCode !== null) throw new Error(JSON.stringify(events.at(-1)));
        return events.some(({ type }) => type === 'round.done');
      },
      120_000,
    );
    const rounds = (): number => events.filter(({ type }) => type === 'round.done').length;
    return {
      ...{ lab, events, end, wireBytes: wire.bytes },
      pids: () => ({ here, there: watchersOf(lab.old.home)[0] ?? 0 }),
      staging: () => {
        const beside = join(lab.new.home, '.neo-pull');
        return join(beside, readdirSync(beside).find((name) => name.endsWith('-state.staging')) ?? '');
      },
      async quiet(forMs) {
        let [seen, since] = [rounds(), performance.now()];
        await waitFor(
          'quiet',
          () => {
            if (rounds() !== seen) [seen, since] = [rounds(), performance.now()];
            return performance.now() - since > forMs;
          },
          120_000,
        );
      },
      async cutover() {
        const ended = await neoPull(['cutover', '--json', '--yes'], { env: lab.new.env });
        if (following.exitCode === null) await once(following, 'close');
        return ended;
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** In KiB; 0 of a process that is over. */
export function rssOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function countingWire(to: number): Promise<{ port: number; bytes: () => number; close: () => void }> {
  let bytes = 0;
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    near.setNoDelay(true);
    far.setNoDelay(true);
    for (const [from, other] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => (bytes += chunk.length));
      from.on('error', () => other.destroy());
      from.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, bytes: () => bytes, close: () => void server.close() };
}
