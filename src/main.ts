import { homedir, userInfo } from 'node:os';
import { becomeOwner } from './cli/owner.ts';
import { runProgram, tellFailure } from './cli/program.ts';
import type { Surroundings } from './cli/surroundings.ts';
import { VERSION } from './cli/version.ts';
import { problemOf } from './core/problem.ts';
import { systemClock } from './host/clock.ts';

// A reader that has seen enough (`neo-pull report | head`) is no error; the run goes on without it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const around: Surroundings = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  account: account(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
  clock: systemClock,
  version: VERSION,
  become: (owner) => becomeOwner(owner, around),
  exit: leave,
};
// What nobody awaited and nobody caught. The Journal is whole: `resume` or `rollback` go on from it.
process.on('uncaughtException', (error) => leave(tellFailure(problemOf(error), around)));
leave(await runProgram(around));

/** In a container the account may have no name. */
function account(): Surroundings['account'] {
  const { uid, username } = whoever();
  return { user: username, uid, home: process.env['HOME'] || homedir() };
}

function whoever(): { uid: number; username: string } {
  try {
    return userInfo();
  } catch {
    return { uid: process.getuid?.() ?? 0, username: process.env['USER'] ?? 'root' };
  }
}

/** The only way out. On Linux and macOS pipes and files are written synchronously, so nothing is lost. */
function leave(code: number): never {
  process.exit(code);
}
