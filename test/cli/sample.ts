import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { censusOf, countsOf } from '../../src/core/census.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';
import type { Event, EventBody } from '../../src/core/event.ts';
import type { Plan } from '../../src/core/plan.ts';
import { problem } from '../../src/core/problem.ts';
import { isoTime } from '../../src/core/timestamp.ts';

const COUNTS = countsOf(
  censusOf([
    ['agent', 'main'],
    ['session', 'main: a'],
    ['session', 'main: b'],
    ['cron-job', 'daily'],
  ]),
);

const BEGIN_MS = Date.parse('2026-11-22T14:00:00.000Z');
export const RUN = '20261122-140000-k3f9';

/** Events of one run, told `afterMs` after its beginning each. */
export function told(...moments: readonly (readonly [afterMs: number, body: EventBody])[]): Event[] {
  return moments.map(([afterMs, body], at) => ({
    v: 1,
    seq: at + 1,
    ts: isoTime(BEGIN_MS + afterMs),
    run: RUN,
    ...body,
  }));
}

/** A plan as a real look would give it: a service moves with a workspace of its own, and something is parked. */
export function samplePlan(changes: Partial<Plan> = {}): Plan {
  const gateway = {
    product: 'smart-agent-neo',
    profile: 'default',
    argv: ['/usr/bin/node', '/usr/lib/neo/entry.js'],
    binDir: '/usr/bin',
    node: '/usr/bin/node',
    port: 18789,
    unit: 'smart-agent-neo-gateway.service',
  } as const;
  const machine = {
    platform: 'linux',
    arch: 'x64',
    rsync: { path: '/usr/bin/rsync', version: '3.5.0', capabilities: [] },
    productVersion: '2026.2.26',
  };
  const root = { entries: 1204, bytes: 12_900_000, workspaces: ['workspace'], files: null, filesInPlace: [] };
  return {
    schema: 1,
    key: '0123456789ab',
    run: RUN,
    target: 'olga@old.example',
    oldFolder: '/home/olga/.neo-pull-old',
    connect: {
      user: 'olga',
      host: 'old.example',
      port: 22,
      identities: ['/home/nick/.ssh/id_ed25519'],
      configFile: null,
      jump: null,
      options: [],
      family: null,
      transport: 'auto',
      knownHosts: null,
      hostKeyPin: null,
      passwordFile: null,
      passphraseFile: null,
    },
    asked: {
      product: 'smart-agent-neo',
      profiles: null,
      stateDir: null,
      toStateDir: null,
      workspaces: [],
      gatewayBin: null,
      remoteGatewayBin: null,
      excludes: ['*.iso'],
      replace: false,
      rewriteApprovals: false,
    },
    old: {
      ...machine,
      machineId: 'a',
      hostname: 'oldbox',
      user: 'olga',
      uid: 1000,
      home: '/home/olga',
      gateway: {
        ...gateway,
        home: '/home/olga',
        uid: 1000,
        stateDir: '/home/olga/.smart-agent-neo',
        configPath: '/home/olga/.smart-agent-neo/smart-agent-neo.json',
      },
    },
    new: {
      ...machine,
      machineId: 'b',
      hostname: 'newbox',
      user: 'nick',
      uid: 1001,
      home: '/home/nick',
      gateway: {
        ...gateway,
        home: '/home/nick',
        uid: 1001,
        stateDir: '/home/nick/.smart-agent-neo',
        configPath: '/home/nick/.smart-agent-neo/smart-agent-neo.json',
      },
    },
    ranAs: 'service',
    roots: [
      {
        ...root,
        id: 'state',
        room: 'state',
        oldPath: '/home/olga/.smart-agent-neo',
        livePath: '/home/nick/.smart-agent-neo',
        stagingPath: '/home/nick/.neo-pull/smart-agent-neo-state.staging',
        parkedPath: `/home/nick/.neo-pull/smart-agent-neo-state.parked-${RUN}`,
        liveExists: true,
      },
      {
        ...root,
        id: 'workspace-2',
        room: 'workspace',
        oldPath: '/srv/ws',
        livePath: '/srv/ws',
        stagingPath: '/srv/.neo-pull/ws-workspace-2.staging',
        parkedPath: `/srv/.neo-pull/ws-workspace-2.parked-${RUN}`,
        workspaces: [],
        entries: 20_000,
        bytes: 209_715_200,
        liveExists: false,
      },
    ],
    fates: [],
    mapping: [
      { from: '/home/olga/.smart-agent-neo', to: '/home/nick/.smart-agent-neo' },
      { from: '/home/olga', to: '/home/nick' },
    ],
    excludeVersion: 1,
    excludes: [
      { pattern: '/logs/', reason: 'logs of the old machine', room: 'state' },
      { pattern: '*.iso', reason: 'asked for', room: 'any' },
    ],
    configFiles: [{ root: 'state', file: 'smart-agent-neo.json' }],
    configRewrites: {
      count: 1,
      listed: [
        {
          root: 'state',
          file: 'smart-agent-neo.json',
          at: '/agents/defaults/workspace',
          from: '/home/olga/.smart-agent-neo/workspace',
          to: '/home/nick/.smart-agent-neo/workspace',
        },
      ],
    },
    channels: [{ channel: 'telegram', account: 'default', running: true, connected: true }],
    counts: COUNTS,
    limits: {
      stopMs: 60_000,
      startMs: 90_000,
      doctorMs: 120_000,
      soakMs: 30_000,
      channelsMs: 60_000,
      stallMs: 120_000,
      reconnectMs: 300_000,
      bwlimitKiBps: null,
      maxDelete: 100,
    },
    warnings: [
      problem('clock-skew', {
        message: 'The clock of the old machine is 95 s behind.',
        hint: 'On the old machine: timedatectl set-ntp true',
      }),
    ],
    ...changes,
  };
}

/** The journal of a move that went well. */
const DOCTORED = { count: 22, added: ['/home/nick/.smart-agent-neo/settings/a.json'], changed: [], removed: [] };

export function movedJournal(plan = samplePlan()): Event[] {
  return told(
    [0, { type: 'run.started', command: 'pull olga@old.example -p 22', version: '0.1.0', target: 'olga@old.example' }],
    [10, { type: 'plan.made', plan }],
    [20, { type: 'step.before', step: 'seed', title: 'Copy into staging', before: null }],
    [
      4000,
      {
        type: 'run.transferred',
        step: 'seed',
        root: 'state',
        files: 1000,
        bytes: 12_000_000,
        wireBytes: 4_000_000,
        deleted: 0,
      },
    ],
    [
      9000,
      {
        type: 'run.transferred',
        step: 'seed',
        root: 'workspace-2',
        files: 19_000,
        bytes: 200_000_000,
        wireBytes: 90_000_000,
        deleted: 0,
      },
    ],
    [9020, { type: 'step.applied', step: 'seed' }],
    [9030, { type: 'step.before', step: 'claim', title: 'Claim the old machine for this run', before: null }],
    [9040, { type: 'step.applied', step: 'claim' }],
    [9050, { type: 'step.before', step: 'stop-old', title: 'Stop the old gateway', before: null }],
    [9060, { type: 'run.down' }],
    [10_060, { type: 'step.applied', step: 'stop-old' }],
    [10_070, { type: 'step.before', step: 'fence-old', title: 'Keep the old gateway from coming back', before: null }],
    [10_270, { type: 'run.fenced', fence: 'enforced', how: 'the service smart-agent-neo-gateway.service is disabled' }],
    [10_280, { type: 'step.applied', step: 'fence-old' }],
    [10_290, { type: 'step.before', step: 'last-delta', title: 'Copy what changed since', before: null }],
    [
      10_690,
      {
        type: 'run.transferred',
        step: 'last-delta',
        root: 'state',
        files: 3,
        bytes: 4096,
        wireBytes: 2048,
        deleted: 1,
      },
    ],
    [10_700, { type: 'step.applied', step: 'last-delta' }],
    [
      10_710,
      { type: 'step.before', step: 'copy-is-whole', title: 'Compare the copy with the old machine', before: null },
    ],
    [
      11_700,
      {
        type: 'run.verified',
        root: 'state',
        manifest: 'c'.repeat(64),
        entries: 1200,
        bytes: 12_800_000,
        skipped: [{ rule: '/logs/', reason: 'logs of the old machine', entries: 4, bytes: 100_000 }],
      },
    ],
    [11_702, { type: 'run.counted', tree: 'old', counts: COUNTS }],
    [11_703, { type: 'run.counted', tree: 'copy', counts: COUNTS }],
    [11_710, { type: 'step.applied', step: 'copy-is-whole' }],
    [11_720, { type: 'step.before', step: 'reconcile', title: 'Set modes and rewrite the old paths', before: null }],
    [
      11_900,
      {
        type: 'run.reconciled',
        rewrites: [
          {
            root: 'state',
            file: 'smart-agent-neo.json',
            at: '/agents/0/workspace',
            from: '/home/olga/.smart-agent-neo/workspace',
            to: '/home/nick/.smart-agent-neo/workspace',
          },
        ],
        modesChanged: 7,
        modesTightened: ['smart-agent-neo.json'],
      },
    ],
    [11_910, { type: 'step.applied', step: 'reconcile' }],
    [11_920, { type: 'step.before', step: 'swap', title: 'Put the copy in its place', before: null }],
    [11_930, { type: 'step.applied', step: 'swap' }],
    [11_940, { type: 'step.before', step: 'doctor', title: "Run the product's doctor", before: null }],
    [12_400, { type: 'run.doctor', exitCode: 0, output: 'Doctor\n  all well', pass: 2, changes: DOCTORED }],
    [12_410, { type: 'step.applied', step: 'doctor' }],
    [12_420, { type: 'step.before', step: 'commit', title: 'Commit', before: null }],
    [12_430, { type: 'run.committed' }],
    [12_440, { type: 'step.applied', step: 'commit' }],
    [12_450, { type: 'step.before', step: 'start-new', title: 'Start the new gateway', before: null }],
    [14_060, { type: 'run.up', gateway: 'new' }],
    [14_070, { type: 'step.applied', step: 'start-new' }],
    [14_080, { type: 'step.before', step: 'soak', title: 'Watch the new gateway', before: null }],
    [
      44_080,
      {
        type: 'run.checked',
        checklist: [
          { id: 'health', title: 'Says that it is well', ok: true, seen: 'health ok' },
          { id: 'sessions', title: 'Lists every moved session', ok: true, seen: '300 sessions' },
        ],
      },
    ],
    [44_090, { type: 'step.applied', step: 'soak' }],
    [44_100, { type: 'run.finished', outcome: 'moved', running: 'new', exitCode: 0, downtimeMs: 5000, problem: null }],
  );
}

/** What a test may want of its surroundings. */
export interface Streams {
  readonly around: Surroundings;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** Surroundings made of strings: what is printed can be read, and nothing is a terminal unless said so. */
export function surroundings(
  argv: readonly string[],
  {
    env = {},
    columns,
    isTTY = false,
    home = '/nonexistent',
    ...more
  }: Partial<Surroundings> & {
    columns?: number;
    isTTY?: boolean;
    home?: string;
  } = {},
): Streams {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY,
    ...(columns === undefined ? {} : { columns }),
    write: (text: string | Uint8Array) => {
      written[name] += String(text);
      return true;
    },
  });
  return {
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    around: {
      argv,
      env: { LANG: 'C.UTF-8', ...env },
      cwd: '/',
      account: { user: 'nick', uid: process.getuid?.() ?? 0, home },
      stdin: new PassThrough(),
      stdout: stream('stdout'),
      stderr: stream('stderr'),
      signals: new EventEmitter(),
      clock: { now: () => BEGIN_MS, sleep: () => Promise.resolve() },
      version: '0.1.0',
      become: () => {
        throw new Error('nobody else is to be become here');
      },
      exit: () => undefined,
      ...more,
    },
  };
}
