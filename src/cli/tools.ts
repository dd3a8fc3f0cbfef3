import { userInfo } from 'node:os';
import { surveyIdentity } from '../checks/survey.ts';
import type { Ask } from '../core/ask.ts';
import type { Host } from '../core/host.ts';
import type { Connect } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { LocalHost } from '../host/local.ts';
import { dial, type DialRequest } from '../host/dial.ts';
import type { SshAccount } from '../host/ssh-config.ts';
import type { Listener } from '../run/bus.ts';
import type { Interrupt } from '../run/interrupt.ts';
import { stateHome } from '../run/runs.ts';
import type { Tools } from '../visits/visit.ts';
import { credential, credentialAt } from './credentials.ts';
import { readSecretFile } from './secret-file.ts';
import type { Secrets } from './secrets.ts';
import type { Surroundings } from './surroundings.ts';

/** What one call of neo-pull brings along beside its surroundings. */
export interface ToolParts {
  readonly command: string;
  readonly ask: Ask | null;
  readonly yes: boolean;
  readonly failAt: string | null;
  readonly interrupt: Interrupt;
  readonly listeners: readonly Listener[];
  readonly secrets: Secrets;
  /** Null when it was not given. */
  readonly connectTimeoutMs: number | null;
  readonly reconnectMs: number;
}

/** The Tools of a real call: this machine as it is, the old one over SSH. Touches nothing yet. */
export function makeTools(around: Surroundings, parts: ToolParts): Tools {
  const { account, env, clock, version } = around;
  const here = hostHere(around);
  return {
    version,
    command: parts.command,
    clock,
    stateHome: stateHome({ env, home: account.home, uid: account.uid }),
    here,
    connect: (to, tell) => connectTo(to, { here, around, parts, tell }),
    ask: parts.ask,
    yes: parts.yes,
    failAt: parts.failAt,
    interrupt: parts.interrupt,
    listeners: parts.listeners,
  };
}

/** This machine, as the account that it is. */
export function hostHere({ account, env, clock }: Surroundings): Host {
  return new LocalHost({ label: 'this machine', env: environmentHere({ env, account }), cwd: account.home, clock });
}

const OURS = /^(?:(?:NEO_PULL|SMART_AGENT_NEO|OPENCLAW)_|(?:NOTIFY_SOCKET|WATCHDOG_PID|WATCHDOG_USEC)$)/;

/** Our own variables are ours, and so is what systemd says to this process alone; and a product variable of this shell (a stale token) would beat the config that is moved. */
function environmentHere({ env, account }: Pick<Surroundings, 'env' | 'account'>): Record<string, string> {
  const kept = Object.entries(env).filter(([name, value]) => value !== undefined && !OURS.test(name));
  return { HOME: account.home, ...(Object.fromEntries(kept) as Record<string, string>) };
}

interface Dialling {
  readonly here: Host;
  readonly around: Surroundings;
  readonly parts: ToolParts;
  readonly tell: (message: string) => Promise<void>;
}

async function connectTo(to: Connect, { here, around, parts, tell }: Dialling): Promise<Host> {
  const { clock } = around;
  const { ask, interrupt, connectTimeoutMs, reconnectMs } = parts;
  let firstId: string | null = null;
  const onReconnect = async (fresh: Host): Promise<void> => {
    const { machineId, hostname } = await surveyIdentity(fresh, { clock });
    if (firstId !== null && machineId !== firstId) throw anotherMachine(to.host, hostname);
  };
  const dialling = {
    // ssh -G and a ProxyCommand run where the person is, as those of ssh do.
    here: new LocalHost({ label: here.label, env: environmentHere(around), cwd: around.cwd, clock }),
    ...{ env: environmentHere(around), node: process.execPath, account: sshAccount(around), ask, clock },
    ...{ reconnectMs, connectTimeoutMs, signal: interrupt.signal, onReconnect },
  };
  const host = await dial(await dialRequest(to, around, parts), dialling, { transport: to.transport, tell });
  try {
    firstId = (await surveyIdentity(host, { clock, signal: interrupt.signal })).machineId;
    return host;
  } catch (error) {
    await host.close();
    throw error;
  }
}

async function dialRequest(to: Connect, around: Surroundings, { secrets }: ToolParts): Promise<DialRequest> {
  const secretOf = async (path: string | null, which: 'password' | 'passphrase'): Promise<string | null> => {
    const secret = path === null ? await credential(around, which) : await readSecretFile(path);
    return secret === null ? null : secrets.keep(secret);
  };
  // In no Plan: the next invocation of the unit has its credentials elsewhere.
  const key = to.identities.length === 0 ? credentialAt(around, 'identity') : null;
  return {
    query: key === null ? to : { ...to, identities: [key] },
    knownHosts: to.knownHosts,
    hostKeyPin: to.hostKeyPin,
    password: await secretOf(to.passwordFile, 'password'),
    passphrase: await secretOf(to.passphraseFile, 'passphrase'),
  };
}

/** ssh looks for its files in the home of the account, whatever HOME says. */
function sshAccount({ account, env, cwd }: Surroundings): SshAccount {
  const { user, uid } = account;
  const common = { user, uid, cwd, env };
  try {
    return { ...common, home: userInfo().homedir };
  } catch {
    return { ...common, home: account.home };
  }
}

function anotherMachine(address: string, hostname: string): Error {
  return fail('machine-changed', {
    message: `After the line broke, a machine with another machine id answers at ${address}; it calls itself ${hostname}.`,
    hint: 'Find out which machine answers at that address now, then go on with neo-pull resume.',
  });
}
