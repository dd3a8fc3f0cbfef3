import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { nativesIn } from '../../src/census/natives.ts';
import type { Build } from '../../src/core/native.ts';
import { elf, machO, wheel, writeTree } from '../kit/natives.ts';

const X64: Build = { platform: 'linux', arch: 'x64', libc: 'glibc', abi: '115' };
const ARM64: Build = { ...X64, arch: 'arm64' };
const MAC: Build = { platform: 'darwin', arch: 'arm64', libc: null, abi: '115' };

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function look(files: Parameters<typeof writeTree>[1], builds: { from: Build; to: Build }) {
  const path = mkdtempSync(join(tmpdir(), 'np-natives-'));
  folders.push(path);
  writeTree(path, files);
  symlinkSync('.', join(path, 'self'));
  return nativesIn([{ id: 'ws', path }], { ...builds, hasTime: () => true });
}

function owners(files: Parameters<typeof writeTree>[1], builds: { from: Build; to: Build }): string[] {
  const { natives } = look(files, builds);
  return natives.map(({ owner, why, files: n }) => `${owner.kind} ${owner.dir} ${owner.name} ${why} ${n}`).sort();
}

const TREE = {
  'app/package.json': {},
  'app/package-lock.json': {},
  'app/node_modules/better-sqlite3/package.json': { name: 'better-sqlite3', version: '9.0.0' },
  'app/node_modules/better-sqlite3/build/Release/better_sqlite3.node': elf(
    'x64',
    'node_register_module_v115 libc.so.6',
  ),
  'app/node_modules/@img/sharp-linux-x64/package.json': { version: '0.33.0', os: ['linux'], cpu: ['x64'] },
  'app/node_modules/@img/sharp-linux-x64/lib/sharp.node': elf('x64', 'napi_register_module_v1 libc.so.6'),
  'app/node_modules/@img/sharp-linux-x64/lib/libvips.so.42': elf('x64', 'libc.so.6'),
  'app/node_modules/left-pad/index.js': 'module.exports = 1;\n',
  'lib/package.json': { name: 'own', version: '1.0.0' },
  'lib/build/Release/own.node': elf('x64', 'node_module_register'),
  'env/pyvenv.cfg': 'home = /usr/bin\n',
  'requirements.txt': 'numpy\n',
  ...wheel('env', 'numpy', '2.1.0', elf('x64')),
  'env/bin/numpy-tool': elf('x64', '', 2),
  'bin/tool': elf('x64', '', 2),
  'bin/notes.md': elf('x64'),
  '.git/objects/ab': elf('x64'),
};

test('packages of npm, wheels, own modules and plain programs are told by the package that they belong to', () => {
  expect(owners(TREE, { from: X64, to: ARM64 })).toEqual([
    'npm app @img/sharp-linux-x64@0.33.0 machine 2',
    'npm app better-sqlite3@9.0.0 machine 1',
    'npm lib own@1.0.0 machine 1',
    'program bin tool machine 1',
    'python env numpy==2.1.0 machine 2',
  ]);
});

test('another C library, and another version of Node, are told of what needs them alone', () => {
  expect(owners(TREE, { from: X64, to: { ...X64, libc: 'musl' } })).toEqual([
    'npm app @img/sharp-linux-x64@0.33.0 libc 2',
    'npm app better-sqlite3@9.0.0 libc 1',
  ]);
  expect(owners(TREE, { from: X64, to: { ...X64, abi: '127' } })).toEqual([
    'npm app better-sqlite3@9.0.0 node 1',
    'npm lib own@1.0.0 node 1',
  ]);
  expect(owners(TREE, { from: X64, to: { ...X64, libc: null, abi: null } })).toEqual([]);
});

test('what lies there for other machines anyway is not missed, and a package that brings ours along is well', () => {
  const files = {
    'node_modules/bare/package.json': { version: '1.0.0' },
    'node_modules/bare/prebuilds/linux-x64/bare.node': elf('x64'),
    'node_modules/bare/prebuilds/linux-arm64/bare.node': elf('arm64'),
    'node_modules/bare/prebuilds/darwin-x64+arm64/bare.node': machO('x64', 'arm64'),
  };
  expect(owners(files, { from: X64, to: ARM64 })).toEqual([]);
  expect(owners(files, { from: X64, to: MAC })).toEqual([]);
  expect(owners(files, { from: X64, to: { ...X64, arch: 'riscv64' } })).toHaveLength(1);
});

test('from a Mac to Linux the libraries of the Mac are told', () => {
  const files = { 'node_modules/x/package.json': { version: '2.0.0' }, 'node_modules/x/x.node': machO('arm64') };
  expect(owners(files, { from: MAC, to: ARM64 })).toEqual(['npm  x@2.0.0 machine 1']);
});

test('between machines of one kind nothing is ever told, whatever lies there', () => {
  const arch = fc.constantFrom('x64' as const, 'arm64' as const, 'ia32' as const, 'riscv64' as const);
  const name = fc.constantFrom(
    'bin/a',
    'node_modules/p/b.node',
    'env/lib/python3/site-packages/c/d.so',
    'x/prebuilds/e.node',
  );
  const word = fc.constantFrom('libc.so.6', 'libc.musl-x', 'node_register_module_v115', 'node_module_register', '');
  fc.assert(
    fc.property(fc.dictionary(name, fc.tuple(arch, word)), fc.constantFrom(X64, ARM64, MAC), (files, build) => {
      const tree = Object.fromEntries(Object.entries(files).map(([path, [of, said]]) => [path, elf(of, said)]));
      expect(look(tree, { from: build, to: build })).toEqual({ natives: [], isWhole: true });
    }),
    { numRuns: 50 },
  );
});

test('where there is no time for all of it, that is said', () => {
  const path = mkdtempSync(join(tmpdir(), 'np-natives-'));
  folders.push(path);
  writeTree(path, TREE);
  const told = nativesIn([{ id: 'ws', path }], { from: X64, to: ARM64, hasTime: () => false });
  expect(told).toEqual({ natives: [], isWhole: false });
});
