import { spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import process from 'node:process';
import type { LaunchAnswer, ProbeReply, ProbeRequest, SignalAnswer } from './probe-contract.ts';
import { environOf } from './probe-environ.ts';
import { isRunning, keepProcess, readKept } from './probe-keep.ts';
import { lookForLife } from './probe-life.ts';
import { readBootId, readProcess } from './probe-processes.ts';

// The program that the gateway's own Node runs, on either machine: streamed to `node -`, nothing is installed. Its one argument is
// the request as base64 JSON; it prints one line of JSON.
void reply().then((text) => process.stdout.write(text));

async function reply(): Promise<string> {
  let said: ProbeReply;
  try {
    const request = JSON.parse(Buffer.from(process.argv[2] ?? '', 'base64').toString()) as ProbeRequest;
    said = { ok: true, answer: await answer(request) };
  } catch (error) {
    said = { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
  return `${JSON.stringify(said)}\n`;
}

async function answer(request: ProbeRequest): Promise<unknown> {
  switch (request.verb) {
    case 'life':
      return lookForLife(request.subject, process.pid);
    case 'signal':
      return signal(request);
    case 'keep':
      return keepProcess(request.subject, request.process, request.folder);
    case 'environ':
      return environOf(request);
    case 'launch':
      return launch(request);
  }
}

function signal({ process: identity, signal: name }: ProbeRequest & { verb: 'signal' }): SignalAnswer {
  if (!isRunning(identity)) return { sent: false };
  try {
    process.kill(identity.pid, name);
    return { sent: true };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return { sent: false };
    throw error;
  }
}

/** Starts the gateway in a session of its own, so that the end of the SSH connection does not reach it. */
async function launch(request: ProbeRequest & { verb: 'launch' }): Promise<LaunchAnswer> {
  const { argv, cwd, env, umask, leftOut } = request.folder === null ? fresh(request) : readKept(request.folder);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const log = openSync(request.logFile, flags, 0o600);
  const [program, ...args] = argv;
  if (program === undefined) throw new Error('there is no command to start the gateway with');
  if (umask !== null) process.umask(umask);
  const child = spawn(program, args, {
    cwd,
    env: { ...env, ...request.extraEnv },
    detached: true,
    stdio: ['ignore', log, log],
  });
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.unref();
  closeSync(log);
  const pid = child.pid ?? 0;
  return { pid, startTime: readProcess(pid)?.startTime ?? '', bootId: readBootId(), leftOut };
}

function fresh({ fresh: { argv, cwd, env }, envPrefix }: ProbeRequest & { verb: 'launch' }) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith(`${envPrefix}_`));
  return { argv, cwd, env: { ...Object.fromEntries(inherited), ...env }, umask: null, leftOut: [] };
}
