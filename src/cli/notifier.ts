import type { Event } from '../core/event.ts';
import type { Host } from '../core/host.ts';
import type { FollowStatus } from '../core/order.ts';
import { printable } from '../host/printable.ts';
import { run } from '../host/run.ts';
import { phaseWords } from './follow-lines.ts';
import type { Surroundings } from './surroundings.ts';
import { counted, durationText } from './units.ts';

/** What is told of where the following stands is told no more often. */
const STATUS_MS = 10_000;
const SILENT_MS = 10 * 60_000;
const TELL_MS = 10_000;

export interface NotifierOptions {
  readonly here: Host;
  readonly env: Surroundings['env'];
  readonly pid: number;
  /** How long a lost line is tried again, which is silent. */
  readonly reconnectMs: number;
  /** How long the loop may give no sign beside that; ten minutes without it, for what stalls is given up before. */
  readonly silentMs?: number;
  readonly fault: (error: unknown) => void;
}

/**
 * Tells the systemd that started this process as a `Type=notify` unit that it is ready, where it stands, and, as long as its loop turns,
 * that it lives. By `systemd-notify`, one at a time and some of them a minute, for Node has no datagrams over local sockets.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #watchdogMs: number | null;
  readonly #timers: NodeJS.Timeout[] = [];
  #socket: string;
  #words = new Map<'ready' | 'status' | 'alive', string>();
  #isTelling = false;
  #isReady = false;
  #isCuttingOver = false;
  #status = '';
  #told = '';
  #silentMs = 0;

  private constructor(options: NotifierOptions, socket: string) {
    this.#options = options;
    this.#socket = socket;
    this.#watchdogMs = watchdogOf(options);
  }

  /** Null where no systemd waits for it. */
  static from(options: NotifierOptions): Notifier | null {
    const socket = options.env['NOTIFY_SOCKET'] ?? '';
    return socket === '' ? null : new Notifier(options, socket);
  }

  /** Any event is a sign that something turns. */
  readonly onEvent = (event: Event): void => {
    if (event.type !== 'check.done') this.#silentMs = 0;
  };

  /** Hears where the following stands; the first time it is ready. */
  readonly hear = (status: FollowStatus): void => {
    this.#silentMs = 0;
    this.#isCuttingOver = status.phase === 'cutting-over';
    this.#status = statusText(status);
    if (this.#isReady) return;
    this.#isReady = true;
    this.#say('ready', '--ready');
    this.#tellStatus();
    this.#timers.push(setInterval(() => this.#tellStatus(), STATUS_MS).unref());
    const watchdogMs = this.#watchdogMs;
    if (watchdogMs === null) return;
    this.#timers.push(setInterval(() => this.#beat(watchdogMs / 2), watchdogMs / 2).unref());
  };

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #tellStatus(): void {
    if (this.#status === this.#told) return;
    this.#told = this.#status;
    this.#say('status', `--status=${this.#status}`);
  }

  /** The steps of a cutover have ends of their own, and none of them is to be cut off. */
  #beat(everyMs: number): void {
    const { silentMs = SILENT_MS, reconnectMs } = this.#options;
    this.#silentMs += everyMs;
    if (this.#isCuttingOver || this.#silentMs <= silentMs + reconnectMs) this.#say('alive', 'WATCHDOG=1');
  }

  #say(what: 'ready' | 'status' | 'alive', word: string): void {
    this.#words.set(what, word);
    if (!this.#isTelling) void this.#tell();
  }

  async #tell(): Promise<void> {
    this.#isTelling = true;
    const { here, fault } = this.#options;
    while (this.#words.size > 0) {
      const words = [...this.#words.values()];
      this.#words.clear();
      const env = { NOTIFY_SOCKET: this.#socket };
      const said = run(here, ['systemd-notify', ...words], { env, timeoutMs: TELL_MS });
      await said.catch(fault);
    }
    this.#isTelling = false;
  }
}

/** Null where no watchdog waits for this process. */
function watchdogOf({ env, pid }: NotifierOptions): number | null {
  const usec = Number(env['WATCHDOG_USEC'] ?? '');
  const isOurs = (env['WATCHDOG_PID'] ?? String(pid)) === String(pid);
  return isOurs && usec > 0 ? usec / 1000 : null;
}

/** Where the following stands, as one line. Pure. */
export function statusText({ phase, pending, forecast, note }: FollowStatus): string {
  const parts = [
    phaseWords(phase),
    pending === 0 ? 'nothing is known to be missing' : `${counted(pending, 'path')} to come`,
    ...(forecast ? [`a cutover would take about ${durationText(forecast.totalMs)}`] : []),
    ...(note === null ? [] : [note]),
  ];
  return printable(parts.join('; '), 400);
}
