import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROGRAM_TEXT } from '../../src/walk/program.generated.ts';
import { programInput } from '../../src/host/input.ts';
import { encodeRequest } from '../../src/walk/request.ts';
import { NODE_22 } from '../kit/stand-in/install.ts';
import { growNastyTree } from '../kit/tree.ts';
import { folder, run } from './folder.ts';
import { MACHINE, take } from './lab.ts';

test('the program says the same under another Node', async () => {
  const [root, lab] = [folder(), folder()];
  await growNastyTree(root, { files: 50, specials: true });
  const here = await take(root, join(lab, 'here'));
  expect(await take(root, join(lab, 'there'), { node: NODE_22 })).toEqual(here);
});

test('the program is one text that needs nothing but Node', () => {
  const required = [...PROGRAM_TEXT.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name);
  expect(required.length).toBeGreaterThan(0);
  expect(required.filter((name) => !name?.startsWith('node:'))).toEqual([]);
});

// F120
test('the program ends when no one listens any more', async () => {
  const root = folder();
  run('sh', ['-c', 'seq 5000 | xargs touch'], { cwd: root });
  const request = encodeRequest({ root, excludes: [], room: 'workspace', workspaces: [], hash: true });
  const program = await MACHINE.spawn([process.execPath, '-']);
  program.stderr.resume();
  program.stdin.end(programInput({ program: PROGRAM_TEXT, request }));
  await once(program.stdout, 'readable');
  program.stdout.destroy();
  expect(await program.exit).toEqual({ code: 1, signal: null });
});

test('what the machine sets up for its own Node does not get into the program', async () => {
  const [root, lab] = [folder(), folder()];
  writeFileSync(join(lab, 'noise.cjs'), `process.stdout.write('noise')`);
  const node = join(lab, 'node');
  writeFileSync(
    node,
    `#!/bin/sh\n: "\${NODE_OPTIONS=--require ${lab}/noise.cjs}"\nexport NODE_OPTIONS\nexec ${process.execPath} "$@"\n`,
    { mode: 0o755 },
  );
  expect(await take(root, join(lab, 'm'), { node })).toMatchObject({ entries: 0 });
});
