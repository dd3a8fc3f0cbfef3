import { join } from 'node:path';
import { EXIT } from '../core/exit.ts';
import { listenForSignals, type Interrupt } from '../run/interrupt.ts';
import type { Listener } from '../run/bus.ts';
import type { Tools, Verdict } from '../visits/visit.ts';
import { hasPerson, terminalAsk } from './ask.ts';
import { calledAs } from './called-as.ts';
import type { Closing } from './closing.ts';
import type { ConnectionFlags, ConsentFlags, OutputFlags } from './flags.ts';
import { homeOf } from './home.ts';
import { Human, type HumanOptions } from './human.ts';
import { RunLog, type RunLogOptions } from './log.ts';
import { ndjson } from './ndjson.ts';
import { Notifier } from './notifier.ts';
import { writeReport, type WrittenReport } from './report-files.ts';
import { secondsOf } from './request.ts';
import { RunEnds } from './run-ends.ts';
import { Secrets } from './secrets.ts';
import { titlesIn } from './step-titles.ts';
import type { Surroundings } from './surroundings.ts';
import { hostHere, makeTools } from './tools.ts';

/** A visit, and what is to be known to tell it. */
export interface Performance {
  readonly name: string;
  readonly flags: ConnectionFlags & ConsentFlags & OutputFlags;
  readonly planIs: HumanOptions['planIs'];
  /** Is it another process that acts, and this one that tells of it? That keeps the log, and Ctrl-C ends the telling only. */
  readonly isElsewhere?: boolean;
  readonly visit: (tools: Tools) => Promise<Verdict>;
}

const TICK_MS = 1000;

/**
 * Performs one visit: tells it on the terminal or as NDJSON, logs it, writes the report of its run, and resolves with its exit code.
 * Throws what no verdict can tell: flags that cannot be used, a Journal that cannot be closed.
 */
export async function perform(around: Surroundings, performance: Performance): Promise<number> {
  const { flags, name, visit, isElsewhere = false } = performance;
  const timeout = flags['connect-timeout'];
  const connectTimeoutMs = timeout === undefined ? null : secondsOf('--connect-timeout', timeout, 10);
  const reconnectMs = secondsOf('--reconnect-timeout', flags['reconnect-timeout'], 300);
  const secrets = new Secrets();
  const folderOf = (run: string): string => join(homeOf(around).path, 'runs', run);
  const command = calledAs(name, around.argv);
  const human = humanFor(around, performance, { secrets, folderOf });
  const log = new RunLog({ secrets, folderOf: isElsewhere ? null : folderOf, echo: echoOf(flags.verbose ?? 0, human) });
  const interrupt = listen(around, log, isElsewhere ? null : human);
  const ask = hasPerson(around, flags)
    ? terminalAsk(around, { signal: interrupt.signal, secrets, quiet: (asking) => human.pause(asking) })
    : null;
  const ends = new RunEnds();
  const notifier = isElsewhere
    ? null
    : Notifier.from({
        ...{ here: hostHere(around), env: around.env, pid: process.pid, reconnectMs },
        fault: (error) => log.fault(error, 'systemd could not be told'),
      });
  const listeners = [
    ...(notifier ? [notifier.onEvent] : []),
    ends.onEvent,
    log.onEvent,
    human.onEvent,
    ...(flags.json === true ? [ndjson(around.stdout)] : []),
  ];
  const ticking = setInterval(() => harmless(log, 'the time', () => human.tick(around.clock.now())), TICK_MS).unref();
  try {
    const made = makeTools(around, {
      ...{ command, ask, interrupt, secrets, connectTimeoutMs, reconnectMs },
      yes: flags.yes === true,
      failAt: flags['fail-step'] ?? null,
      listeners: listeners.map(
        (listener): Listener =>
          (event) =>
            harmless(log, event.type, () => listener(event)),
      ),
    });
    const tools = notifier ? { ...made, following: { hear: notifier.hear } } : made;
    const verdict = await visit(tools);
    if (notifier && verdict.running === 'new') await dismissUnit(around);
    for (const finished of ends.before) {
      const end = await written(finished.run);
      harmless(log, 'the end', () => human.closeRun({ ...end, finished }));
    }
    const end = await written(ends.run);
    harmless(log, 'the end', () => human.close(end));
    return verdict.exitCode;
  } finally {
    clearInterval(ticking);
    harmless(log, 'the end', () => human.stop());
    notifier?.stop();
    interrupt.dispose();
    log.close();
  }
  async function written(run: string): Promise<Omit<Closing, 'finished'>> {
    const made = run === '' ? null : await writeReport(folderOf(run), secrets).catch(unwritten);
    return { command, report: made?.report ?? null, reportPath: made?.path ?? null };
  }
  function unwritten(error: unknown): WrittenReport | null {
    log.fault(error, 'the report could not be written');
    return null;
  }
}

/** After a move there is nothing left to follow: at the next boot its unit must not knock at the old machine again. */
async function dismissUnit(around: Surroundings): Promise<void> {
  const unit = around.env['NEO_PULL_UNIT'];
  if (unit === undefined || !/^neo-pull-follow@[\w.-]+\.service$/.test(unit)) return;
  const { disableUnit } = await import('./install-unit.ts');
  await disableUnit(hostHere(around), unit, around.account.uid);
}

function humanFor(
  around: Surroundings,
  { flags, name, planIs }: Performance,
  { secrets, folderOf }: { secrets: Secrets; folderOf: (run: string) => string },
): Human {
  return new Human(around, {
    quiet: flags.quiet === true || flags.json === true,
    resultIsElsewhere: flags.json === true,
    showsChecks: name === 'verify' || (flags.verbose ?? 0) > 0,
    planIs,
    hide: (text) => secrets.hide(text),
    titlesOf: (run) => titlesIn(folderOf(run)),
  });
}

/** `human` is told of the first signal, where there is something to come to a safe end here. */
function listen({ signals, clock, exit, stderr }: Surroundings, log: RunLog, human: Human | null): Interrupt {
  return listenForSignals(signals, {
    clock,
    onFirst: (why, shielded) => harmless(log, 'the signal', () => human?.interrupted(why.problem, shielded)),
    onSecond: (why) => {
      human?.stop();
      stderr.write(
        'Ended at once. See who runs the gateway: neo-pull status. To put everything back: neo-pull rollback\n',
      );
      exit(why.problem.code === 'interrupted' ? EXIT.interrupted : EXIT.terminated);
    },
  });
}

/** Telling must never disturb what is told. */
function harmless(log: RunLog, what: string, tell: () => void): void {
  try {
    tell();
  } catch (error) {
    log.fault(error, `${what} could not be told`);
  }
}

function echoOf(verbose: number, human: Human): RunLogOptions['echo'] {
  if (verbose === 0) return null;
  return { level: verbose > 1 ? 'debug' : 'info', write: (line) => human.aside(line) };
}
