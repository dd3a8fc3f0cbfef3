import { createHash } from 'node:crypto';
import { posix as path } from 'node:path';
import type { Refusal } from '../host/account-read-only.ts';
import { type Account, insideRoots, isKnownProgram } from './account.ts';
import { COMMANDS, MACHINE_ARGS, SCRIPTS, VERSION } from './known.generated.ts';
import type { AskedFor } from './line.ts';
import { isSender } from './rsync-args.ts';

/** What may be started, if what comes on its stdin may: a script of neo-pull, or the arguments of a sending rsync. */
export interface Grant {
  readonly kind: 'script' | 'rsync';
  readonly argv: readonly string[];
  readonly cwd: string | null;
}

/** Is this something that `plan` and `sync` start? Reads the file system. */
export function grant(asked: AskedFor & { kind: 'launch' }, account: Account): Grant | Refusal {
  const { argv, cwd } = asked;
  const [program = '', ...args] = argv;
  if (Object.keys(asked.env ?? {}).length > 0) return refused(`${named(argv)}, with variables of its own`);
  if (program === '/bin/sh' && args[0] === '-s' && args[1] === '--' && cwd === undefined)
    return { kind: 'script', argv, cwd: null };
  if (path.basename(program) !== 'rsync' || !isSender(args) || cwd === undefined) return refused(named(argv));
  if (!account.searchPath.includes(path.dirname(program))) return outside(program);
  const real = insideRoots(cwd, account);
  return real === null ? outside(cwd) : { kind: 'rsync', argv, cwd: real };
}

/** Null when a script is one of neo-pull's and its arguments lead nowhere that they may not. Reads the file system. */
export function judgeScript(text: Buffer, args: readonly string[], account: Account): Refusal | null {
  const hash = createHash('sha256').update(text).digest('hex');
  const name = Object.hasOwn(SCRIPTS, hash) ? SCRIPTS[hash] : undefined;
  if (name === undefined) {
    const what = `a script that is none of neo-pull ${VERSION} (SHA-256 ${hash}); the neo-pull that sent it may be of another version`;
    return { kind: 'other-version', what };
  }
  if (name === 'machine') return isMachineArgs(args) ? null : refused(`survey of ${args.join(' ')}`);
  if (name === 'gateway') return judgeGateway(args, account);
  return strayPath(args, account);
}

function isMachineArgs(args: readonly string[]): boolean {
  return MACHINE_ARGS.some((known) => known.length === args.length && known.every((word, at) => word === args[at]));
}

function judgeGateway([command = '', bin = '', shell = '', count = '', ...rest]: readonly string[], account: Account) {
  if (!COMMANDS.includes(command)) return refused(`product ${command}`);
  if (!account.shells.includes(shell)) return refused(`login shell ${shell}`);
  if (!/^\d{1,3}$/.test(count) || rest.length < 3 * Number(count)) return refused('arguments of another form');
  const triples = rest.slice(0, 3 * Number(count));
  const programs = [bin, ...triples.filter((_, at) => at % 3 < 2)].filter((program) => program !== '');
  const unknown = programs.find((program) => !isKnownProgram(program, account));
  return unknown === undefined ? strayPath(rest.slice(triples.length), account) : outside(unknown);
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
