import type { SignalName } from '../core/host.ts';
import type { Master } from './openssh-master.ts';
import { signalCommand } from './quote.ts';
import { within } from './within.ts';

/** So long a signal may be under way. */
const DELIVERY_MS = 10_000;
/** What ssh ends with when it is ssh that failed. */
const SSH_FAILED = 255;

/** Where another line comes from. */
export interface Aside {
  /** Opens one to the same machine, asking nobody. */
  readonly openAside: (signal: AbortSignal) => Promise<Master>;
}

/** To whom a signal goes; null, or what is no process of a command, is nobody. */
interface Delivery extends Aside {
  readonly pid: number | null;
  readonly signal: SignalName;
}

/**
 * Signals the group of a command, by a command of its own: no ssh passes a signal on. A server that lets no further command be
 * started (MaxSessions) counts by the connection, so where this one is full another carries it and goes again. False when
 * the signal did not get there within 10 s; nothing is thrown.
 */
export async function sendSignal(master: Master, delivery: Delivery): Promise<boolean> {
  const { pid } = delivery;
  // 0 and 1 would mean everybody; the number comes from the other side.
  if (pid === null || !Number.isSafeInteger(pid) || pid < 2) return false;
  const { clock } = master;
  const late = (): Error => new Error('too late');
  return within(deliver(master, { ...delivery, pid }), { waitMs: DELIVERY_MS, clock, late }).catch(() => false);
}

async function deliver(
  master: Master,
  { pid, signal, openAside }: Delivery & { readonly pid: number },
): Promise<boolean> {
  const command = signalCommand(pid, signal);
  if (await isCarriedOut(master, command)) return true;
  master.lost.throwIfAborted();
  const aside = await openAside(master.lost);
  try {
    return await isCarriedOut(aside, command);
  } finally {
    await aside.end();
  }
}

/** Also where there was nobody left to be signalled. */
async function isCarriedOut(master: Master, command: string): Promise<boolean> {
  const child = await master.start(command);
  child.stdin.end();
  child.stdout.resume();
  child.stderr.resume();
  const { code } = await child.exit;
  master.sawEnd();
  return code !== null && code !== SSH_FAILED;
}
