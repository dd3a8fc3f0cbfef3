/**
 * The watcher: runs on the old machine while it is followed, as the text that `bootstrap.ts` was given. It changes nothing but cookies in
 * our own folder and leaves nothing behind. What it says goes to stdout (`record.ts`); on stdin come the words `ping`, `cookie <id>`
 * and `stop`, a line each. It ends when stdin ends, when nobody reads what it says, and when no word has come for long.
 */
import { Cookies } from './cookies.ts';
import { type Engine, type EngineParts } from './engine.ts';
import { isSmallAndPlain } from './measure.ts';
import { type Out, Outbox } from './outbox.ts';
import { encode } from './record.ts';
import { decodeRequest } from './request.ts';
import { RuledRoot } from './ruled-root.ts';
import { WatchChokidar } from './watch-chokidar.ts';
import { WatchTree } from './watch-tree.ts';

/** No word of ours is as long. */
const LONGEST_WORD = 200;

// Put there by what started this; it was never in the argv that others see.
const request = decodeRequest(process.argv[1] ?? '');
const later = (waitMs: number, act: () => void): void => void setTimeout(act, waitMs);
const out: Out = {
  write: (bytes) => void process.stdout.write(bytes),
  unsentBytes: () => process.stdout.writableLength,
  later,
};
const outbox = new Outbox(out);
const roots = request.roots.map((root) => new RuledRoot(root, request.excludes));
const cookies = new Cookies({
  folder: request.cookieDir,
  outbox,
  later,
  after: (act) => engine.after(act),
});
const parts: EngineParts = {
  roots,
  outbox,
  failed,
  later,
  overflowed: () => cookies.giveUp(),
  rootMoved: lookAtRoots,
};
let engine: Engine = chosen();
let isSwitching = false;
let unheard = 0;

function chosen(): Engine {
  for (const root of roots) root.hasChanged();
  const { platform } = process;
  const wanted = request.engine ?? (platform === 'linux' && !isSmallAndPlain(roots) ? 'directories' : 'chokidar');
  if (wanted === 'directories') return new WatchTree(parts);
  return new WatchChokidar(parts, () => {
    if (request.engine === null && platform === 'linux') void outgrow();
  });
}

/** The tree is no longer small, or has names that are no text. */
async function outgrow(): Promise<void> {
  if (isSwitching || engine.kind === 'directories') return;
  isSwitching = true;
  await engine.stop();
  engine = new WatchTree(parts);
  await engine.start();
  outbox.gap('engine-changed');
  isSwitching = false;
}

function failed(code: string, root: string): void {
  outbox.say({ type: 'failed', code, root });
  leave(1);
}

/** What was said is to get out. */
function leave(code: number): void {
  process.stdout.write('', () => process.exit(code));
}

function say(type: 'beat' | 'ready'): void {
  const { kind, directories } = engine;
  outbox.say({ type, engine: kind, directories, rssBytes: process.memoryUsage.rss() });
}

function lookAtRoots(): void {
  for (const root of roots) if (root.hasChanged()) engine.renew(root);
}

function beat(): void {
  unheard += 1;
  if (unheard * request.beatMs > request.deafMs) process.exit(1);
  lookAtRoots();
  say('beat');
}

function obey(word: string): void {
  unheard = 0;
  const [, id] = /^cookie ([0-9a-f]{16})$/.exec(word) ?? [];
  if (word === 'stop') leave(0);
  if (id === undefined) return;
  lookAtRoots();
  if (engine.kind === 'directories' && !isSwitching) cookies.ask(id);
  else outbox.say({ type: 'nocookie', id });
}

function listen(): void {
  let words = '';
  process.stdin.on('data', (chunk: Buffer) => {
    const lines = (words + chunk.toString('latin1')).split('\n');
    words = (lines.pop() ?? '').slice(0, LONGEST_WORD);
    for (const line of lines) obey(line);
  });
  process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(1));
  // Whoever asked has gone: there is no one left to tell.
  process.stdout.on('error', () => process.exit(1));
  process.stdin.resume();
}

async function main(): Promise<void> {
  listen();
  out.write(encode({ type: 'head' }));
  const missing = roots.find((root) => !root.isThere);
  if (missing) {
    failed('ENOENT', missing.id);
    return;
  }
  setInterval(beat, request.beatMs);
  await engine.start();
  say('ready');
}

void main();
