import { posix as path } from 'node:path';
import { excludeMatcher } from '../core/exclude.ts';
import type { StayReason } from '../core/fate.ts';
import type { MachineFacts } from '../core/inventory.ts';
import type { ExcludeRule } from '../core/plan.ts';
import { isKnown, type NamedPath } from './named-paths.ts';
import type { PathFacts } from './see-paths.ts';

/** A directory that moves as a whole. */
export interface MovingDirectory {
  readonly id: string;
  readonly room: 'state' | 'workspace';
  /** On the old machine, with every symlink resolved. */
  readonly realPath: string;
  readonly newPath: string;
  readonly workspaces: readonly string[];
}

/** What a verdict depends on apart from the path itself. */
export interface Moving {
  readonly old: Pick<MachineFacts, 'home' | 'realHome' | 'product'>;
  readonly here: Pick<MachineFacts, 'home'>;
  /** The real one, on the old machine. */
  readonly stateDir: string;
  readonly directories: readonly MovingDirectory[];
  readonly rules: readonly ExcludeRule[];
}

/** It moves inside a directory, or for its own sake, or stays. */
export type Verdict = { readonly within: MovingDirectory } | { readonly alone: true } | { readonly why: StayReason };

/** Where something will be on this machine: in the home what is in the home, anything else at its own path. Pure. */
export function newPlace(oldPath: string, { old, here }: Pick<Moving, 'old' | 'here'>): string {
  const home = [old.home, old.realHome].find((one) => isInside(oldPath, one));
  return home === undefined ? oldPath : path.join(here.home, path.relative(home, oldPath));
}

/**
 * As `newPlace`, for something whose real path is another: where its name would lead into a directory that is put in place as a whole,
 * the symlink that is in that one leads on to the place of the real path. Pure.
 */
export function placeOf(
  { path: oldPath, realPath }: { readonly path: string; readonly realPath: string },
  moving: Pick<Moving, 'old' | 'here' | 'directories'>,
): string {
  const place = newPlace(oldPath, moving);
  const isStray = moving.directories.some((one) => isInside(place, one.newPath) && !isInside(realPath, one.realPath));
  return isStray ? newPlace(realPath, moving) : place;
}

/** What becomes of a path. Pure. */
export function verdictOn(named: NamedPath, facts: PathFacts | undefined, moving: Moving): Verdict {
  if (!isKnown(named.path)) return { why: 'variable' };
  const inHome = isInHome(named.path, moving);
  const within = moving.directories.find((one) => {
    const realPath = facts?.realPath ?? named.path;
    return realPath === one.realPath || isInside(realPath, one.realPath);
  });
  if (within && facts && facts.kind !== 'none' && !isElsewhere(named, facts, within)) {
    return isLeftOut(facts, within, moving.rules) ? { why: 'left-out' } : { within };
  }
  if (facts?.kind === 'none' && facts.link === null) return { why: 'missing' };
  if (!inHome) return { why: isOfSystem(named.path) ? 'system' : 'outside-home' };
  if (!facts) return { why: 'unseen' };
  const why = ofItself(named, facts, moving);
  return why === null ? { alone: true } : { why };
}

/** Why a path in the home that is not inside of what moves stays all the same; null when it moves. */
function ofItself(named: NamedPath, facts: PathFacts, { old, rules, stateDir }: Moving): StayReason | null {
  if ([old.home, old.realHome].includes(facts.realPath)) return 'home';
  if (isOfLogin(named.path, old) || isOfLogin(facts.realPath, old)) return 'login';
  if (isInstalled(named.path, old) || isInstalled(facts.realPath, old)) return 'installation';
  if (/^Library\/(?!Application Support\/)/.test(path.relative(old.home, named.path))) return 'system';
  if (facts.kind === 'none') return 'missing';
  if (facts.kind === 'other') return 'special';
  if (!facts.isReadable) return 'unreadable';
  if (facts.kind === 'dir') {
    const isPart = named.as === 'directory' || named.as === 'linked';
    return isPart && !isInside(stateDir, facts.realPath) ? null : 'not-ours';
  }
  if (named.as === 'link') return 'not-ours';
  if (named.as === 'log') return 'log';
  if (facts.isProgram) return 'program';
  const ownRules = rules.filter((rule) => rule.room === 'any');
  const rule = excludeMatcher(ownRules, 'workspace', [])(Buffer.from(path.basename(facts.realPath)), false);
  return rule === null ? null : 'left-out';
}

/** Has it to be somewhere else than where the directory around it goes? */
function isElsewhere({ to }: NamedPath, { realPath }: PathFacts, within: MovingDirectory): boolean {
  return to !== null && path.join(within.newPath, path.relative(within.realPath, realPath)) !== to;
}

function isLeftOut(
  { realPath, kind }: PathFacts,
  { room, workspaces, realPath: top }: MovingDirectory,
  rules: readonly ExcludeRule[],
) {
  const relative = Buffer.from(path.relative(top, realPath));
  return excludeMatcher(rules, room, workspaces)(relative, kind === 'dir') !== null;
}

/** Folders of package managers and of what they install, relative to a home: bound to the versions and the machine they were made for. */
const INSTALLED =
  /^(?:\.(?:nvm|volta|asdf|bun|fnm|deno|npm-global|npm|linuxbrew|cargo|rustup|pyenv|rbenv|cache)|\.local\/(?:lib|pipx|share\/(?:pnpm|fnm|mise|pipx|uv))|Library\/pnpm)\//;

function isInstalled(at: string, { home, realHome, product }: Moving['old']): boolean {
  if (at.includes('/node_modules/') || product?.argv.includes(at) || product?.path === at) return true;
  return [home, realHome].some((one) => isInside(at, one) && INSTALLED.test(`${path.relative(one, at)}/`));
}

/** Keys and rc files of the account, what its logins start, and our own runs, relative to a home: never put into another home by a config. */
const LOGIN =
  /^(?:\.(?:ssh|gnupg|pam_environment|bash\w*|zsh\w*|zlogin|zprofile|profile|login|cshrc|tcshrc|xprofile|xsession\w*|inputrc)|\.config\/(?:systemd|autostart|environment\.d|fish|neo-pull)|\.local\/(?:state\/neo-pull|share\/systemd)|Library\/LaunchAgents)(?:\/|$)/;

/** Does a path decide who gets into the account with this home, or what starts there? By its name. Pure. */
export function isOfLogin(at: string, { home, realHome }: Pick<Moving['old'], 'home' | 'realHome'>): boolean {
  return [home, realHome].some((one) => isInside(at, one) && LOGIN.test(path.relative(one, at)));
}

const SYSTEM =
  '/Applications /Library /System /bin /boot /dev /etc /lib /lib32 /lib64 /nix /opt /proc /run /sbin /snap /sys /usr'.split(
    ' ',
  );

/** Is a path part of the system, or of what is installed for all its users? By its name. Pure. */
export function isOfSystem(at: string): boolean {
  return at === '/' || SYSTEM.some((top) => at === top || isInside(at, top));
}

/** Does a path lie in the home of the old account? By its name. Pure. */
export function isInHome(at: string, { old }: Pick<Moving, 'old'>): boolean {
  return [old.home, old.realHome].some((home) => at === home || isInside(at, home));
}

/** Is `inner` below `outer`? By whole segments. Pure. */
export function isInside(inner: string, outer: string): boolean {
  return inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}
