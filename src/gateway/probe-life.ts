import type { Evidence, LifeAnswer, Subject } from './probe-contract.ts';
import { hasLostArgv, isHelper, realPath, saysItServes, straysOf } from './probe-belongs.ts';
import { findFamilies, type Family, type Sight } from './probe-families.ts';
import { readLocks } from './probe-locks.ts';
import {
  hasProc,
  isOpenForWriting,
  readBootId,
  readCwd,
  readDescriptors,
  readEnviron,
  readProcess,
  readProcesses,
  type Descriptor,
  type Proc,
} from './probe-processes.ts';
import { listenersOn, readListening, type Listener, type Listening } from './probe-sockets.ts';

/** All that was read of the machine, once for every question. */
interface Whole extends Sight {
  readonly descriptors: ReadonlyMap<number, readonly Descriptor[]>;
  readonly listening: readonly Listening[];
}

/** More signs of one kind than this add nothing. */
const MAX_SIGNS = 20;

/** Looks for every sign of life of one gateway on this machine. Read-only; `self` is the probe's own pid. */
export function lookForLife(subject: Subject, self: number): LifeAnswer {
  if (!hasProc()) return NOTHING_KNOWN;
  const processes = readProcesses();
  const listening = readListening();
  const descriptors = new Map([...processes.keys()].map((pid) => [pid, readDescriptors(pid)]));
  const listeners = listenersOn(subject.port, listening, descriptors);
  const files = writtenFiles(subject, { processes, descriptors }, self);
  const locks = readLocks(subject, processes);
  const sight = {
    processes,
    descriptors,
    listening,
    locks,
    portPids: new Set(listeners.flatMap((listener) => listener.pids)),
    filePids: new Set(files.flatMap(({ pid }) => pid ?? [])),
  };
  const families = findFamilies(subject, sight).filter(
    ({ belongs, members }) => belongs === 'ours' || (belongs === 'unknown' && members.some(isStillThere)),
  );
  const port = judgePort(listeners, { subject, sight, families });
  const serving = families.filter((family) => family.serves);
  const helping = families.filter(
    (family) => family.belongs === 'ours' && !family.serves && isHelper(family.top, subject),
  );
  const calls = families.filter(
    (family) => family.belongs === 'ours' && !family.serves && !isHelper(family.top, subject),
  );
  const lockSigns = locks.filter((lock) => lock.isOurs).map(({ pid, file }) => sign('lock', pid, file));
  const signs = [
    lockSigns,
    port.evidence,
    processSigns(serving, 'serves'),
    processSigns(helping, 'was left behind'),
    files,
  ];
  return {
    supported: true,
    bootId: readBootId(),
    alive: lockSigns.length > 0 || port.evidence.length > 0 || serving.length > 0,
    listening: port.evidence.length > 0,
    evidence: signs.flatMap((kind) => kind.slice(0, MAX_SIGNS)),
    portTakenBy: port.takenBy,
    morePortsTaken: subject.morePorts.flatMap((one) => takenFrom(one, { subject, sight, families })),
    process: describe(choose(serving, { subject, sight }), subject),
    calls: calls.flatMap(({ members }) => members.map(({ pid }) => pid)).slice(0, MAX_SIGNS),
  };
}

const NOTHING_KNOWN: LifeAnswer = {
  supported: false,
  bootId: '',
  alive: false,
  listening: false,
  evidence: [],
  portTakenBy: null,
  morePortsTaken: [],
  process: null,
  calls: [],
};

/** A process that ends while we look loses its environment first, and whose it was cannot be told any more. */
function isStillThere({ pid, startTime }: Proc): boolean {
  const now = readProcess(pid);
  return now?.startTime === startTime && now.argv.length > 0;
}

function sign(kind: Evidence['kind'], pid: number | null, detail: string): Evidence {
  return { kind, pid, detail };
}

function processSigns(families: readonly Family[], does: string): Evidence[] {
  return families.flatMap(({ members }) =>
    members.map(({ pid, argv, comm }) =>
      sign('process', pid, `${argv.length === 1 ? (argv[0] ?? comm) : comm} ${does}`),
    ),
  );
}

/** One sign per process of this user that could still write to the state. One that only reads (a pager, a backup) harms nothing. */
function writtenFiles(
  subject: Subject,
  { processes, descriptors }: Pick<Whole, 'processes' | 'descriptors'>,
  self: number,
): Evidence[] {
  const root = realPath(subject.stateDir);
  return [...processes.values()].flatMap(({ pid, uid, comm }) => {
    if (uid !== subject.uid || pid === self) return [];
    const file = descriptors
      .get(pid)
      ?.find(({ fd, target }) => target.startsWith(`${root}/`) && isOpenForWriting(pid, fd));
    return file ? sign('open-file', pid, `${comm} writes ${file.target}`) : [];
  });
}

interface Judged {
  readonly evidence: Evidence[];
  readonly takenBy: LifeAnswer['portTakenBy'];
}

/**
 * Who holds the port. A holder of this user that cannot be seen counts as the gateway, for nothing speaks against it; any other
 * program, and the gateway of another profile, has merely taken the port.
 */
function judgePort(
  listeners: readonly Listener[],
  { subject, sight, families }: { subject: Subject; sight: Sight; families: readonly Family[] },
): Judged {
  const known = new Set(families.flatMap((family) => family.members.map((proc) => proc.pid)));
  for (const lock of sight.locks) if (lock.isOurs) known.add(lock.pid);
  if (subject.servicePid !== null) known.add(subject.servicePid);
  const evidence: Evidence[] = [];
  let takenBy: Judged['takenBy'] = null;
  const portSign = (pid: number | null) => sign('port', pid, `port ${subject.port}`);
  for (const { uid, pids } of listeners) {
    const mine = pids.filter((pid) => known.has(pid));
    if (mine.length > 0) evidence.push(...mine.map(portSign));
    else if (pids.length === 0 && uid === subject.uid) evidence.push(portSign(null));
    else
      takenBy = { pid: pids[0] ?? null, what: sight.processes.get(pids[0] ?? 0)?.comm ?? `a process of user ${uid}` };
  }
  return { evidence: evidence.filter((one, at) => evidence.findIndex(({ pid }) => pid === one.pid) === at), takenBy };
}

/** Who else holds a port that the gateway takes beside its own. */
function takenFrom(
  port: number,
  { subject, sight, families }: { subject: Subject; sight: Whole; families: readonly Family[] },
): LifeAnswer['morePortsTaken'] {
  const listeners = listenersOn(port, sight.listening, sight.descriptors);
  const { takenBy } = judgePort(listeners, { sight, families, subject: { ...subject, port } });
  return takenBy ? [{ port, ...takenBy }] : [];
}

/** The process to signal: only one that is this gateway's beyond doubt. The lock's before the port's before any other that serves. */
function choose(serving: readonly Family[], { subject, sight }: { subject: Subject; sight: Sight }): Chosen | null {
  const lockPid = sight.locks.find((lock) => lock.isOurs)?.pid;
  const certain = serving.filter((family) => family.belongs === 'ours');
  const family = certain.find(({ members }) => members.some(({ pid }) => pid === lockPid)) ?? certain[0];
  const lone = lockPid === undefined ? undefined : sight.processes.get(lockPid);
  if (!family) return lone ? { proc: lone, top: lone } : null;
  const { members, top } = family;
  const proc =
    members.find(({ pid }) => pid === lockPid) ??
    members.find(({ pid }) => sight.portPids.has(pid)) ??
    members.find(({ pid }) => pid === subject.servicePid) ??
    members.find((member) => saysItServes(member, subject)) ??
    top;
  return { proc, top };
}

interface Chosen {
  readonly proc: Proc;
  readonly top: Proc;
}

function describe(chosen: Chosen | null, subject: Subject): LifeAnswer['process'] {
  if (!chosen) return null;
  const { proc, top } = chosen;
  const argv = hasLostArgv(top, subject) ? subject.foregroundArgv : withoutSecrets(top.argv);
  return {
    pid: proc.pid,
    startTime: proc.startTime,
    cwd: readCwd(top.pid) ?? '',
    argv,
    strays: straysOf(proc, readEnviron(proc.pid), subject),
  };
}

/** Values of flags such as `--token` stay on the machine: the whole argv is kept there for the undo. */
function withoutSecrets(argv: readonly string[]): string[] {
  const secret = /^--?[\w-]*(?:token|password|secret|key)/i;
  return argv.map((word, at) => {
    if (secret.test(word) && word.includes('=')) return `${word.slice(0, word.indexOf('='))}=***`;
    const before = argv[at - 1] ?? '';
    return secret.test(before) && !before.includes('=') ? '***' : word;
  });
}
