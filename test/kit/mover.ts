import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../../src/core/event.ts';
import type { Host } from '../../src/core/host.ts';
import type { Asked, Connect, Limits } from '../../src/core/plan.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import type { Request, Tools } from '../../src/visits/visit.ts';
import type { Side } from './side.ts';

/** What of a lab a move needs to know: plain data, so that it can be handed to another process. */
export type Homes = Readonly<Record<'old' | 'new', Pick<Side, 'home' | 'env' | 'profile'>>>;

/** What a test may want otherwise than usual. */
export interface MoverOptions {
  readonly asked?: Partial<Asked>;
  readonly limits?: Partial<Limits>;
  readonly connect?: Partial<Connect>;
  readonly tools?: Partial<Tools>;
  /** In place of a LocalHost on the old side. */
  readonly old?: (lab: Homes) => Host;
  readonly onEvent?: (event: Event) => void;
}

/** neo-pull as its command line would set it up, between the two sides of a temp lab. */
export interface Mover {
  readonly tools: Tools;
  readonly request: Request;
  /** Everything told, in order. */
  readonly events: Event[];
  readonly stateHome: string;
}

const CONNECT: Connect = {
  user: 'olga',
  host: 'old.example',
  port: 22,
  identities: [],
  configFile: null,
  jump: null,
  options: [],
  family: null,
  transport: 'auto',
  knownHosts: null,
  hostKeyPin: null,
  passwordFile: null,
  passphraseFile: null,
};

const LIMITS: Limits = {
  stopMs: 8000,
  startMs: 15_000,
  doctorMs: 20_000,
  soakMs: 300,
  channelsMs: 5000,
  stallMs: 20_000,
  reconnectMs: 5000,
  bwlimitKiBps: null,
  maxDelete: 0,
};

export function moverFor(lab: Homes, options: MoverOptions = {}): Mover {
  const events: Event[] = [];
  const stateHome = join(lab.new.home, '.local', 'state', 'neo-pull');
  mkdirSync(join(lab.new.home, '.local', 'state'), { recursive: true });
  const here = new LocalHost({ label: 'this machine', env: lab.new.env, cwd: lab.new.home });
  const old = options.old ?? (() => new LocalHost({ label: 'old machine', env: lab.old.env, cwd: lab.old.home }));
  return {
    events,
    stateHome,
    request: {
      target: 'olga@old.example',
      connect: { ...CONNECT, ...options.connect },
      limits: { ...LIMITS, ...options.limits },
      asked: { ...asked(lab), ...options.asked },
    },
    tools: {
      version: '0.0.0-test',
      command: 'pull olga@old.example',
      clock: systemClock,
      stateHome: { path: stateHome, uid: process.getuid?.() ?? 0 },
      here,
      connect: () => Promise.resolve(old(lab)),
      ask: null,
      yes: true,
      interrupt: { signal: new AbortController().signal, shield: () => undefined },
      listeners: [
        (event) => {
          events.push(event);
          options.onEvent?.(event);
        },
      ],
      ...options.tools,
    },
  };
}

function asked(lab: Homes): Asked {
  return {
    product: 'smart-agent-neo',
    profiles: lab.old.profile === 'default' ? null : [lab.old.profile],
    stateDir: null,
    toStateDir: null,
    workspaces: [],
    gatewayBin: null,
    remoteGatewayBin: null,
    excludes: [],
    replace: false,
    rewriteApprovals: false,
  };
}
