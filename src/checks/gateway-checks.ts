import { readConfig } from '../core/config-text.ts';
import type { Inventory } from '../core/inventory.ts';
import type { Plan } from '../core/plan.ts';
import { problem, ProblemError, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { includePathsOf } from './includes.ts';
import { pasteable } from '../host/pasteable.ts';
import { wordsOn } from './sayings.ts';
import { STATUS_SOURCE } from './status-word.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';

/** Is the old gateway in a state in which it can be moved, and its config readable? */
export function gatewayChecks(inventory: Inventory, plan: Plan): readonly PureCheck[] {
  return [
    pureCheck('gateway-runs', 'The old gateway is running', () => stopped(inventory)),
    pureCheck('stoppable', 'The old gateway can be stopped for good', () => stoppable(inventory, plan)),
    pureCheck('port-as-said', 'The gateway listens where it is told to', () => port(inventory)),
    pureCheck('one-unit', 'One service alone would start the old gateway', () => otherUnits(inventory)),
    pureCheck('queue', 'No message waits to be sent', () => queued(inventory)),
    pureCheck('config', 'The config can be read, and all that it includes', () => config(inventory)),
  ];
}

function stopped({ gateway }: Inventory): Problem[] {
  if (gateway.service?.active || gateway.process) return [];
  return [
    problem('gateway-stopped', {
      message: `The gateway of ${printable(gateway.stateDir)} is not running on the old machine. After the move it will run on this one.`,
      hint: 'Nothing has to be done if that is as it should be.',
    }),
  ];
}

/** What brings a gateway back must be ours to disable, or it is back while the new one runs. Whether a known keeper may be changed is asked elsewhere. */
function stoppable({ gateway, old }: Inventory, plan: Plan): Problem[] {
  if (plan.old.gateway.supervisor) return [];
  const unit = gateway.process?.systemUnit;
  if (unit !== undefined) {
    return [
      problem('system-unit', {
        message: `The old gateway is run by ${printable(unit)}, a service of the whole machine: ${printable(old.user)} can neither stop nor disable it, and systemd would start it again beside the new one.`,
        hint: `Let its administrator disable it there, and start the gateway by hand: sudo systemctl disable --now ${pasteable(unit)}`,
        detail: { unit },
      }),
    ];
  }
  const { service } = gateway;
  // Without systemd nothing is known of linger, and the unit brings nothing back.
  if (service?.enabled !== true || old.userServices || old.linger === null) return [];
  return [
    problem('unit-unreachable', {
      message: `${printable(service.unit)} is enabled on the old machine, and no user service manager answers for ${printable(old.user)} that could disable it: it would be back with the next login or boot.`,
      hint: `On that machine: sudo loginctl enable-linger ${pasteable(old.user)} (it starts the manager), then try again.`,
      detail: { unit: service.unit },
    }),
  ];
}

/** A unit beside the one that is disabled would bring the old gateway back at the next login, ours included. */
function otherUnits({ gateway: { otherUnits: others = [], service } }: Inventory): Problem[] {
  if (others.length === 0) return [];
  const names = others.map((unit) => printable(unit)).join(', ');
  return [
    problem('second-unit', {
      message: `Beside ${printable(service?.unit ?? '')}, ${names} would start the old gateway as well.`,
      hint: `On the old machine, take it out of the way: systemctl --user disable --now ${others.map(pasteable).join(' ')}`,
      detail: [...others],
    }),
  ];
}

/** A running process is the truth: what says otherwise was changed since it started, and would count after a restart. */
function port({ gateway, provenance = [] }: Inventory): Problem[] {
  const [used, ...all] = wordsOn('port', provenance);
  // The product's own word is that of another process than the one that would be restarted.
  const others = all.filter(({ sources }) => sources.some((source) => source !== STATUS_SOURCE));
  const isRunning = used?.sources.some((source) => source.startsWith('running process')) ?? false;
  if (used === undefined || others.length === 0 || !isRunning || !gateway.process) return [];
  const said = others.map(({ value, sources }) => `${printable(value)} by ${printable(sources.join(' and '))}`);
  return [
    problem('port-differs', {
      message: `The running gateway uses port ${printable(used.value)}, and so will the new one; told is ${said.join(', ')}.`,
      hint: 'If the other one is meant, restart the old gateway first, and look again.',
      detail: others.map(({ value, sources }) => ({ value, sources: [...sources] })),
    }),
  ];
}

function queued({ gateway }: Inventory): Problem[] {
  if (gateway.queued === 0) return [];
  const waiting = gateway.queued === 1 ? '1 message waits' : `${String(gateway.queued)} messages wait`;
  return [
    problem('queue-not-empty', {
      message: `${waiting} in ${printable(gateway.stateDir)}/delivery-queue; the new gateway sends them when it starts.`,
      hint: 'Let the old gateway send them first, or look whether they are still wanted.',
      detail: { queued: gateway.queued },
    }),
  ];
}

/** Reads the config and its parts; every part that is named has to be there, for its paths must be rewritten too. */
function config({ gateway, includes }: Inventory): Problem[] {
  if (gateway.configText === null) return [];
  const parts = [{ path: gateway.configPath, text: gateway.configText }, ...includes];
  const known = new Set(parts.map((part) => part.path));
  return parts.flatMap((part) => {
    const named = includesIn(part);
    if ('problem' in named) return [named.problem];
    return named.includes.filter((file) => !known.has(file)).map((file) => missing(part.path, file));
  });
}

function includesIn(part: { path: string; text: string }): { includes: string[] } | { problem: Problem } {
  try {
    readConfig(part.text, printable(part.path));
    return { includes: includePathsOf(part) };
  } catch (thrown) {
    if (thrown instanceof ProblemError) return { problem: thrown.problem };
    throw thrown;
  }
}

function missing(by: string, file: string): Problem {
  return problem('config-malformed', {
    message: `The config ${printable(by)} includes ${printable(file)}, which is not there or cannot be read on the old machine.`,
    hint: 'Correct the $include there and see that the old gateway starts with it, then try again.',
    detail: { config: by, includes: file },
  });
}
