import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A real ssh-agent of one test. */
export interface Agent {
  readonly socket: string;
  /** Loads private keys without a passphrase. */
  add(...paths: readonly string[]): void;
  stop(): Promise<void>;
}

/** Starts an ssh-agent with no keys in it. */
export async function startAgent(): Promise<Agent> {
  const folder = mkdtempSync(join(tmpdir(), 'np-agent-'));
  const socket = join(folder, 'socket');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  // It tells where it listens once it does.
  await once(createInterface({ input: agent.stdout }), 'line');
  return {
    socket,
    add: (...paths) => {
      execFileSync('ssh-add', ['-q', ...paths], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    },
    stop: async () => {
      const ended = once(agent, 'close');
      agent.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
