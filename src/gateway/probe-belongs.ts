import { realpathSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import type { Stray, Subject } from './probe-contract.ts';
import type { Proc } from './probe-processes.ts';

const COMM_LENGTH = 15;

/** Titles cut shorter than this (by a short argv, whose room they take) are not told from other programs'. */
const MIN_TITLE_LENGTH = 8;

/** Is it a process of the product, be it the gateway or a call of the CLI? By its title, or by the program that it runs. */
export function isProduct(proc: Proc, subject: Subject): boolean {
  return hasTitle(proc, subject) || programAt(proc.argv, subject) !== -1;
}

/** Has its title overwritten its argv? */
export function hasLostArgv(proc: Proc, { titles }: Subject): boolean {
  const [first, ...rest] = proc.argv;
  return rest.length === 0 && titles.some((title) => first !== undefined && title.startsWith(first));
}

/**
 * Does this process of the product say by itself that it serves? By the title that only the serving process has, or by an argv
 * that runs `gateway` and not one of its verbs (`gateway status` is a short call). The title of the parent says nothing: every
 * call of the CLI bears it.
 */
export function saysItServes(proc: Proc, subject: Subject): boolean {
  const [parent, serving] = subject.titles;
  const first = proc.argv[0] ?? '';
  if (hasLostArgv(proc, subject) && first.length > parent.length && serving.startsWith(first)) return true;
  const comm = serving.slice(0, COMM_LENGTH);
  if (proc.comm === comm && comm !== parent.slice(0, COMM_LENGTH)) return true;
  return hasGatewayArgv(proc, subject);
}

/**
 * Is it a program of the product's own that lives on beside the gateway, or after it (`smart-agent-neo-tool`)? Unlike a call of the
 * CLI it need not end soon. It was started by a gateway, so its environment names the profile, and none is the default one.
 */
export function isHelper(proc: Proc, subject: Subject): boolean {
  const [first, ...rest] = proc.argv;
  return rest.length === 0 && (first?.startsWith(`${subject.titles[0]}-`) ?? false) && !saysItServes(proc, subject);
}

/** Whose a process of the product is, as far as it tells by itself. */
export type Belongs = 'ours' | 'other' | 'unknown';

/**
 * Which gateway a process of the product is about, by what it was started with: state dir, config, profile, home, in the product's
 * own order. `unknown` where that leaves both open: a profile given by flag is gone once a title has overwritten the argv.
 */
export function belongs(proc: Proc, environ: ReadonlyMap<string, string> | null, subject: Subject): Belongs {
  if (!environ) return 'unknown';
  const get = (suffix: string) => environ.get(`${subject.envPrefix}_${suffix}`) || undefined;
  const home = get('HOME') ?? environ.get('HOME');
  const stateDir = absolute(get('STATE_DIR'), home);
  if (stateDir !== null) return samePath(stateDir, subject.stateDir) ? 'ours' : 'other';
  const configPath = absolute(get('CONFIG_PATH'), home);
  if (configPath !== null) return samePath(configPath, subject.configPath) ? 'ours' : 'other';
  if (home === undefined) return 'unknown';
  const named = profileFlag(proc.argv) ?? get('PROFILE');
  const [usual, ...legacy] = defaultDirs(
    home,
    named ?? (hasLostArgv(proc, subject) ? subject.profile : 'default'),
    subject,
  );
  if (usual !== undefined && samePath(usual, subject.stateDir)) {
    return named === undefined && hasLostArgv(proc, subject) ? 'unknown' : 'ours';
  }
  return legacy.some((dir) => samePath(dir, subject.stateDir)) ? 'unknown' : 'other';
}

/**
 * In what a process, by all that it was started with, is about something else than the gateway of `subject`: it would serve another
 * state beside the right one, and look well. What the environment does not say is what the product then takes. Empty too where the
 * environment cannot be read.
 */
export function straysOf(proc: Proc, environ: ReadonlyMap<string, string> | null, subject: Subject): readonly Stray[] {
  if (!environ) return [];
  const get = (suffix: string) => environ.get(`${subject.envPrefix}_${suffix}`) || undefined;
  const home = get('HOME') ?? environ.get('HOME') ?? subject.home;
  const flag = profileFlag(proc.argv);
  const lost = hasLostArgv(proc, subject) ? subject.profile : 'default';
  const profile = get('PROFILE') ?? flag ?? lost;
  const [usual = ''] = defaultDirs(home, profile, subject);
  const stateDir = absolute(get('STATE_DIR'), home) ?? usual;
  const configPath = absolute(get('CONFIG_PATH'), home) ?? join(stateDir, basename(subject.configPath));
  const strays: (Stray & { readonly isRight: boolean })[] = [
    { what: 'home', is: home, isRight: samePath(home, subject.home) },
    { what: 'profile', is: profile, isRight: profile === subject.profile },
    { what: 'state dir', is: stateDir, isRight: samePath(stateDir, subject.stateDir) },
    { what: 'config', is: configPath, isRight: samePath(configPath, subject.configPath) },
  ];
  return strays.filter(({ isRight }) => !isRight).map(({ what, is }) => ({ what, is }));
}

/** Are two paths the same place, symlinks resolved where they exist? */
export function samePath(a: string, b: string): boolean {
  return realPath(a) === realPath(b);
}

/** With every symlink resolved; as it is when it does not exist. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

function hasTitle(proc: Proc, subject: Subject): boolean {
  if (subject.titles.some((title) => proc.comm === title.slice(0, COMM_LENGTH))) return true;
  return hasLostArgv(proc, subject) && (proc.argv[0] ?? '').length >= MIN_TITLE_LENGTH;
}

function hasGatewayArgv(proc: Proc, subject: Subject): boolean {
  const program = programAt(proc.argv, subject);
  if (program === -1) return false;
  const words = proc.argv.slice(program + 1);
  const gateway = words.indexOf('gateway');
  // Before the subcommand stand only `--profile p`, `--dev` and their like.
  if (
    gateway === -1 ||
    words.slice(0, gateway).some((word, at) => !word.startsWith('-') && words[at - 1] !== '--profile')
  )
    return false;
  const next = words[gateway + 1];
  return next === undefined || next === 'run' || next.startsWith('-');
}

/** Where in an argv the product's program stands: first, or as the first operand of the Node before it. -1 when it is another program. */
function programAt(argv: readonly string[], { entry, titles }: Subject): number {
  const operand = argv.findIndex((word, at) => at > 0 && !word.startsWith('-'));
  return (
    [0, operand].find((at) => argv[at] !== undefined && (argv[at] === entry || basename(argv[at]) === titles[0])) ?? -1
  );
}

function profileFlag(argv: readonly string[]): string | undefined {
  if (argv.includes('--dev')) return 'dev';
  const joined = argv.find((word) => word.startsWith('--profile='));
  if (joined !== undefined) return joined.slice('--profile='.length);
  const at = argv.indexOf('--profile');
  return at === -1 ? undefined : argv[at + 1];
}

function defaultDirs(home: string, profile: string, subject: Subject): string[] {
  if (profile !== 'default') return [join(home, `${subject.stateDirName}-${profile}`)];
  return [subject.stateDirName, ...subject.legacyStateDirNames].map((name) => join(home, name));
}

function absolute(path: string | undefined, home: string | undefined): string | null {
  if (path === undefined) return null;
  if (home !== undefined && (path === '~' || path.startsWith('~/'))) return join(home, path.slice(1));
  return isAbsolute(path) ? path : null;
}
