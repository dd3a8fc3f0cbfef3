import { createHash } from 'node:crypto';
import { posix as path } from 'node:path';
import type { Refusal } from '../host/account-read-only.ts';
import { programInput, readProgramInput, readScriptInput, scriptInput } from '../host/input.ts';
import { type Account, insideRoots, isKnownProgram } from './account.ts';
import { COMMANDS, KEEPER_NAMES, MACHINE_ARGS, SCRIPTS, VERSION, WATCH_LAUNCH } from './known.generated.ts';
import type { AskedFor } from './line.ts';
import { isPlainSender, isSender } from './rsync-args.ts';
import { isKnownWatcher, watchRequestIn } from './watch-request.ts';

/** What may be started, if what comes on its stdin may: a script or program of neo-pull and what it is to look at, or the arguments of a sending rsync. */
export interface Grant {
  readonly kind: 'script' | 'program' | 'watch' | 'rsync' | 'plain-rsync';
  readonly argv: readonly string[];
  readonly cwd: string | null;
}

const SHELL = '/bin/sh -s';
/** How a program of ours is started behind its Node, and with what, none of which is passed on: `cleaned` takes orders to Node away as well. */
const PROGRAM = '--input-type=commonjs -';
const PROGRAM_VARIABLES: Readonly<Record<string, string>> = {
  NODE_OPTIONS: '',
  NODE_PATH: '',
  UV_THREADPOOL_SIZE: '8',
};

/** Is this something that `plan`, `sync`, `rehearse` and `verify` start? Reads the file system. */
export function grant(asked: AskedFor & { kind: 'launch' }, account: Account): Grant | Refusal {
  const { argv, cwd } = asked;
  const [program = '', ...args] = argv;
  const line = argv.join(' ');
  if (line.startsWith(`${SHELL} --`) || args.join(' ').startsWith(`${PROGRAM} `)) return ofOtherVersion(named(argv));
  if (args.join(' ') === PROGRAM) return grantProgram(asked, account);
  if (isBegunAsWatcher(args)) return grantWatcher(asked, account);
  if (Object.keys(asked.env ?? {}).length > 0) return refused(`${named(argv)}, with variables of its own`);
  if (line === SHELL && cwd === undefined) return { kind: 'script', argv: SHELL.split(' '), cwd: null };
  const kind = isSender(args) ? 'rsync' : isPlainSender(args) ? 'plain-rsync' : null;
  if (path.basename(program) !== 'rsync' || kind === null || cwd === undefined) return refused(named(argv));
  if (!account.searchPath.includes(path.dirname(program))) return outside(program);
  const real = insideRoots(cwd, account);
  return real === null ? outside(cwd) : { kind, argv, cwd: real };
}

/** By the Node that runs the dispatcher, whichever was asked for. */
function grantProgram({ argv, cwd, env = {} }: AskedFor & { kind: 'launch' }, account: Account): Grant | Refusal {
  if (!isAsProgram({ cwd, env })) return refused(named(argv));
  return { kind: 'program', argv: [account.node, ...PROGRAM.split(' ')], cwd: null };
}

/** By the Node that runs the dispatcher, and by no other text than ours, which runs no other program than the one whose hash stands in the request. */
function grantWatcher({ argv, cwd, env = {} }: AskedFor & { kind: 'launch' }, account: Account): Grant | Refusal {
  const [, ...args] = argv;
  if (args.length !== WATCH_LAUNCH.length || args.at(-1) !== WATCH_LAUNCH.at(-1)) return ofOtherVersion(args.join(' '));
  if (!isAsProgram({ cwd, env })) return refused('a watcher of another form');
  return { kind: 'watch', argv: [account.node, ...WATCH_LAUNCH], cwd: null };
}

function isBegunAsWatcher(args: readonly string[]): boolean {
  return WATCH_LAUNCH.slice(0, -1).every((word, at) => word === args[at]);
}

/** From the login directory, and with no variables but those that go with every program of ours. */
function isAsProgram({ cwd, env }: { cwd: string | undefined; env: Readonly<Record<string, string>> }): boolean {
  return cwd === undefined && Object.entries(env).every(([name, value]) => PROGRAM_VARIABLES[name] === value);
}

interface ProgramRequest {
  readonly kind: 'walk' | 'census';
  readonly paths: readonly string[];
  /** The request with other paths. */
  at(place: (path: string) => string): unknown;
}

/** A walk has one root, a census a state dir and lists of places. Null for anything else. */
function requestIn(text: string): ProgramRequest | null {
  const request = decoded(text);
  const { root, state, apart, workspaces, stores = [], bound } = request;
  if (typeof root === 'string')
    return { kind: 'walk', paths: [root], at: (place) => ({ ...request, root: place(root) }) };
  if (typeof state !== 'string' || !isPlaces(apart) || !isPlaces(workspaces) || !isPlaces(stores)) return null;
  const moved = (places: readonly Place[], place: (path: string) => string): Place[] =>
    places.map(({ id, path: from }) => ({ id, path: place(from) }));
  return {
    kind: 'census',
    paths: [state, ...[...apart, ...workspaces, ...stores].map((one) => one.path)],
    at: (place) => ({
      state: place(state),
      apart: moved(apart, place),
      workspaces: moved(workspaces, place),
      stores: moved(stores, place),
      ...(isBound(bound) && { bound: heldBound(bound, place) }),
    }),
  };
}

interface Bound {
  readonly certificates: readonly string[];
}

function isBound(value: unknown): value is Bound {
  const { certificates } = (value ?? {}) as Partial<Bound>;
  return Array.isArray(certificates) && certificates.every((one) => typeof one === 'string');
}

/** Certificates elsewhere are not read, and it is not said that the Node that answers is the gateway's. */
function heldBound(bound: Bound, place: (path: string) => string): Bound & { isOwnNode: boolean } {
  return { ...bound, isOwnNode: false, certificates: bound.certificates.map(place).filter((path) => path !== '') };
}

interface Place {
  readonly id: string;
  readonly path: string;
}

function isPlaces(value: unknown): value is readonly Place[] {
  const isPlace = (one: Partial<Place> | null): boolean => typeof one?.id === 'string' && typeof one.path === 'string';
  return Array.isArray(value) && (value as (Partial<Place> | null)[]).every(isPlace);
}

function decoded(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64').toString());
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/**
 * What may be handed to what was started, of what came for it on stdin: a script with its arguments, a program with a request that
 * leads where its paths really lie, or such a request of a watcher, which is a line without its end. Both have to be neo-pull's, and lead nowhere that they may not. Reads the file system.
 */
export function judgeInput(input: Buffer, kind: 'script' | 'program' | 'watch', account: Account): string | Refusal {
  const text = input.toString();
  if (kind === 'watch') return judgeWatcher(text, account);
  if (kind === 'program') return judgeProgram(text, account);
  const read = readScriptInput(text);
  const name = read && nameOf(read.script);
  if (read === null || name === null) return ofOtherVersion(read?.script ?? text);
  return judgeScript(name, read.args, account) ?? scriptInput(read);
}

function judgeProgram(text: string, account: Account): string | Refusal {
  const read = readProgramInput(text);
  const name = read && nameOf(read.program);
  if (read === null || name === null) return ofOtherVersion(read?.program ?? text);
  const asked = requestIn(read.request);
  if (asked?.kind !== name) return refused(`${name} for node`);
  const stray = asked.paths.find((one) => insideRoots(one, account) === null);
  if (stray !== undefined) return outside(stray);
  const request = asked.at((one) => insideRoots(one, account) ?? '');
  return programInput({ ...read, request: Buffer.from(JSON.stringify(request)).toString('base64') });
}

/** The program behind it is not looked at: what is started runs no other than the one whose hash stands here. */
function judgeWatcher(text: string, account: Account): string | Refusal {
  const request = watchRequestIn(decoded(text));
  if (request === null) return refused('a watcher of another form');
  if (!isKnownWatcher(request)) return { kind: 'other-version', what: `a watcher that is none of neo-pull ${VERSION}` };
  const stray = request.roots.find(({ oldPath }) => insideRoots(oldPath, account) === null);
  if (stray !== undefined) return outside(stray.oldPath);
  const roots = request.roots.map((root) => ({ ...root, oldPath: insideRoots(root.oldPath, account) ?? '' }));
  return Buffer.from(JSON.stringify({ ...request, roots })).toString('base64');
}

/** The name of a script or program of ours. */
function nameOf(text: string): string | null {
  const hash = createHash('sha256').update(text).digest('hex');
  return (Object.hasOwn(SCRIPTS, hash) ? SCRIPTS[hash] : undefined) ?? null;
}

function ofOtherVersion(text: string): Refusal {
  const hash = createHash('sha256').update(text).digest('hex');
  const what = `what is none of neo-pull ${VERSION} (SHA-256 ${hash}); the neo-pull that sent it may be of another version`;
  return { kind: 'other-version', what };
}

function judgeScript(name: string, args: readonly string[], account: Account): Refusal | null {
  if (name === 'walk' || name === 'census') return refused(`${name} for ${SHELL}`);
  if (name === 'machine') return isMachineArgs(args) ? null : refused(`survey of ${args.join(' ')}`);
  if (name === 'keepers') return isKeeperArgs(args) ? null : refused(`look at ${args.join(' ')}`);
  if (name === 'gateway') return judgeGateway(args, account);
  return strayPath(args, account);
}

function isMachineArgs(args: readonly string[]): boolean {
  return MACHINE_ARGS.some((known) => known.length === args.length && known.every((word, at) => word === args[at]));
}

function isKeeperArgs([names = '', ...pids]: readonly string[]): boolean {
  return KEEPER_NAMES.includes(names) && pids.every((pid) => /^\d{1,10}$/.test(pid));
}

function judgeGateway([command = '', bin = '', shell = '', count = '', ...rest]: readonly string[], account: Account) {
  if (!COMMANDS.includes(command)) return refused(`product ${command}`);
  if (!account.shells.includes(shell)) return refused(`login shell ${shell}`);
  if (!/^\d{1,3}$/.test(count) || rest.length < 3 * Number(count)) return refused('arguments of another form');
  const triples = rest.slice(0, 3 * Number(count));
  const programs = [bin, ...triples.filter((_, at) => at % 3 < 2)].filter((program) => program !== '');
  const unknown = programs.find((program) => !isKnownProgram(program, account));
  if (unknown !== undefined) return outside(unknown);
  const places = placesIn(rest.slice(triples.length));
  return places === null ? refused('arguments of another form') : strayPath(places, account);
}

/** State dirs, each followed by the count of its configs and these. */
function placesIn(words: readonly string[]): string[] | null {
  const places: string[] = [];
  for (let at = 0; at < words.length;) {
    const [dir = '', count = ''] = words.slice(at, at + 2);
    const end = at + 2 + Number(count);
    if (!/^[1-9]\d?$/.test(count) || end > words.length) return null;
    places.push(dir, ...words.slice(at + 2, end));
    at = end;
  }
  return places;
}

function strayPath(paths: readonly string[], account: Account): Refusal | null {
  const stray = paths.find((asked) => insideRoots(asked, account) === null);
  return stray === undefined ? null : outside(stray);
}

function outside(asked: string): Refusal {
  return { kind: 'outside', what: `${asked}, which lies outside of what was allowed` };
}

/** The words by which something is refused that no plan and no sync needs. Pure. */
export function refused(what: string): Refusal {
  return { kind: 'not-allowed', what };
}

function named(argv: readonly string[]): string {
  return argv.slice(0, 6).join(' ');
}
