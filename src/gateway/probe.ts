import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { Gateway } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { programInput } from '../host/input.ts';
import { printable } from '../host/printable.ts';
import { run } from '../host/run.ts';
import { foregroundCommand } from './commands.ts';
import { readJsonAnswer } from './json-answer.ts';
import { PROGRAM_TEXT } from './probe-program.generated.ts';
import type { ProbeRequest, Subject } from './probe-contract.ts';
import { lockFile, portsBeside, productNames } from './product.ts';

/** Who waits, and until when. `World` is one. */
export interface Waiting {
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

const reply = z.union([
  z.object({ ok: z.literal(true), answer: z.unknown() }),
  z.object({ ok: z.literal(false), message: z.string() }),
]);

/**
 * Runs the probe program on the gateway's machine, by the gateway's own Node, and reads its answer by `shape`; nothing is installed
 * there. Throws `command-failed` where it cannot run or cannot do what was asked, `answer-malformed` where its answer is not one.
 */
export async function probe<T>(
  { host, gateway }: { host: Host; gateway: Gateway },
  request: ProbeRequest,
  { shape, waiting = {} }: { shape: z.ZodType<T>; waiting?: Waiting },
): Promise<T> {
  const words = Buffer.from(JSON.stringify(request)).toString('base64');
  const stdin = programInput({ program: PROGRAM_TEXT, request: words });
  // NODE_OPTIONS of a login shell may name files that are not there, or print.
  const env = { NODE_OPTIONS: '' };
  const { clock, signal } = waiting;
  const options = { stdin, env, ...(clock && { clock }), ...(signal && { signal }) };
  const result = await run(host, [gateway.node, '-'], options);
  if (result.code !== 0) throw notRun(host, gateway, result);
  const parsed = reply.safeParse(readJsonAnswer(result.stdout));
  if (!parsed.success) throw malformed(host, request);
  if (!parsed.data.ok) throw refused(host, request, parsed.data.message);
  const answer = shape.safeParse(parsed.data.answer);
  if (!answer.success) throw malformed(host, request);
  return answer.data;
}

/** What the probe has to know of a gateway. */
export function subjectOf(gateway: Gateway, servicePid: number | null): Subject {
  const { processTitles, envPrefix, stateDirName, legacyStateDirNames } = productNames(gateway.product);
  const { uid, home, profile, stateDir, configPath, port } = gateway;
  return {
    uid,
    home,
    profile,
    stateDir,
    configPath,
    port,
    morePorts: portsBeside(port),
    lockFile: lockFile(gateway),
    titles: processTitles,
    envPrefix,
    stateDirName,
    legacyStateDirNames,
    entry: gateway.argv.at(-1) ?? '',
    foregroundArgv: foregroundCommand(gateway).argv,
    servicePid,
  };
}

function notRun(host: Host, gateway: Gateway, { code, stderr }: { code: number | null; stderr: Buffer }): Error {
  const said = printable(stderr.toString().trim().split('\n').at(-1) ?? '');
  return fail('command-failed', {
    message: `The probe could not run on ${host.label}: ${printable(gateway.node)} ended with ${code ?? 'a signal'}${said && `: ${said}`}`,
    hint: `See whether this works on that machine: ${gateway.node} --version`,
  });
}

function refused(host: Host, { verb }: ProbeRequest, message: string): Error {
  return fail('command-failed', {
    message: `On ${host.label}, the probe could not do its work (${verb}): ${printable(message)}`,
    hint: 'Mend what it names, then try again.',
  });
}

function malformed(host: Host, { verb }: ProbeRequest): Error {
  return fail('answer-malformed', {
    message: `The probe on ${host.label} gave an answer to "${verb}" that cannot be read.`,
    hint: 'Something on that machine stands between us and its Node. Look at what a plain `ssh` command prints there.',
  });
}
