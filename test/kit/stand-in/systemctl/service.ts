import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DEAD } from './protocol.ts';
import type { Standing } from './protocol.ts';
import { FOLDER, HOME, managerSettings, USER } from './settings.ts';
import { environment, milliseconds, readUnit, value, words } from './units.ts';
import type { Unit } from './units.ts';

const CLEAN_SIGNALS = new Set(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGPIPE']);

function serviceEnvironment(unit: Unit): Record<string, string> {
  const inherited = ['LANG', 'XDG_RUNTIME_DIR'].flatMap((name) => {
    const given = process.env[name];
    return given ? [[name, given] as const] : [];
  });
  const own = { HOME, USER, LOGNAME: USER, SHELL: '/bin/sh', PATH: '/usr/local/bin:/usr/bin:/bin' };
  return { ...own, ...Object.fromEntries(inherited), ...environment(unit) };
}

function conditionMet(unit: Unit): boolean {
  const paths = unit.values.get('Unit.ConditionPathExists') ?? [];
  return paths.every((path) => (path.startsWith('!') ? !existsSync(path.slice(1)) : existsSync(path)));
}

/** One service under supervision: `Restart=`, `RestartSec=`, `KillMode=`, `TimeoutStopSec=` as systemd has them. */
export class Service {
  readonly #name: string;
  #unit: Unit | null = null;
  #child: ChildProcess | null = null;
  #standing: Standing = DEAD;
  #timer: NodeJS.Timeout | null = null;
  #isStopping = false;

  constructor(name: string) {
    this.#name = name;
  }

  standing(): Standing {
    return this.#standing;
  }

  /** Nothing runs and nothing will come back by itself. */
  isIdle(): boolean {
    return this.#child === null && this.#timer === null;
  }

  /** Starts by what the unit file says now; does nothing when it runs. */
  start(): void {
    if (this.#child) return;
    this.#cancelRestart();
    this.#unit = readUnit(this.#name);
    if (!this.#unit) return;
    if (!conditionMet(this.#unit)) {
      this.#standing = { ...DEAD, conditionMet: false };
      return;
    }
    this.#run(this.#unit, 0);
  }

  /** Ends it for good: no restart follows. Resolves when its main process is over. */
  async stop(): Promise<void> {
    this.#cancelRestart();
    const child = this.#child;
    if (!child || !this.#unit) {
      this.#standing = DEAD;
      return;
    }
    this.#isStopping = true;
    const over = new Promise((resolve) => child.once('close', resolve));
    this.#standing = { ...this.#standing, active: 'deactivating', sub: 'stop-sigterm' };
    this.kill('SIGTERM');
    const patienceMs = milliseconds(value(this.#unit, 'Service.TimeoutStopSec') ?? '90') * managerSettings().timeScale;
    const timer = setTimeout(() => {
      this.kill('SIGKILL');
    }, patienceMs);
    await over;
    clearTimeout(timer);
    this.#isStopping = false;
    this.#standing = { ...DEAD, exitStatus: this.#standing.exitStatus, exitCode: this.#standing.exitCode };
  }

  /** Signals the main process, and with it its group unless `KillMode=process`. */
  kill(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    const isAlone = this.#unit !== null && value(this.#unit, 'Service.KillMode') === 'process';
    process.kill(isAlone ? pid : -pid, signal);
  }

  #run(unit: Unit, restarts: number): void {
    const [program = '', ...args] = words(value(unit, 'Service.ExecStart') ?? '');
    mkdirSync(join(FOLDER, 'journal'), { recursive: true });
    const log = openSync(join(FOLDER, 'journal', `${unit.name}.log`), 'a', 0o600);
    const cwd = value(unit, 'Service.WorkingDirectory') ?? HOME;
    const child = spawn(program, args, {
      env: serviceEnvironment(unit),
      cwd,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#standing = { ...DEAD, active: 'active', sub: 'running', mainPid: child.pid ?? 0, restarts };
    child.once('error', () => {
      this.#ended({ code: 203, signal: null });
    });
    child.once('exit', (code, signal) => {
      this.#ended({ code, signal });
    });
  }

  #ended({ code, signal }: { code: number | null; signal: string | null }): void {
    if (!this.#unit) return;
    this.#child = null;
    const isClean = code === 0 || (signal !== null && CLEAN_SIGNALS.has(signal));
    const over = { mainPid: 0, exitStatus: code ?? 15, exitCode: signal === null ? 1 : 2 };
    const policy = value(this.#unit, 'Service.Restart') ?? 'no';
    const comesBack = !this.#isStopping && (policy === 'always' || (policy === 'on-failure' && !isClean));
    if (!comesBack) {
      this.#standing = {
        ...this.#standing,
        ...over,
        active: isClean ? 'inactive' : 'failed',
        sub: isClean ? 'dead' : 'failed',
      };
      return;
    }
    this.#standing = { ...this.#standing, ...over, active: 'activating', sub: 'auto-restart' };
    const waitMs = milliseconds(value(this.#unit, 'Service.RestartSec') ?? '100ms') * managerSettings().timeScale;
    this.#timer = setTimeout(() => {
      this.#restart();
    }, waitMs);
  }

  #restart(): void {
    this.#timer = null;
    const unit = readUnit(this.#name) ?? this.#unit;
    if (unit) this.#run(unit, this.#standing.restarts + 1);
  }

  #cancelRestart(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
