import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ELF_MACHINES = { ia32: 3, arm: 40, x64: 62, arm64: 183, riscv64: 243 } as const;
const MACH_CPUS = { x64: 0x01000007, arm64: 0x0100000c } as const;

/** The beginning of a shared library (type 3) of ELF, with words that a real one would name further down. */
export function elf(arch: keyof typeof ELF_MACHINES, words = '', type = 3): Buffer {
  const head = Buffer.alloc(64);
  head.write('\x7fELF', 'latin1');
  head.set([2, 1, 1], 4);
  head.writeUInt16LE(type, 16);
  head.writeUInt16LE(ELF_MACHINES[arch], 18);
  return Buffer.concat([head, Buffer.from(`\0${words}\0`)]);
}

/** The beginning of a file of Mach-O for one processor, or of a universal one for several. */
export function machO(...arches: (keyof typeof MACH_CPUS)[]): Buffer {
  const head = Buffer.alloc(8 + 20 * arches.length + 32);
  const [only] = arches;
  if (arches.length === 1 && only !== undefined) {
    head.writeUInt32BE(0xcffaedfe, 0);
    head.writeUInt32LE(MACH_CPUS[only], 4);
    return head;
  }
  head.writeUInt32BE(0xcafebabe, 0);
  head.writeUInt32BE(arches.length, 4);
  for (const [at, arch] of arches.entries()) head.writeUInt32BE(MACH_CPUS[arch], 8 + 20 * at);
  return head;
}

/** Writes files below a directory: bytes as they are, text, or JSON. */
export function writeTree(top: string, files: Readonly<Record<string, Buffer | string | object>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(top, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.isBuffer(content) || typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** A wheel as pip unpacks it into an environment: its library, its metadata, its list of files. */
export function wheel(environment: string, name: string, version: string, library: Buffer) {
  const site = `${environment}/lib/python3.12/site-packages`;
  const file = `${name}/core/_fast.cpython-312-x86_64-linux-gnu.so`;
  return {
    [`${site}/${file}`]: library,
    [`${site}/${name}/__init__.py`]: '',
    [`${site}/${name}-${version}.dist-info/METADATA`]: `Name: ${name}\n`,
    [`${site}/${name}-${version}.dist-info/RECORD`]: `${name}/__init__.py,,\n${file},sha256=x,1\n../../../bin/${name}-tool,,\n`,
  };
}
