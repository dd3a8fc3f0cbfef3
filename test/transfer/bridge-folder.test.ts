import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalHost } from '../../src/host/local.ts';
import { run } from '../../src/host/run.ts';
import { makeBridgeFolder, rshCommand } from '../../src/transfer/bridge-folder.ts';

let parent: string;
beforeEach(async () => (parent = await mkdtemp('/tmp/np-run-')));
afterEach(() => rm(parent, { recursive: true, force: true }));

async function parentOf(runtimeDir: string | null): Promise<string> {
  const folder = await makeBridgeFolder(runtimeDir);
  await folder.remove();
  return folder.path.slice(0, folder.path.lastIndexOf('/'));
}

describe('makeBridgeFolder', () => {
  // F59, F109
  it('makes a private folder, with the token in a file and in no argument', async () => {
    const folder = await makeBridgeFolder(parent);
    const mode = async (name: string) => (await lstat(join(folder.path, name))).mode & 0o7777;
    expect([await mode(''), await mode('rsh.cjs'), await mode('token')]).toEqual([0o700, 0o700, 0o600]);
    expect(await readFile(join(folder.path, 'token'), 'latin1')).toBe(folder.token);
    expect(folder.token).toMatch(/^[0-9a-f]{64}$/);
    expect(rshCommand('/usr/bin/node', folder)).not.toContain(folder.token);
    await folder.remove();
    await folder.remove();
    expect(await readdir(parent)).toEqual([]);
  });

  it('takes /tmp when the other place has too long a name, a quote in it, or is not there', async () => {
    const long = join(parent, 'x'.repeat(80));
    const quoted = join(parent, "it's");
    await Promise.all([mkdir(long), mkdir(quoted)]);
    for (const unfit of [long, quoted, join(parent, 'missing'), 'relative', null])
      expect(await parentOf(unfit)).toBe('/tmp');
    expect(await parentOf(parent)).toBe(parent);
  });

  // F58
  it('takes no place in which others can rename what is ours', async () => {
    await chmod(parent, 0o777);
    expect(await parentOf(parent)).toBe('/tmp');
    expect(await readdir(parent)).toEqual([]);
    await chmod(parent, 0o1777);
    expect(await parentOf(parent)).toBe(parent);
  });

  it('takes away what a killed run left, and nothing that is in use', async () => {
    const abandoned = join(parent, 'neo-pull-bridge-aaaaaa');
    const used = join(parent, 'neo-pull-bridge-bbbbbb');
    const young = join(parent, 'neo-pull-bridge-cccccc');
    for (const path of [abandoned, used, young]) await mkdir(path, { mode: 0o700 });
    await writeFile(join(abandoned, 'token'), 'x');
    const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    const host = new LocalHost({ label: 'new', env: { HOME: parent } });
    await run(host, [process.execPath, '-e', script, join(abandoned, 'sock')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(used, 'sock'), resolve));
    await parentOf(parent);
    server.close();
    expect((await readdir(parent)).sort()).toEqual(['neo-pull-bridge-bbbbbb', 'neo-pull-bridge-cccccc']);
  });
});

describe('rshCommand', () => {
  const folder = { programPath: '/run/np/rsh.cjs', socketPath: '/run/np/sock' };

  it('quotes each word as rsync reads it', () => {
    expect(rshCommand('/opt/my node/bin/node', folder)).toBe(
      "'/opt/my node/bin/node' '/run/np/rsh.cjs' '/run/np/sock'",
    );
  });

  it.each(["/opt/it's/node", '/opt/"x"/node', 'node'])('refuses %s', (node) => {
    expect(() => rshCommand(node, folder)).toThrow(/cannot be told to use the Node/);
  });
});
