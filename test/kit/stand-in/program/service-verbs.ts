import { gatewayToken } from './client.ts';
import { readConfig } from './config.ts';
import { PRODUCT, TITLE } from './names.ts';
import { gatewayPort, unitName } from './paths.ts';
import { hang, json } from './print.ts';
import { enabled, install, systemctl, uninstall } from './systemd.ts';
import { trap } from './settings.ts';

/** What a service verb answers; `exitCode` is not printed. */
interface Verdict {
  readonly exitCode: 0 | 1;
  readonly answer: Record<string, unknown>;
}

function service(isLoaded: boolean) {
  return { label: 'systemd', loaded: isLoaded, loadedText: 'enabled', notLoadedText: 'disabled' };
}

function failed(action: string, error: string): Verdict {
  return { exitCode: 1, answer: { action, ok: false, error } };
}

function done(action: string, result: string, more: Record<string, unknown> = {}): Verdict {
  return { exitCode: 0, answer: { action, ok: true, result, ...more } };
}

function notLoaded(action: string): Verdict {
  const hints = [`${PRODUCT} gateway install`, `${PRODUCT} gateway`, `systemctl --user start ${unitName()}`];
  const more = {
    message: 'Gateway service disabled.',
    ...(action === 'stop' ? {} : { hints }),
    service: service(false),
  };
  return done(action, 'not-loaded', more);
}

async function stop(isForced: boolean): Promise<Verdict> {
  if (trap('stop-hangs')) await hang();
  if (trap('stop-lies')) return notLoaded('stop');
  if (trap('stop-refuses') && !isForced && !process.stdin.isTTY) {
    const error = `This would stop the running ${TITLE} service of this account. Re-run with --force if you mean it.`;
    return failed('stop', error);
  }
  return runVerb('stop', 'stop', 'stopped');
}

function runVerb(action: string, verb: string, result: string): Verdict {
  const { isEnabled, error } = enabled();
  if (error) return failed(action, `Gateway service check failed: Error: ${error}`);
  if (!isEnabled) return notLoaded(action);
  if (action === 'start' && trap('start-does-nothing')) return done(action, result, { service: service(true) });
  const { code } = systemctl(verb, unitName());
  return code === 0
    ? done(action, result, { service: service(true) })
    : failed(action, `Gateway ${action} failed: Error: systemctl ${verb} failed`);
}

function runInstall(flags: InstallFlags): Verdict {
  const { isEnabled, error } = enabled();
  if (trap('install-fails')) return failed('install', 'Gateway install failed: Error: the unit could not be written');
  if (error) return failed('install', `Gateway service check failed: Error: ${error}`);
  if (isEnabled && !flags.isForced) return done('install', 'already-installed', { service: service(true) });
  const config = readConfig();
  const wrong = install(gatewayPort(config, flags.port).port, flags.token ?? gatewayToken(config));
  if (wrong) return failed('install', `Gateway install failed: Error: ${wrong}`);
  return done('install', 'installed', { service: service(true), warnings: [] });
}

function runUninstall(): Verdict {
  const { error } = enabled();
  if (error) return failed('uninstall', `Gateway uninstall failed: Error: ${error}`);
  uninstall();
  return done('uninstall', 'uninstalled', { service: service(false) });
}

export interface InstallFlags {
  readonly isForced: boolean;
  readonly port: number | undefined;
  readonly token: string | undefined;
}

/** Runs `gateway stop|start|restart|install|uninstall`, prints the answer and returns the exit code. */
export async function serviceVerb(verb: string, flags: InstallFlags): Promise<number> {
  const verdicts: Record<string, () => Verdict | Promise<Verdict>> = {
    stop: () => stop(flags.isForced),
    start: () => runVerb('start', 'restart', 'started'),
    restart: () => runVerb('restart', 'restart', 'restarted'),
    install: () => runInstall(flags),
    uninstall: runUninstall,
  };
  const verdict = verdicts[verb];
  if (!verdict) throw new Error(`unknown command 'gateway ${verb}'`);
  const { exitCode, answer } = await verdict();
  json(answer);
  return exitCode;
}
