import type { SignalName } from '../core/host.ts';

/** What a Process is to be started with, on whichever Host. */
export interface Launch {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Throws a `TypeError` (a bug of the caller) for what no Host can start truthfully: no argv, an argv[0] that reads as an option,
 * a NUL or half a surrogate pair anywhere, a relative cwd, a variable that a shell could not export.
 */
export function checkLaunch(argv: readonly string[], { cwd, env = {} }: Launch): void {
  const program = argv[0];
  if (program === undefined || program === '' || program.startsWith('-')) throw new TypeError('no program to start');
  if (cwd !== undefined && !cwd.startsWith('/')) throw new TypeError(`cwd is not absolute: ${cwd}`);
  for (const name of Object.keys(env)) if (!VARIABLE.test(name)) throw new TypeError(`not a variable: ${name}`);
  for (const text of [...argv, cwd ?? '', ...Object.values(env)]) {
    if (text.includes('\0') || !text.isWellFormed())
      throw new TypeError('a NUL or a lone surrogate cannot be passed on');
  }
}

/** One word of POSIX shell that means `text` and nothing else, whatever is in it. Pure. */
export function quoteWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Linux gives one argument 128 KiB; the login shell gets the whole line as one. */
const LONGEST_LINE = 120 * 1024;

/**
 * Decodes its first argument and runs it. It holds no single quote, exclamation mark, newline or doubled backslash, so that it
 * means the same between single quotes of sh, bash, zsh, fish, csh and tcsh. `printf` is a builtin nearly everywhere: no process.
 */
const BOOTSTRAP = 'eval "$(printf %b "$1")"';

/** How `loginCommand` is to begin, and to end, what it starts. */
export interface LoginLaunch extends Launch {
  readonly nonce: string;
  /**
   * For a line that does not carry how a command ended: a shell stays as the leader of the group, and when the command is over it
   * prints `nonce=status` and a newline on stderr, the status being the shell's `$?`. What it ends with itself means nothing then.
   * Nor does such a line close both ways at once when it is given up: nothing is begun before a first line has come on stdin.
   */
  readonly reports?: boolean;
}

/**
 * The command line for a login shell of any make (sh, bash, zsh, dash, fish, tcsh, busybox), which becomes, without a process
 * between: the line `nonce pid` on stdout and on stderr, then `argv` in `cwd` with `env` added. Exits 125 when `cwd` cannot be
 * entered, 127 when argv[0] is not found. Pure; throws a `TypeError` for what `checkLaunch` refuses or what is too long (120 KiB).
 */
export function loginCommand(argv: readonly string[], options: LoginLaunch): string {
  checkLaunch(argv, options);
  const line = `exec /bin/sh -c '${BOOTSTRAP}' np '${encode(script(argv, options))}'`;
  if (line.length > LONGEST_LINE) throw new TypeError(`a command line of ${line.length} bytes is too long: use stdin`);
  return line;
}

function script(argv: readonly string[], { cwd, env = {}, nonce, reports = false }: LoginLaunch): string {
  // In two halves, so that a shell that echoes what it runs does not print the nonce before its time.
  const half = nonce.length >> 1;
  const halves = `${quoteWord(nonce.slice(0, half))} ${quoteWord(nonce.slice(half))}`;
  // Where nobody listens any more, nothing is begun.
  const tell = `printf '%s%s %s\\n' ${halves} $$`;
  const enter = cwd === undefined ? [] : [`cd -P -- ${quoteWord(cwd)} || exit 125`];
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quoteWord(value)}`);
  const launch = [
    `${tell} || exit`,
    `${tell} >&2 || exit`,
    ...(reports ? ['read -r np_go || exit'] : []),
    ...enter,
    ...exports,
    `exec ${argv.map(quoteWord).join(' ')}`,
  ];
  if (!reports) return ['set +xv', ...launch].join(';');
  // Signals go to the whole group, and the shell outlives those that can be caught. It has no stderr of its own, because shells
  // say there how a command ended. The command is its foreground: in the background it would have no stdin and ignore INT.
  const child = ['trap - TERM INT HUP', 'exec 2>&3 3>&-', ...launch].join(';');
  const report = `printf '%s%s=%s\\n' ${halves} $? >&3`;
  return ['set +xv', 'trap : TERM INT HUP', 'exec 3>&2 2>/dev/null', `(${child})`, report].join(';');
}

/** The command line that sends a signal to the group of a Process started by `loginCommand`, for any login shell. Pure. */
export function signalCommand(pid: number, signal: SignalName): string {
  return `exec /bin/sh -c 'kill -s "$1" -- "-$2" || kill -s "$1" "$2"' np ${signal} ${pid}`;
}

/** Spelled for `printf %b`: all but plain letters, digits and a few marks as `\0ooo`. */
function encode(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[^A-Za-z0-9 _./:=@,+-]/g, (byte) => `\\0${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
