/**
 * What the owner of a read-only account puts before one key in authorized_keys on the old machine:
 * `command="exec node neo-pull-read-only.mjs [--root DIR] [--program PATH]"`. Runs what `plan`, `sync`, `rehearse` and `verify` run, and nothing else
 * (docs/read-only-account.md). Any Node from 20 on; no dependencies, and nothing is written.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import process from 'node:process';
import type { Writable } from 'node:stream';
import { REFUSED, type Refusal, sayRefusal } from '../host/account-read-only.ts';
import type { Account } from './account.ts';
import { accountOf, cleaned } from './environment.ts';
import { type Grant, grant, judgeInput, refused } from './grant.ts';
import { isOurs } from './kin.ts';
import { VERSION } from './known.generated.ts';
import { type AskedFor, readLine } from './line.ts';
import { endOfArgs, isTooLong, strangeArg } from './rsync-args.ts';

/** As `loginCommand` frames it. Its words come as arguments: nothing that was sent is read as shell. */
const HELD = `printf '%s %s\\n' "$1" $$ || exit
printf '%s %s\\n' "$1" $$ >&2 || exit
cd -P -- "$2" || exit 125
shift 2
exec "$@"`;
/** Of any script with its arguments: the most are 400 paths. */
const LONGEST_INPUT = 4 * 1024 * 1024;

type Child = ChildProcessByStdio<Writable, null, null>;
type Launch = AskedFor & { kind: 'launch' };

function main(): void {
  const line = process.env['SSH_ORIGINAL_COMMAND'] ?? '';
  const asked = readLine(line);
  const account = accountOf(process.argv.slice(2), process.env, { ...userInfo(), node: process.execPath });
  if ('what' in account) end(account, asked?.kind === 'launch' ? asked : null);
  else if (asked === null) end(refused(line === '' ? 'a session without a command' : line), null);
  else if (asked.kind === 'signal') signal(asked);
  else launch(asked, account);
}

function launch(asked: Launch, account: Account): void {
  const given = grant(asked, account);
  if ('what' in given) {
    end(given, asked);
    return;
  }
  const { kind } = given;
  if (kind === 'rsync') feedRsync(start(asked, given));
  else if (kind === 'plain-rsync') process.stdin.pipe(start(asked, given).stdin);
  else if (kind === 'watch') feedWatcher(start(asked, given), account);
  else feedInput(start(asked, given), (input) => judgeInput(input, kind, account));
}

/** A script is handed on when all of it has come and is known; until then the shell that is to read it waits. */
function feedInput(child: Child, judge: (input: Buffer) => string | Refusal): void {
  let input = Buffer.alloc(0);
  process.stdin.on('data', (chunk: Buffer) => {
    input = Buffer.concat([input, chunk]);
    if (input.length > LONGEST_INPUT) turnAway(child, refused(`a script of more than ${LONGEST_INPUT} bytes`));
  });
  process.stdin.once('end', () => {
    const judged = judge(input);
    if (typeof judged === 'string') child.stdin.end(judged);
    else turnAway(child, judged);
  });
}

/** What rsync is to read first are its own arguments: it gets nothing before all of them are seen. */
function feedRsync(child: Child): void {
  feedBehind(child, (seen) => {
    const end = endOfArgs(seen);
    if (end === null && !isTooLong(seen)) return null;
    const strange = end === null || isTooLong(seen) ? 'arguments without an end' : strangeArg(seen.subarray(0, end));
    return strange === null ? seen : refused(`rsync with ${strange}`);
  });
}

/** The first line is what it is to watch; then comes its text, and what is said to it for days. */
function feedWatcher(child: Child, account: Account): void {
  feedBehind(child, (seen) => {
    const end = seen.indexOf('\n');
    if (end < 0) return seen.length > LONGEST_INPUT ? refused('a watcher of another form') : null;
    const judged = judgeInput(seen.subarray(0, end), 'watch', account);
    return typeof judged === 'string' ? Buffer.concat([Buffer.from(judged), seen.subarray(end)]) : judged;
  });
}

/** It gets nothing before what comes first has been judged, null as long as more of that is to come; then all that follows. */
function feedBehind(child: Child, judge: (seen: Buffer) => Buffer | Refusal | null): void {
  let seen = Buffer.alloc(0);
  const look = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    const judged = judge(seen);
    if (judged === null) return;
    process.stdin.off('data', look).pause();
    if ('what' in judged) {
      turnAway(child, judged);
      return;
    }
    child.stdin.write(judged);
    process.stdin.pipe(child.stdin);
  };
  process.stdin.on('data', look).once('end', () => child.stdin.end());
}

/** In a group of its own, as a login shell's command has, so that its pid can be signalled as neo-pull does. */
function start({ nonce }: Launch, { argv, cwd }: Grant): Child {
  const words = ['-c', HELD, 'np', nonce, cwd ?? process.cwd(), ...argv];
  const env = cleaned(process.env);
  const child = spawn('/bin/sh', words, { env, detached: true, stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.on('error', () => undefined);
  child.once('error', (error) => end(refused(error.message), null));
  child.once('exit', (code, signalled) => {
    if (signalled !== null) process.kill(process.pid, signalled);
    process.exit(code ?? REFUSED);
  });
  return child;
}

/** Ends what was started and has been given nothing to do, then says why. */
function turnAway(child: Child, refusal: Refusal): void {
  process.stdin.removeAllListeners('data').removeAllListeners('end').resume();
  child.removeAllListeners('exit').once('exit', () => end(refusal, null));
  child.kill('SIGKILL');
}

function signal({ pid, signal: name }: AskedFor & { kind: 'signal' }): void {
  if (!isOurs(pid)) {
    end(refused(`a signal to process ${pid}, which was not started here`), null);
    return;
  }
  try {
    process.kill(-pid, `SIG${name}`);
  } catch {
    // It has ended meanwhile.
    process.exitCode = 1;
  }
}

/** Behind the nonce where it is known, so that neo-pull reads it as the command's own words. */
function end(refusal: Refusal, asked: Launch | null): void {
  const frame = asked ? `${asked.nonce} ${process.pid}\n` : '';
  process.stdout.write(frame);
  process.stderr.write(`${frame}${sayRefusal(refusal, VERSION)}\n`, () => process.exit(REFUSED));
}

main();
