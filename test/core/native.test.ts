import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { libcIn, nativeIn, needsAbi, runsOn } from '../../src/core/native.ts';
import { elf, machO } from '../kit/natives.ts';

test('what a file was built for is told by its first bytes: ELF, Mach-O, and Mach-O for several processors', () => {
  expect(nativeIn(elf('arm64'))).toEqual({ platform: 'linux', arches: ['arm64'] });
  expect(nativeIn(elf('x64', '', 2))).toEqual({ platform: 'linux', arches: ['x64'] });
  expect(nativeIn(machO('arm64'))).toEqual({ platform: 'darwin', arches: ['arm64'] });
  expect(nativeIn(machO('x64', 'arm64'))).toEqual({ platform: 'darwin', arches: ['x64', 'arm64'] });
});

test('object files, class files of Java, scripts and short files are no programs', () => {
  const java = Buffer.alloc(64);
  java.writeUInt32BE(0xcafebabe, 0);
  java.writeUInt32BE(65, 4);
  for (const bytes of [elf('x64', '', 1), java, Buffer.from('#!/bin/sh\necho hello, world\n'), Buffer.alloc(0)])
    expect(nativeIn(bytes)).toBeNull();
});

test('the Node that runs this is known by its head to run here, and its C library is the one that ldd names', () => {
  const head = Buffer.alloc(64 * 1024);
  const fd = openSync(process.execPath, 'r');
  readSync(fd, head);
  closeSync(fd);
  const native = nativeIn(head);
  expect(native !== null && runsOn(native, process)).toBe(true);
  const loader = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
  expect(libcIn(head)).toBe(loader.includes('ld-musl') ? 'musl' : 'glibc');
});

test('a PC of 64 bits runs what is for 32, and nothing else runs what is not for it', () => {
  expect(runsOn({ platform: 'linux', arches: ['ia32'] }, { platform: 'linux', arch: 'x64' })).toBe(true);
  expect(runsOn({ platform: 'linux', arches: ['x64'] }, { platform: 'linux', arch: 'ia32' })).toBe(false);
  expect(runsOn({ platform: 'darwin', arches: ['arm64'] }, { platform: 'linux', arch: 'arm64' })).toBe(false);
});

test('a module of Node that keeps to Node-API needs no certain Node, others need the one they were built for', () => {
  expect(needsAbi(elf('x64', 'napi_register_module_v1 node_module_register'), '115', '127')).toBe(false);
  expect(needsAbi(elf('x64', 'node_register_module_v115'), '115', '127')).toBe(true);
  expect(needsAbi(elf('x64', 'node_register_module_v127'), '115', '127')).toBe(false);
  expect(needsAbi(elf('x64', 'node_module_register'), '115', '127')).toBe(true);
  expect(needsAbi(elf('x64', 'node_module_register'), '115', '115')).toBe(false);
  expect(needsAbi(elf('x64'), '115', '127')).toBe(false);
});

test('no bytes at all make the look at them fail', () => {
  const magic = fc.constantFrom([0x7f, 0x45, 0x4c, 0x46], [0xcf, 0xfa, 0xed, 0xfe], [0xca, 0xfe, 0xba, 0xbe], []);
  fc.assert(
    fc.property(magic, fc.uint8Array({ maxLength: 600 }), (head, rest) => {
      const native = nativeIn(Buffer.from([...head, ...rest]));
      expect(native === null || native.arches.length > 0).toBe(true);
    }),
  );
});
