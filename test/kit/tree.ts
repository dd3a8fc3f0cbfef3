import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';

/** Names that break what does not quote, does not take bytes as bytes, or takes a name for an option. */
export const NASTY_NAMES: readonly Buffer[] = [
  ...[
    ' ',
    ' leading and trailing ',
    "it's",
    'double"quote',
    'new\nline',
    'carriage\rreturn',
    'tab\tin it',
    '-rf',
    '--delete',
    '-e sh',
    '$(id)',
    '`id`',
    '$HOME',
    'a;b|c&d<e>f',
    '(paren) [bracket] {brace}',
    'star*quest?ion',
    'back\\slash',
    '#hash',
    '~tilde',
    '!bang',
    '%percent%s',
    'colon:name',
    '.hidden',
    '..twodots',
    '...',
    'ünï-é-日本語-🦞',
    'NFC-\u00e9',
    'NFD-e\u0301',
    'bidi-\u202egnp.exe',
    'escape-\u001b[31mred',
    'x'.repeat(255),
  ].map((name) => Buffer.from(name)),
  Buffer.from([0x6c, 0x61, 0x74, 0x69, 0x6e, 0x2d, 0xe9]),
  Buffer.from([0xff, 0xfe, 0x80]),
  Buffer.from([0x63, 0x31, 0x2d, 0x9b, 0x33, 0x31, 0x6d]),
];

export interface TreeOptions {
  /** Ordinary files, spread over directories of a hundred, besides the nasty ones. Default 50. */
  readonly files?: number;
  /** Also a FIFO and a socket, which no copy may hold. Default false. */
  readonly specials?: boolean;
}

function inside(root: string, name: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]);
}

function nastyNames(root: string): void {
  const folder = join(root, 'names');
  mkdirSync(folder);
  NASTY_NAMES.forEach((name, at) => {
    writeFileSync(inside(folder, name), `file ${String(at)}\n`);
  });
  const folders = join(root, 'folders');
  mkdirSync(folders);
  for (const name of NASTY_NAMES) {
    mkdirSync(inside(folders, name));
    writeFileSync(Buffer.concat([inside(folders, name), Buffer.from('/-inner file')]), 'inner\n');
  }
}

function links(root: string): void {
  const folder = join(root, 'links');
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), 'the one file\n');
  symlinkSync('file', join(folder, 'relative'));
  symlinkSync('../names', join(folder, 'to-folder'));
  symlinkSync('nowhere', join(folder, 'dangling'));
  symlinkSync(join(folder, 'file'), join(folder, 'absolute-inside'));
  symlinkSync('/etc/passwd', join(folder, 'absolute-outside'));
  symlinkSync('loop', join(folder, 'loop'));
  symlinkSync(inside('names', NASTY_NAMES[31] ?? 'latin'), join(folder, 'to-bytes'));
  lutimesSync(join(folder, 'relative'), 1_600_000_000.25, 1_600_000_000.25);
  linkSync(join(folder, 'file'), join(folder, 'hard'));
  mkdirSync(join(folder, 'sub'));
  linkSync(join(folder, 'file'), join(folder, 'sub/hard too'));
}

function modes(root: string): void {
  const folder = join(root, 'modes');
  mkdirSync(folder);
  for (const mode of [0o400, 0o600, 0o644, 0o666, 0o755, 0o777, 0o4755, 0o2755]) {
    const path = join(folder, mode.toString(8).padStart(4, '0'));
    writeFileSync(path, 'mode\n');
    chmodSync(path, mode);
  }
  for (const mode of [0o700, 0o755, 0o555, 0o1777]) {
    const path = join(folder, `dir-${mode.toString(8).padStart(4, '0')}`);
    mkdirSync(path);
    writeFileSync(join(path, 'inner'), 'inner\n');
    chmodSync(path, mode);
  }
}

function times(root: string): void {
  const folder = join(root, 'times');
  mkdirSync(folder);
  const stamps = {
    old: 1,
    fraction: 1_700_000_000.123457,
    future: 4_102_444_800,
    'after-2038': 7_258_118_400,
  };
  for (const [name, seconds] of Object.entries(stamps)) {
    writeFileSync(join(folder, name), `${name}\n`);
    utimesSync(join(folder, name), seconds, seconds);
  }
}

function shapes(root: string): void {
  mkdirSync(join(root, 'empty-folder'));
  writeFileSync(join(root, 'empty-file'), '');
  writeFileSync(join(root, 'binary'), Buffer.from(Array.from({ length: 4096 }, (_, at) => at % 256)));
  writeFileSync(join(root, 'sparse'), 'begin');
  truncateSync(join(root, 'sparse'), 4 * 1024 * 1024);
  mkdirSync(join(root, ...Array.from({ length: 60 }, (_, at) => `deep-${String(at)}`)), { recursive: true });
}

function ordinaryFiles(root: string, count: number): void {
  for (let at = 0; at < count; at += 1) {
    const folder = join(root, 'many', String(Math.floor(at / 100)));
    if (at % 100 === 0) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `note-${String(at)}.md`), `# Note ${String(at)}\n\n${'word '.repeat(at % 97)}\n`);
  }
}

async function specials(root: string): Promise<void> {
  const made = spawnSync('mkfifo', ['--', join(root, 'fifo')]);
  if (made.status !== 0) throw new Error('mkfifo failed');
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(join(root, 'socket'), resolve);
  });
  // Closing removes the file under the name it was made by; the second name is what a program that was killed leaves.
  linkSync(join(root, 'socket'), join(root, 'left-socket'));
  server.close();
}

/**
 * Grows the tree that a copy has to survive below an existing directory: names of every kind of byte, links of every kind,
 * modes, times, holes, depth. The same every time.
 */
export async function growNastyTree(root: string, options: TreeOptions = {}): Promise<void> {
  nastyNames(root);
  links(root);
  modes(root);
  times(root);
  shapes(root);
  ordinaryFiles(root, options.files ?? 50);
  if (options.specials) await specials(root);
}
