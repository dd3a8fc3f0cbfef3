import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/core/host.ts';
import { SshHost } from '../../src/host/ssh.ts';
import { LAUNCH } from '../../src/watch/bootstrap.ts';
import { PROGRAM_SHA256, PROGRAM_TEXT } from '../../src/watch/program.generated.ts';
import { encodeRequest, type WatchRequest } from '../../src/watch/request.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { processesFrom } from '../kit/processes.ts';
import { sshOptions } from '../kit/ssh-options.ts';
import { startSshd } from '../kit/sshd.ts';
import { NODE_22 } from '../kit/stand-in/install.ts';
import { waitFor } from '../kit/wait.ts';
import { cookieJar, folder, follow, MACHINE, ownNode, rootAt, UNENDING, words } from './lab.ts';

const PROGRAM = { bytes: Buffer.byteLength(PROGRAM_TEXT), sha256: PROGRAM_SHA256 };

function request(root: string, other: Partial<WatchRequest> = {}): string {
  const { id, oldPath, room, workspaces, files } = rootAt(root);
  const roots = [{ id, oldPath, room, workspaces, files }];
  const plain = { program: PROGRAM, excludes: [], cookieDir: null, engine: null, beatMs: 100, deafMs: 60_000 };
  return encodeRequest({ ...plain, roots, ...other });
}

/** Starts the program by hand, nobody speaking to it. */
async function start(words: string, text = PROGRAM_TEXT): Promise<{ process: Process; said: () => string }> {
  const process = await MACHINE.spawn([globalThis.process.execPath, ...LAUNCH]);
  let said = '';
  for (const output of [process.stdout, process.stderr])
    output.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
  process.stdin.write(`${words}\n${text}`);
  return { process, said: () => said };
}

function gone(node: string): boolean {
  return processesFrom(join(node, '..')).length === 0;
}

describe('the watcher', () => {
  test('says the same under another Node', async () => {
    const root = folder();
    for (const engine of ['directories', 'chokidar'] as const) {
      const watcher = await follow(root, { node: NODE_22, engine });
      writeFileSync(join(root, engine), '');
      await watcher.changed(UNENDING);
      expect(words(watcher)).toEqual([engine]);
    }
  });

  test('is one text that needs nothing but Node', () => {
    const required = [...PROGRAM_TEXT.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name);
    expect(required.length).toBeGreaterThan(0);
    expect(required.filter((name) => !name?.startsWith('node:'))).toEqual([]);
    expect(PROGRAM_TEXT).toContain('chokidar - MIT License');
  });

  test('leaves no file, while it runs and when it is gone', async () => {
    const [root, home, tmp] = [folder(), folder(), folder()];
    const node = ownNode(`HOME=${home} TMPDIR=${tmp}; export HOME TMPDIR; cd ${home}`);
    const watcher = await follow(root, { node, cookieDir: cookieJar(), engine: 'directories' });
    expect(await watcher.settled(UNENDING, 10_000)).toBe(true);
    expect(processesFrom(join(node, '..'))).toHaveLength(1);
    const left = (): string[][] => [root, home, tmp].map((path) => readdirSync(path));
    expect(left()).toEqual([[], [], []]);
    await watcher.close();
    await watcher.close();
    expect(gone(node)).toBe(true);
    expect(left()).toEqual([[], [], []]);
  });

  test('runs nothing but the program that was announced', async () => {
    const [root, out] = [folder(), folder()];
    const text = `require('fs').writeFileSync(${JSON.stringify(join(out, 'ran'))}, '')`.padEnd(PROGRAM.bytes);
    const { process, said } = await start(request(root), text);
    expect(await process.exit).toEqual({ code: 70, signal: null });
    expect(said()).toContain('did not arrive as it was sent');
    expect(readdirSync(out)).toEqual([]);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const run = await start(request(root, { program: { bytes: text.length, sha256 } }), `${text}more`);
    await waitFor('the other program to run', () => existsSync(join(out, 'ran')));
    run.process.stdin.end();
    await run.process.exit;
  });

  test('is asked on its stdin, in whatever pieces it comes, and has nothing of it in the argv that others see', async () => {
    const root = folder();
    const node = ownNode();
    const process = await MACHINE.spawn([node, ...LAUNCH]);
    let said = '';
    process.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
    const asked = Buffer.from(`${request(root)}\n${PROGRAM_TEXT}`);
    for (const [from, to] of [[0, 5], [5, 300], [300, asked.length - 5], [asked.length - 5]] as const) {
      process.stdin.write(asked.subarray(from, to));
      await new Promise(setImmediate);
    }
    await waitFor('it to watch', () => said.includes('ready'));
    const [one] = processesFrom(join(node, '..'));
    const words = readFileSync(`/proc/${one?.pid ?? 0}/cmdline`, 'utf8').split('\0');
    expect(words.slice(1)).toEqual([...LAUNCH, node, '']);
    process.stdin.end();
    await process.exit;
  });

  test.each(['', 'x', Buffer.from('{}').toString('base64')])('runs nothing when it is asked %j', async (words) => {
    const { process, said } = await start(words);
    expect(await process.exit).toEqual({ code: 70, signal: null });
    expect(said()).toContain('the request did not arrive as it was sent');
  });

  // F10
  test('ends when the line does, in the middle of its own text or later', async () => {
    const root = folder();
    const { process } = await start(request(root), PROGRAM_TEXT.slice(0, 1000));
    process.stdin.end();
    expect(await process.exit).toEqual({ code: 0, signal: null });
    const other = await start(request(root));
    await waitFor('it to watch', () => other.said().includes('ready'));
    other.process.stdin.end();
    expect(await other.process.exit).toEqual({ code: 0, signal: null });
  });

  // F120
  test('ends when nobody listens any more', async () => {
    const root = folder();
    const { process, said } = await start(request(root));
    await waitFor('it to watch', () => said().includes('ready'));
    process.stdout.destroy();
    expect(await process.exit).toEqual({ code: 1, signal: null });
  });

  test('ends when nobody has spoken for long, whether what it says is read or not', async () => {
    const root = folder();
    const { process, said } = await start(request(root, { deafMs: 500 }));
    await waitFor('it to watch', () => said().includes('ready'));
    expect(await process.exit).toEqual({ code: 1, signal: null });
    const node = ownNode();
    const deaf = await MACHINE.spawn([node, ...LAUNCH]);
    deaf.stdin.write(`${request(root, { beatMs: 1, deafMs: 2000 })}\n${PROGRAM_TEXT}`);
    await waitFor('it to run', () => !gone(node));
    await waitFor('it to be gone', () => gone(node));
    deaf.kill('KILL');
    deaf.stdout.resume();
    await deaf.exit;
  });

  test('goes on as long as it is spoken to', async () => {
    const root = folder();
    const node = ownNode();
    const watcher = await follow(root, { node, limits: { beatMs: 50, deafMs: 400, silenceMs: 400 } });
    const end = performance.now() + 2000;
    await waitFor('two seconds to pass', () => performance.now() > end);
    expect(gone(node)).toBe(false);
    writeFileSync(join(root, 'file'), '');
    await watcher.changed(UNENDING);
  });

  test('is over when the signal says so, and its process with it', async () => {
    const node = ownNode();
    const stop = new AbortController();
    const watcher = await follow(folder(), { node, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(watcher.over).rejects.toThrow('enough');
    await waitFor('it to be gone', () => gone(node));
  });

  test('that was killed there says so', async () => {
    const node = ownNode();
    const watcher = await follow(folder(), { node });
    const [one] = processesFrom(join(node, '..'));
    process.kill(one?.pid ?? 0, 'SIGKILL');
    expect(await problemFrom(watcher.over)).toMatchObject({
      code: 'watcher-ended',
      message: expect.stringContaining('KILL') as string,
    });
  });

  test('that hangs is given up, and not left there', async () => {
    const node = ownNode();
    const watcher = await follow(folder(), { node, limits: { beatMs: 100, silenceMs: 1000 } });
    const [one] = processesFrom(join(node, '..'));
    process.kill(one?.pid ?? 0, 'SIGSTOP');
    expect(await problemFrom(watcher.over)).toMatchObject({ code: 'watcher-ended' });
    await waitFor('it to be gone', () => gone(node));
    await watcher.close();
  });
});

// F10
test('over SSH a watcher is gone within seconds of its connection, and says that the line was lost', async () => {
  const sshd = await startSshd();
  try {
    const old = await SshHost.connect(sshOptions(sshd));
    const [root, node] = [folder(), ownNode()];
    const watcher = await follow(root, { old, node, cookieDir: cookieJar(), engine: 'directories' });
    mkdirSync(join(root, 'd'));
    expect(await watcher.settled(UNENDING, 10_000)).toBe(true);
    expect(words(watcher)).toEqual(['d/**']);
    expect(gone(node)).toBe(false);
    sshd.drop();
    expect(await problemFrom(watcher.over)).toMatchObject({ code: 'connection-lost' });
    await waitFor('it to be gone', () => gone(node), 5000);
    await watcher.close();
    await old.close();
  } finally {
    await sshd.stop();
  }
});

test('over SSH a watcher that is closed is gone', async () => {
  const sshd = await startSshd();
  try {
    const old = await SshHost.connect(sshOptions(sshd));
    const node = ownNode();
    const watcher = await follow(folder(), { old, node });
    await watcher.close();
    expect(gone(node)).toBe(true);
    expect(readFileSync(node, 'utf8')).toContain('exec');
    await old.close();
  } finally {
    await sshd.stop();
  }
});
