import type { Inventory, MachineFacts } from '../core/inventory.ts';
import { problem, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';

/** More than this, and the times of cron jobs, tokens and files tell different stories. */
const MOST_SKEW_MS = 5000;

/** Do the two machines go together? */
export function machineChecks(inventory: Inventory): readonly PureCheck[] {
  return [
    pureCheck('same-machine', 'Old and new are not the same', () => sameMachine(inventory)),
    pureCheck('port-free', 'The port is free on this machine', () => portTaken(inventory)),
    pureCheck('ports-beside', 'So are those for its browser and its canvas', () => besideTaken(inventory)),
    pureCheck('clock', 'The clocks agree', () => clockSkew(inventory)),
    pureCheck('platform', 'Both machines are of one kind', () => kind(inventory)),
    pureCheck('signs-of-life', 'Whether a gateway lives can be seen on both machines', () => platform(inventory)),
    pureCheck('supervisor', 'Something will start the gateway after a reboot', () => supervisor(inventory)),
  ];
}

/**
 * Is it one machine, however it is called? A cloned image has the same machine id but boots for itself, and containers of one
 * image on one kernel share both but not the host name.
 */
export function isSameMachine(a: MachineFacts, b: MachineFacts): boolean {
  return a.machineId === b.machineId && a.bootId === b.bootId && a.hostname === b.hostname;
}

/** Two users on one machine may move from one to the other; one user cannot move into what moves, or beside it. */
function sameMachine({ old, new: here, dirs }: Inventory): Problem[] {
  if (!isSameMachine(old, here)) return [];
  const overlap = dirs.flatMap((from) => dirs.filter((to) => touches(from.old.realPath, to.new.realPath)));
  const [first] = overlap;
  if (!first && old.realHome !== here.realHome) return [];
  const name = printable(here.hostname);
  const message = first
    ? `The old machine is this machine (${name}), and ${printable(first.new.realPath)} would be moved onto itself.`
    : `The old machine is this machine (${name}), and the home ${printable(here.home)} is the same too.`;
  return [
    problem('same-machine', {
      message,
      hint: 'Name the machine that the gateway is to leave. To see which one answers: ssh USER@HOST hostname',
      detail: { hostname: here.hostname, machineId: here.machineId },
    }),
  ];
}

function touches(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

function portTaken({ newPort: { port, takenBy } }: Inventory): Problem[] {
  if (takenBy === null) return [];
  return [
    problem('port-taken', {
      message: `Port ${String(port)} is in use on this machine by ${printable(takenBy)}, and the gateway needs it.`,
      hint: `Stop that program (\`ss -ltnp 'sport = :${String(port)}'\` names it), or change gateway.port in the old config and restart the old gateway.`,
      detail: { port, takenBy },
    }),
  ];
}

function besideTaken({ newPort: { port, beside = [] } }: Inventory): Problem[] {
  if (beside.length === 0) return [];
  const named = beside.map((one) => `${String(one.port)} by ${printable(one.takenBy)}`).join(', ');
  return [
    problem('port-beside-taken', {
      message: `The gateway (port ${String(port)}) takes ports right behind its own for its browser and its canvas, and on this machine some are in use: ${named}.`,
      hint: 'Stop that program, or give the old gateway another gateway.port, 20 or more away, restart it there and try again.',
      detail: { ports: beside.map((one) => one.port) },
    }),
  ];
}

function clockSkew({ old, new: here }: Inventory): Problem[] {
  const skewMs = old.clockSkewMs - here.clockSkewMs;
  if (Math.abs(skewMs) <= MOST_SKEW_MS) return [];
  const seconds = (Math.abs(skewMs) / 1000).toFixed(1);
  return [
    problem('clock-skew', {
      message: `The clock of the old machine is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this one.`,
      hint: 'Let both follow a time server: `timedatectl set-ntp true`.',
      detail: { skewMs },
    }),
  ];
}

function kind({ old, new: here }: Inventory): Problem[] {
  if (old.arch === here.arch && old.platform === here.platform) return [];
  const [was, is] = [old, here].map(({ platform, arch }) => printable(`${platform} ${arch}`));
  return [
    problem('arch-differs', {
      message: `The old machine is ${was ?? ''}, this one ${is ?? ''}: downloaded tools and native modules of plugins will not run here.`,
      hint: 'After the move reinstall plugins and skills that have a node_modules of their own, and the programs in tools/.',
    }),
  ];
}

function platform({ old, new: here }: Inventory): Problem[] {
  const unseen = [
    ...(old.platform === 'linux' ? [] : [`the old machine (${printable(old.platform)})`]),
    ...(here.platform === 'linux' ? [] : [`this machine (${printable(here.platform)})`]),
  ];
  if (unseen.length === 0) return [];
  return [
    problem('platform-unproven', {
      message: `Signs of life are read from /proc, which ${unseen.join(' and ')} does not have.`,
      hint: 'Move between two Linux machines for now; homes and paths of macOS are understood all the same.',
    }),
  ];
}

function supervisor({ gateway, new: here }: Inventory): Problem[] {
  // However the old one runs: where services answer, the new one becomes one of them.
  if (here.userServices ? here.linger !== false : gateway.service === null) return [];
  const user = printable(here.user);
  const message = here.userServices
    ? `On this machine services of ${user} end with the last login and do not start at boot (linger is off).`
    : `The old gateway runs as ${printable(gateway.service?.unit ?? '')}; on this machine no service manager answers for ${user}.`;
  return [
    problem('no-supervisor', {
      message,
      hint: here.userServices
        ? `sudo loginctl enable-linger ${user}`
        : `Enable one (\`sudo loginctl enable-linger ${user}\`, then log in again), or start the gateway by another supervisor after the move.`,
    }),
  ];
}
