import type { ChannelState } from '../core/inventory.ts';
import type { Host } from '../core/host.ts';
import type { Gateway } from '../core/plan.ts';
import { ProblemError } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { run, type RunResult } from '../host/run.ts';
import * as answers from './answers.ts';
import * as commands from './commands.ts';
import { readJsonAnswer } from './json-answer.ts';
import type { Waiting } from './probe.ts';

/** How long an answer may take. `{ ...world, timeoutMs }` is one. */
export interface Asking extends Waiting {
  /** 120 s without it: the first call on a machine takes half a minute. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 120_000;

/** What a command of the product has done, and what it said. */
export interface Said {
  /** Null when a signal or the time limit ended it. */
  readonly code: number | null;
  /** Its last line, printable: of stderr, or where that is silent of stdout. */
  readonly said: string;
}

/** What a service verb has done. Only a look at the machine tells what is true. */
export interface ServiceSaid extends Said {
  /** Null when it answered in no shape that is known, or not in time. */
  readonly answer: answers.ServiceAnswer | null;
}

/** `2026.2.26`, or null when the product did not tell. Read-only. */
export async function askVersion(host: Host, gateway: Gateway, asking: Asking = {}): Promise<string | null> {
  const { stdout } = await call(host, commands.versionCommand(gateway), asking);
  return answers.readVersion(stdout.toString());
}

/** `gateway status --json`, or null when it did not answer in JSON. Without `probe`, which makes device files, it is read-only. */
export async function askGatewayStatus(
  host: Host,
  gateway: Gateway,
  asking: Asking & { readonly probe?: boolean } = {},
): Promise<answers.GatewayStatus | null> {
  const command = commands.gatewayStatusCommand(gateway, { probe: asking.probe ?? false });
  return answers.readGatewayStatus(await json(host, command, asking));
}

/** `channels status --json`, or null when it did not answer in JSON, as when the gateway is down. Makes device files on first contact. */
export async function askChannels(
  host: Host,
  gateway: Gateway,
  asking: Asking & { readonly probe?: boolean } = {},
): Promise<readonly ChannelState[] | null> {
  const command = commands.channelsCommand(gateway, { probe: asking.probe ?? false });
  return answers.readChannels(await json(host, command, asking));
}

/** Every agent's sessions, as the index on disk lists them; null when it did not answer in JSON. */
export async function askSessions(
  host: Host,
  gateway: Gateway,
  asking: Asking = {},
): Promise<answers.SessionList | null> {
  const all = answers.readSessions(await json(host, commands.sessionsCommand(gateway, { allAgents: true }), asking));
  if (all) return all;
  // A release that does not know the flag ends with a usage error.
  return answers.readSessions(await json(host, commands.sessionsCommand(gateway, { allAgents: false }), asking));
}

/** `agents list --json`, or null when it did not answer in JSON. */
export async function askAgents(
  host: Host,
  gateway: Gateway,
  asking: Asking = {},
): Promise<readonly answers.AgentLine[] | null> {
  return answers.readAgents(await json(host, commands.agentsCommand(gateway), asking));
}

/** `health --json`, or null when the gateway does not serve. Makes device files on first contact. */
export async function askHealth(host: Host, gateway: Gateway, asking: Asking = {}): Promise<answers.Health | null> {
  return answers.readHealth(await json(host, commands.healthCommand(gateway), asking));
}

/** `gateway stop`, with `--force` where this release has it. Never throws for what the product does; look for life afterwards. */
export async function askStop(host: Host, gateway: Gateway, asking: Asking = {}): Promise<ServiceSaid> {
  const help = await patient(host, commands.stopHelpCommand(gateway), asking);
  const force = help !== null && /(^|\s)--force\b/m.test(help.stdout.toString());
  return serviceVerb(host, commands.stopCommand(gateway, { force }), asking);
}

/** `gateway start`. Says ok and does nothing where no service is installed; look for life afterwards. */
export async function askStart(host: Host, gateway: Gateway, asking: Asking = {}): Promise<ServiceSaid> {
  return serviceVerb(host, commands.startCommand(gateway), asking);
}

/** `gateway install --force`: writes the unit anew, enables and starts it. Look for life afterwards. */
export async function askInstall(host: Host, gateway: Gateway, asking: Asking = {}): Promise<ServiceSaid> {
  return serviceVerb(host, commands.installCommand(gateway), asking);
}

/** What doctor printed, raw (for `readDoctor`; not for a terminal), and its exit code, which is 0 even with problems. */
export interface DoctorSaid {
  readonly code: number | null;
  readonly text: string;
}

/** `doctor --non-interactive`. Throws `command-timeout` where it does not come to its end. */
export async function askDoctor(host: Host, gateway: Gateway, asking: Asking = {}): Promise<DoctorSaid> {
  const { code, stdout, stderr } = await call(host, commands.doctorCommand(gateway), asking);
  const text = [stdout.toString(), stderr.toString()].filter((part) => part.trim() !== '').join('\n');
  return { code, text };
}

async function serviceVerb(host: Host, command: commands.Command, asking: Asking): Promise<ServiceSaid> {
  const result = await patient(host, command, asking);
  if (!result) return { code: null, said: 'it did not answer in time', answer: null };
  const answer = answers.readServiceAnswer(readJsonAnswer(result.stdout));
  return { code: result.code, said: answer?.message ?? lastLine(result), answer };
}

/** As `call`, and null where the command was too slow or said too much: its effect is judged by looking, not by listening. */
async function patient(host: Host, command: commands.Command, asking: Asking): Promise<RunResult | null> {
  try {
    return await call(host, command, asking);
  } catch (error) {
    const code = error instanceof ProblemError ? error.problem.code : null;
    if (code === 'command-timeout' || code === 'output-too-large') return null;
    throw error;
  }
}

async function json(host: Host, command: commands.Command, asking: Asking): Promise<unknown> {
  return readJsonAnswer((await call(host, command, asking)).stdout);
}

async function call(host: Host, { argv, env, cwd }: commands.Command, asking: Asking): Promise<RunResult> {
  const { clock, signal, timeoutMs = TIMEOUT_MS } = asking;
  return run(host, argv, { env, cwd, timeoutMs, ...(clock && { clock }), ...(signal && { signal }) });
}

function lastLine({ stdout, stderr }: RunResult): string {
  const text = stderr.toString().trim() || stdout.toString().trim();
  return printable(text.slice(text.lastIndexOf('\n') + 1));
}
