import { EXIT, EXIT_MEANING } from '../core/exit.ts';

/** What a unit that follows is made of. */
export interface UnitParts {
  readonly description: string;
  /** Program and arguments, absolute where they are paths. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files that hold secrets, by the name under which systemd hands them on. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Does it start commands of the person, which may need rights that a hardened unit cannot give? */
  readonly needsRights: boolean;
}

/** An old machine that does not answer and a line that broke come back by themselves; everything else wants a person, or is done. */
const WORTH_A_RESTART: readonly number[] = [EXIT.connect, EXIT.transfer];
const GOOD_ENDS: readonly number[] = [EXIT.done, EXIT.interrupted, EXIT.terminated, EXIT.somethingToDo];

/**
 * What works in a unit of an account, whose manager has no rights of its own, and stands in the way of nothing that a move does. Whatever
 * needs a mount namespace is left out: in the user namespace that comes with it root's files are nobody's, and ssh refuses its configuration.
 */
const HARDENING = `NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM
`;

/** The text of a systemd user unit that follows an old machine. Pure. */
export function unitText({ description, argv, env, credentials, needsRights }: UnitParts): string {
  const [program = '', ...rest] = argv;
  const final = Object.keys(EXIT_MEANING)
    .map(Number)
    .filter((code) => !WORTH_A_RESTART.includes(code) && !GOOD_ENDS.includes(code));
  const lines = [
    ...Object.entries(env).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    // Only by this it knows which unit is done for good after a move.
    'Environment=NEO_PULL_UNIT=%n',
    ...Object.entries(credentials).map(([name, path]) => `LoadCredential=${name}:${path.replaceAll('%', '%%')}`),
  ];
  return `# Made by neo-pull service. To end it for good: systemctl --user disable --now the name of this file
[Unit]
Description=${description.replaceAll('%', '%%')}
# An old machine that is off for a day is tried for a day.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
ExecStart=${[quoted(program), ...rest.map(argument)].join(' ')}
WorkingDirectory=%h
${lines.join('\n')}
Restart=on-failure
RestartSec=30
RestartPreventExitStatus=${final.join(' ')}
SuccessExitStatus=${EXIT.terminated} ${EXIT.interrupted}
TimeoutStartSec=900
# A cutover that is told to end puts everything back first.
TimeoutStopSec=600
WatchdogSec=120
WatchdogSignal=SIGKILL
# What it has started for good, such as a gateway, is not its own.
KillMode=process
LimitCORE=0
${needsRights ? '' : HARDENING}
[Install]
WantedBy=default.target
`;
}

/** One word of a command line of a unit, whatever is in it. */
function argument(text: string): string {
  return /^[\w@+=:,./-]+$/.test(text) ? text : quoted(text).replaceAll('$', '$$$$');
}

function quoted(text: string): string {
  const escaped = text
    .replace(/["\\]/g, '\\$&')
    .replaceAll('%', '%%')
    .replace(/[\0-\x1f\x7f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped}"`;
}
