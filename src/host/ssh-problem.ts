import { fail, type ProblemError } from '../core/problem.ts';
import { pasteable } from './pasteable.ts';
import { printable } from './printable.ts';

/** How far connecting had come. */
export type Stage = 'reach' | 'handshake' | 'authenticate';

/** Where, for the words of a Problem. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

const NO_SUCH_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME', 'EAI_NODATA', 'EAI_FAIL']);

/** ssh2's errors: `level` says who found it, `code` is a system error's name or the number of the server's reason to disconnect. */
interface Ssh2Error extends Error {
  readonly level?: string;
  readonly code?: string | number;
}

/** The Problem behind an error while connecting, told by stage, level and code. Refused credentials are judged elsewhere. Pure. */
export function connectProblem(error: Ssh2Error, stage: Stage, { host, port }: Place): ProblemError {
  const where = `${host}:${port}`;
  const cause = { cause: error };
  if (typeof error.code === 'string' && NO_SUCH_NAME.has(error.code)) {
    return fail(
      'host-not-found',
      {
        message: `The name ${host} does not resolve (${error.code}).`,
        hint: `Check its spelling: getent hosts ${pasteable(host)}`,
      },
      cause,
    );
  }
  if (stage !== 'reach' && error.level === 'handshake') {
    return fail(
      'handshake-failed',
      {
        message: `${where} and this machine have no safe way to talk: ${printable(error.message, 160)}.`,
        hint: 'Update the SSH server of the old machine: SHA-1, MD5, CBC and compression are not used.',
      },
      cause,
    );
  }
  const seen = typeof error.code === 'string' ? error.code : printable(error.message, 160);
  return fail(
    'host-unreachable',
    {
      message:
        stage === 'reach' ? `${where} does not answer (${seen}).` : `${where} broke off the connection (${seen}).`,
      hint: `See whether the machine is on and its SSH server listens on port ${port}: ssh -v -p ${port} ${pasteable(host)}`,
    },
    cause,
  );
}

const SLOW: Readonly<Record<Stage, string>> = {
  reach: 'did not answer',
  handshake: 'did not finish the SSH handshake',
  authenticate: 'did not answer while logging in',
};

/** Nothing came back in time. Pure. */
export function tooSlow(stage: Stage, waitMs: number, { host, port }: Place): ProblemError {
  return fail('host-unreachable', {
    message: `${host}:${port} ${SLOW[stage]} within ${waitMs / 1000} s.`,
    hint:
      stage === 'authenticate'
        ? `Where a login is confirmed on another device, wait longer (--connect-timeout 60); else see: ssh -v -p ${port} ${pasteable(host)}`
        : `See whether the machine is on and nothing on the way drops the packets: ssh -v -p ${port} ${pasteable(host)}`,
  });
}

/** The line broke while it was in use. Pure. */
export function lineBroke(how: string, { host }: Place, cause?: unknown): ProblemError {
  return fail(
    'connection-lost',
    {
      message: `The connection to ${host} ended while it was in use (${printable(how, 160)}).`,
      hint: 'Once the machine can be reached again: neo-pull resume',
    },
    { cause },
  );
}

/** A jump host did not open the line to what lies behind it. Pure. */
export function notForwarded({ host, port }: Place, cause: Error): ProblemError {
  return fail(
    'host-unreachable',
    {
      message: `it does not lead on to ${host}:${port} (${printable(cause.message, 160)}).`,
      hint: `See whether it may forward (AllowTcpForwarding) and reaches the place: nc -z ${pasteable(host)} ${port}`,
    },
    { cause },
  );
}

/** The server does not let one more command be started. Pure. */
export function sessionsRefused({ host }: Place, cause: unknown): ProblemError {
  return fail(
    'sessions-refused',
    {
      message: `${host} lets no further command be started on this connection.`,
      hint: 'Raise MaxSessions in /etc/ssh/sshd_config of the old machine (10 is the usual number), and reload its sshd.',
    },
    { cause },
  );
}

/** A command was to be ended, and is not known to have heard of it. Pure. */
export function signalUndelivered(pid: number | null, { host }: Place): ProblemError {
  return fail('signal-undelivered', {
    message: `A command on ${host} was to be ended and could not be told; it may still run there.`,
    hint: `Look there, and end it: ps -o pid,args -g ${pid}; kill -- -${pid}`,
  });
}

/** The login shell did not come as far as the command. Pure. */
export function shellUnusable(how: string, said: string, { host }: Place, cause?: unknown): ProblemError {
  return fail(
    'login-shell-unusable',
    {
      message: `The login shell on ${host} ${how}${said.trim() === '' ? '.' : `. It said: ${said.trim()}`}`,
      hint: /password.{0,20}expired/i.test(said)
        ? `Set a new password there first, at a terminal: ssh -t ${pasteable(host)}`
        : `See what ssh ${pasteable(host)} true does: the account needs a shell that starts commands without asking.`,
    },
    { cause },
  );
}
