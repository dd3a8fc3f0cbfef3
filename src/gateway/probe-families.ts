import type { Subject } from './probe-contract.ts';
import { belongs, isProduct, saysItServes, type Belongs } from './probe-belongs.ts';
import type { LiveLock } from './probe-locks.ts';
import { readEnviron, type Proc } from './probe-processes.ts';

/** Processes of the product that started one another: a gateway is a parent and the serving child, a call of the CLI likewise. */
export interface Family {
  /** The one that was started by something else: it holds what the gateway was started with. */
  readonly top: Proc;
  readonly members: readonly Proc[];
  /** Does it serve, or is it but a call of the CLI, which bears the same title? */
  readonly serves: boolean;
  readonly belongs: Belongs;
}

/** What was seen of the whole machine. */
export interface Sight {
  readonly processes: ReadonlyMap<number, Proc>;
  readonly locks: readonly LiveLock[];
  /** Processes that listen on the gateway's port. */
  readonly portPids: ReadonlySet<number>;
  /** Processes with files of the state dir open. */
  readonly filePids: ReadonlySet<number>;
}

/**
 * Every family of this user, with what it is. It serves when a member holds any gateway's lock or the port, is the service's main
 * process, or says so by title or argv. Whose it is: the lock decides before what the members were started with, for nobody but a
 * gateway holds one; files of the state dir held open and the port decide where all else is silent.
 */
export function findFamilies(subject: Subject, sight: Sight): readonly Family[] {
  const ours = [...sight.processes.values()].filter((proc) => proc.uid === subject.uid && isProduct(proc, subject));
  const byPid = new Map(ours.map((proc) => [proc.pid, proc]));
  const grouped = new Map<Proc, Proc[]>();
  for (const proc of ours) {
    const top = topOf(proc, byPid);
    grouped.set(top, [...(grouped.get(top) ?? []), proc]);
  }
  return [...grouped].map(([top, members]) => familyOf({ top, members }, subject, sight));
}

/** The highest ancestor that is in `among`, or the process itself. */
export function topOf(proc: Proc, among: ReadonlyMap<number, Proc>): Proc {
  let top = proc;
  // A pid may be reused while we look, so the way up is bounded by the number of processes.
  for (let steps = 0; steps < among.size; steps++) {
    const parent = among.get(top.ppid);
    if (!parent) break;
    top = parent;
  }
  return top;
}

function familyOf(found: { top: Proc; members: readonly Proc[] }, subject: Subject, sight: Sight): Family {
  const pids = new Set(found.members.map((proc) => proc.pid));
  const locks = sight.locks.filter((lock) => pids.has(lock.pid));
  const isService = subject.servicePid !== null && pids.has(subject.servicePid);
  const listens = found.members.some((proc) => sight.portPids.has(proc.pid));
  return {
    ...found,
    serves: locks.length > 0 || isService || listens || found.members.some((proc) => saysItServes(proc, subject)),
    belongs: whose(found.members, { subject, sight, locks, isService }),
  };
}

interface Signs {
  readonly subject: Subject;
  readonly sight: Sight;
  readonly locks: readonly LiveLock[];
  readonly isService: boolean;
}

function whose(members: readonly Proc[], { subject, sight, locks, isService }: Signs): Belongs {
  if (isService || locks.some((lock) => lock.isOurs)) return 'ours';
  if (locks.length > 0) return 'other';
  const told = members.map((proc) => belongs(proc, readEnviron(proc.pid), subject));
  if (told.includes('ours')) return 'ours';
  if (told.includes('other')) return 'other';
  const holds = members.some(({ pid }) => sight.portPids.has(pid) || sight.filePids.has(pid));
  return holds ? 'ours' : 'unknown';
}
