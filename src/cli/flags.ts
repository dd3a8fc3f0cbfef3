import type { InferredOptionTypes, Options } from 'yargs';

/** Given twice, the last one counts, as with ssh. */
function last(value: unknown): string {
  return String(Array.isArray(value) ? value.at(-1) : value);
}

const flag = { type: 'boolean' } as const;
const text = { type: 'string', requiresArg: true, coerce: last } as const;
const texts = { type: 'string', array: true, requiresArg: true } as const;

const CONNECTION = 'Reaching the old machine:';
const GATEWAY = 'What moves, and where to:';
const CONDUCT = 'How it goes about it:';
const OUTPUT = 'What it says:';
const PATIENCE = 'Patience, in seconds (for slow machines and tests):';

/** How the old machine is reached. */
export const CONNECTION_FLAGS = {
  identity: { ...texts, alias: 'i', group: CONNECTION, describe: 'Private key file to offer (repeatable)' },
  port: { ...text, alias: 'p', group: CONNECTION, describe: 'SSH port' },
  'ssh-config': {
    ...text,
    alias: 'F',
    group: CONNECTION,
    describe: "ssh_config in place of the account's; none: no file",
  },
  jump: { ...text, alias: 'J', group: CONNECTION, describe: 'Jump hosts, as ssh takes them: user@host:port,...' },
  'ssh-option': { ...texts, alias: 'o', group: CONNECTION, describe: 'Line of ssh_config: key=value (repeatable)' },
  ipv4: { ...flag, alias: '4', group: CONNECTION, describe: 'IPv4 addresses only' },
  ipv6: { ...flag, alias: '6', group: CONNECTION, describe: 'IPv6 addresses only' },
  transport: { ...text, group: CONNECTION, describe: 'Who speaks SSH: auto, ssh2 or openssh [auto]' },
  'known-hosts': { ...text, group: CONNECTION, describe: 'The one file in which host keys are looked up' },
  'host-key': { ...text, group: CONNECTION, describe: 'Pin the host key: SHA256:...' },
  'password-file': { ...text, group: CONNECTION, describe: 'File (0600) that holds the password' },
  'passphrase-file': { ...text, group: CONNECTION, describe: 'File (0600) that holds the passphrase of the key' },
  'connect-timeout': {
    ...text,
    group: PATIENCE,
    describe: 'For each stage of connecting [ConnectTimeout of the SSH configuration, else 10]',
  },
  'reconnect-timeout': { ...text, group: PATIENCE, describe: 'How long a lost line is tried again [300]' },
} as const satisfies Record<string, Options>;

/** What is moved, and where to. */
export const GATEWAY_FLAGS = {
  profile: { ...text, group: GATEWAY, describe: 'Which gateway, where the account has several: NAME, or A,B,...' },
  'all-profiles': { ...flag, group: GATEWAY, describe: 'Every gateway of the account, one after the other' },
  'state-dir': { ...text, group: GATEWAY, describe: 'State dir on the old machine' },
  'gateway-config': { ...text, group: GATEWAY, describe: 'Config on the old machine, where its sources disagree' },
  'gateway-port': { ...text, group: GATEWAY, describe: 'Port of the gateway, where its sources disagree' },
  'to-state-dir': { ...text, group: GATEWAY, describe: 'State dir on this machine' },
  workspace: { ...texts, group: GATEWAY, describe: 'Further workspace that moves: OLD or OLD=NEW (repeatable)' },
  exclude: { ...texts, group: GATEWAY, describe: 'Pattern of what stays behind (repeatable)' },
  product: { ...text, group: GATEWAY, describe: 'smart-agent-neo, openclaw, or one of the settings file [found]' },
  'gateway-bin': { ...text, group: GATEWAY, describe: 'The gateway program on this machine' },
  'remote-gateway-bin': { ...text, group: GATEWAY, describe: 'The gateway program on the old machine' },
  'stop-cmd': { ...text, group: GATEWAY, describe: 'Your own command that stops the old gateway (with --start-cmd)' },
  'start-cmd': { ...text, group: GATEWAY, describe: 'Your own command that starts the old gateway again' },
  'new-stop-cmd': { ...text, group: GATEWAY, describe: 'The same for the gateway on this machine' },
  'new-start-cmd': { ...text, group: GATEWAY, describe: 'The same for the gateway on this machine' },
  allow: { ...texts, group: GATEWAY, describe: 'Path or finding of the audit to be let through by name (repeatable)' },
  replace: { ...flag, group: GATEWAY, describe: 'What is here already may be parked' },
  'carry-env': { ...flag, group: GATEWAY, describe: 'Bring variables from outside of the old state into .env here' },
  'rewrite-approvals': { ...flag, group: GATEWAY, describe: 'Rewrite old paths in exec allow patterns too' },
} as const satisfies Record<string, Options>;

/** Where the settings of the person are. */
export const SETTINGS_FLAGS = {
  config: { ...text, group: CONDUCT, describe: "Settings file, in place of the account's; none: no file" },
} as const satisfies Record<string, Options>;

/** What the old machine does when it does not hear from us. */
const DEAD_MAN_FLAG = {
  'dead-man': {
    ...text,
    group: CONDUCT,
    describe:
      'Old gateway starts again when its machine does not hear from here for so long; 0: never [10m if unattended]',
  },
} as const satisfies Record<string, Options>;

/** Waits of a move. */
export const LIMIT_FLAGS = {
  bwlimit: { ...text, group: CONDUCT, describe: 'KiB per second that the copy may use' },
  'max-delete': {
    ...text,
    group: CONDUCT,
    describe: 'Halt when more entries than that are gone from a directory that moves [half of it]',
  },
  'max-entries': {
    ...text,
    group: CONDUCT,
    describe: 'Halt when one pass over a directory brings more entries [4 times what it has, at least 1000000]',
  },
  'max-bytes': {
    ...text,
    group: CONDUCT,
    describe: 'Halt when it brings more content: 500M, 50G, 2T [4 times what it has, at least 32G]',
  },
  'max-downtime': {
    ...text,
    group: CONDUCT,
    describe: 'Copy again until the downtime is forecast to be so short, in seconds',
  },
  'max-downtime-hard': {
    ...text,
    group: CONDUCT,
    describe: 'Put everything back when no gateway has run for so long, in seconds',
  },
  ...DEAD_MAN_FLAG,
  soak: { ...text, group: PATIENCE, describe: 'How long the new gateway is watched at the end [30]' },
  'stop-timeout': { ...text, group: PATIENCE, describe: 'For a gateway to stop [60]' },
  'start-timeout': { ...text, group: PATIENCE, describe: 'For a gateway to come up [90]' },
  'doctor-timeout': { ...text, group: PATIENCE, describe: "For the product's doctor [120]" },
} as const satisfies Record<string, Options>;

/** What becomes of an agent that is in the middle of a turn. */
export const DRAIN_FLAGS = {
  drain: {
    ...text,
    group: CONDUCT,
    describe: 'Wait so long for an agent to end its turn before the stop: 60s, 5m; 0: not at all [60s]',
  },
  force: { ...flag, group: CONDUCT, describe: 'Cut over also while an agent is in the middle of a turn' },
} as const satisfies Record<string, Options>;

/** When a cutover begins, and how careful it is. */
export const CUTOVER_FLAGS = {
  at: { ...text, group: CONDUCT, describe: 'Not before: 03:00, +2h or ISO 8601 (a neo-pull has to follow)' },
  'when-idle': {
    ...text,
    group: CONDUCT,
    describe: 'When no session was written for so long: 60s, 5m (a neo-pull has to follow)',
  },
  ...DEAD_MAN_FLAG,
  paranoid: { ...flag, group: CONDUCT, describe: 'Look at every file in the last pass, whatever the watcher has seen' },
} as const satisfies Record<string, Options>;

/** Who may be asked. */
export const CONSENT_FLAGS = {
  yes: { ...flag, alias: 'y', group: CONDUCT, describe: 'Answer the one question of a move (never one of trust)' },
  'fail-step': { ...text, hidden: true, describe: 'Make this step of the cutover fail, to see everything put back' },
  'no-input': { ...flag, group: CONDUCT, describe: 'Ask nothing: what would be asked ends the run' },
} as const satisfies Record<string, Options>;

/** What is printed, and as whom. Every command has them. */
export const OUTPUT_FLAGS = {
  owner: { ...text, group: CONDUCT, describe: 'Started by root: be the user whose gateway it is, in everything' },
  json: { ...flag, group: OUTPUT, describe: 'Events (or the answer) as JSON on stdout, nothing else there' },
  verbose: { type: 'count', alias: 'v', group: OUTPUT, describe: 'Say more; twice: everything that is logged' },
  quiet: { ...flag, alias: 'q', group: OUTPUT, describe: 'Only problems and the result' },
} as const satisfies Record<string, Options>;

export const REPORT_FLAGS = {
  html: { ...flag, group: OUTPUT, describe: 'Write the report as a page for a browser, and print where it is' },
  open: { ...flag, group: OUTPUT, describe: 'The same, and open it where there is a screen (never as root)' },
} as const satisfies Record<string, Options>;

export const DRY_RUN_FLAG = {
  'dry-run': { ...flag, alias: 'n', group: CONDUCT, describe: 'Look and show the plan, change nothing (= plan)' },
} as const satisfies Record<string, Options>;

export const EXIT_CODE_FLAG = {
  'exit-code': { ...flag, group: OUTPUT, describe: 'Exit with 20 when there is something to do' },
} as const satisfies Record<string, Options>;

export const FOLLOW_FLAG = {
  follow: {
    ...flag,
    alias: 'f',
    group: CONDUCT,
    describe: 'Keep the copy within seconds of the old machine until told to end',
  },
} as const satisfies Record<string, Options>;

export const AFTER_COMMIT_FLAG = {
  'after-commit': { ...flag, group: CONDUCT, describe: 'Take the move back although the new gateway has run' },
} as const satisfies Record<string, Options>;

type Given<Table extends Record<string, Options>> = Partial<InferredOptionTypes<Table>>;

export type FollowFlag = Given<typeof FOLLOW_FLAG>;
export type ConnectionFlags = Given<typeof CONNECTION_FLAGS>;
export type GatewayFlags = Given<typeof GATEWAY_FLAGS>;
export type SettingsFlags = Given<typeof SETTINGS_FLAGS>;
export type LimitFlags = Given<typeof LIMIT_FLAGS>;
export type CutoverFlags = Given<typeof CUTOVER_FLAGS>;
export type DrainFlags = Given<typeof DRAIN_FLAGS>;
export type ConsentFlags = Given<typeof CONSENT_FLAGS>;
export type ReportFlags = Given<typeof REPORT_FLAGS>;
export type OutputFlags = Given<typeof OUTPUT_FLAGS>;
