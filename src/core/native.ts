/** What a program or library was built for: `linux`, `darwin` or `freebsd`, and the processors as Node calls them. */
export interface Native {
  readonly platform: string;
  readonly arches: readonly string[];
}

/** What a machine can run. */
export interface Build {
  readonly platform: string;
  readonly arch: string;
  /** The C library of its Node; null where that is not known, and where there is no choice. */
  readonly libc: 'glibc' | 'musl' | null;
  /** `process.versions.modules` of the gateway's Node; null where that is not known. */
  readonly abi: string | null;
}

/** So many bytes of the beginning of a file tell what it is. */
export const NATIVE_HEAD_BYTES = 512;

const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: 'ia32',
  8: 'mips',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};
/** System V (which says nothing, and is what Linux has), and Linux. */
const ELF_LINUX = [0, 3];
const MACH_CPUS: Readonly<Record<number, string>> = {
  7: 'ia32',
  12: 'arm',
  0x01000007: 'x64',
  0x0100000c: 'arm64',
};
const MOST_SLICES = 20;

/**
 * What a file was built for, by its first bytes; null for what is no program or library of ELF or Mach-O. Object files count as none:
 * they are left-overs of a build. Pure.
 */
export function nativeIn(head: Buffer): Native | null {
  if (head.length < 20) return null;
  const magic = head.readUInt32BE(0);
  if (magic === 0x7f454c46) return elfIn(head);
  if (magic === 0xcffaedfe || magic === 0xcefaedfe) return machOf([head.readUInt32LE(4)]);
  // Class files of Java begin alike; their next number is a version, 45 at least.
  if (magic !== 0xcafebabe || head.readUInt32BE(4) > MOST_SLICES) return null;
  const slices = Array.from({ length: head.readUInt32BE(4) }, (_, at) => 8 + 20 * at);
  return machOf(slices.filter((at) => at + 4 <= head.length).map((at) => head.readUInt32BE(at)));
}

/** Can a machine of this kind load it? A 64-bit PC also runs what is for 32 bits. Pure. */
export function runsOn({ platform, arches }: Native, build: Pick<Build, 'platform' | 'arch'>): boolean {
  if (platform !== build.platform) return false;
  return arches.includes(build.arch) || (build.arch === 'x64' && platform === 'linux' && arches.includes('ia32'));
}

/** The C library that a file of Linux names as needed, or as what loads it; null for none and for what needs none. Pure. */
export function libcIn(bytes: Buffer): Build['libc'] {
  if (bytes.includes('libc.musl-') || bytes.includes('ld-musl-')) return 'musl';
  return bytes.includes('libc.so.6') || bytes.includes('/ld-linux') ? 'glibc' : null;
}

/** Does a module of Node load in the Node with this ABI alone? `from` is the ABI under which it was seen to be used. Pure. */
export function needsAbi(bytes: Buffer, from: string, to: string): boolean {
  if (bytes.includes('napi_register_module_v') || bytes.includes('napi_module_register')) return false;
  const named = /node_register_module_v(\d{1,4})/.exec(bytes.toString('latin1'))?.[1];
  if (named !== undefined) return named !== to;
  return from !== to && bytes.includes('node_module_register');
}

function elfIn(head: Buffer): Native | null {
  const [isBig, system] = [head[5] === 2, head[7] ?? 0];
  const number = (at: number): number => (isBig ? head.readUInt16BE(at) : head.readUInt16LE(at));
  const isLoadable = number(16) === 2 || number(16) === 3;
  const machine = number(18);
  const platform = ELF_LINUX.includes(system) ? 'linux' : system === 9 ? 'freebsd' : 'other';
  return isLoadable ? { platform, arches: [ELF_MACHINES[machine] ?? `ELF machine ${machine}`] } : null;
}

function machOf(cpus: readonly number[]): Native | null {
  return cpus.length === 0
    ? null
    : { platform: 'darwin', arches: cpus.map((cpu) => MACH_CPUS[cpu] ?? `Mach-O CPU ${cpu}`) };
}
