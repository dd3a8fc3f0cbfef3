import type { Gateway } from '../core/plan.ts';
import { DEFAULT_PROFILE, envName } from './product.ts';

/** A call of the product's CLI as a value: absolute, with all of its environment that matters. */
export interface Command {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/**
 * The environment in which every command of this gateway runs, so that nothing depends on what a login shell or the person's own
 * shell exports: home, state dir, config, profile and port by name, and the product's own bin directory first on PATH (its
 * `#!/usr/bin/env node` would otherwise pick whatever Node the system has).
 */
export function gatewayEnv(gateway: Gateway): Readonly<Record<string, string>> {
  const { product } = gateway;
  return {
    HOME: gateway.home,
    PATH: `${gateway.binDir}:/usr/local/bin:/usr/bin:/bin`,
    [envName(product, 'STATE_DIR')]: gateway.stateDir,
    [envName(product, 'CONFIG_PATH')]: gateway.configPath,
    [envName(product, 'PROFILE')]: gateway.profile,
    [envName(product, 'GATEWAY_PORT')]: String(gateway.port),
    ...(gateway.unit === null ? {} : { [envName(product, 'SYSTEMD_UNIT')]: gateway.unit }),
    NO_COLOR: '1',
    NODE_OPTIONS: '',
  };
}

/** What a gateway is started with so that it says nothing on the identity: no channels, no cron, no mail watcher. */
export function quietEnv(gateway: Gateway): Readonly<Record<string, string>> {
  return {
    [envName(gateway.product, 'SKIP_CHANNELS')]: '1',
    [envName(gateway.product, 'SKIP_CRON')]: '1',
    [envName(gateway.product, 'SKIP_GMAIL_WATCHER')]: '1',
  };
}

/** `--version`. Read-only. */
export function versionCommand(gateway: Gateway): Command {
  return command(gateway, ['--version']);
}

/** `gateway status --json`. With `probe`, it also calls the gateway, which writes device files on first contact. */
export function gatewayStatusCommand(gateway: Gateway, { probe }: { probe: boolean }): Command {
  return command(gateway, ['gateway', 'status', '--json', ...(probe ? [] : ['--no-probe'])]);
}

/** `gateway stop --json`; newer releases want `--force` where there is no terminal. */
export function stopCommand(gateway: Gateway, { force }: { force: boolean }): Command {
  return command(gateway, ['gateway', 'stop', '--json', ...(force ? ['--force'] : [])]);
}

/** `gateway stop --help`: tells which flags this release has. Read-only. */
export function stopHelpCommand(gateway: Gateway): Command {
  return command(gateway, ['gateway', 'stop', '--help']);
}

/** `gateway start --json`: starts an installed service; does nothing, and says ok, without one. */
export function startCommand(gateway: Gateway): Command {
  return command(gateway, ['gateway', 'start', '--json']);
}

/** `gateway install --force --json`: writes the unit anew, enables and starts it. */
export function installCommand(gateway: Gateway): Command {
  return command(gateway, ['gateway', 'install', '--force', '--json', '--port', String(gateway.port)]);
}

/** `doctor --non-interactive`: warns, and changes no transcript. It is never run with `--yes`, which does. */
export function doctorCommand(gateway: Gateway): Command {
  return command(gateway, ['doctor', '--non-interactive']);
}

/** `channels status --json`; `probe` asks the channels themselves. Writes device files on first contact. */
export function channelsCommand(gateway: Gateway, { probe }: { probe: boolean }): Command {
  return command(gateway, ['channels', 'status', '--json', ...(probe ? ['--probe'] : [])]);
}

/** `sessions --json`: reads the index on disk, not the gateway. Releases without `--all-agents` know the default agent's only. */
export function sessionsCommand(gateway: Gateway, { allAgents }: { allAgents: boolean }): Command {
  return command(gateway, ['sessions', '--json', ...(allAgents ? ['--all-agents'] : [])]);
}

/** `agents list --json`. */
export function agentsCommand(gateway: Gateway): Command {
  return command(gateway, ['agents', 'list', '--json']);
}

/** `health --json`: answers only while the gateway does. Writes device files on first contact. */
export function healthCommand(gateway: Gateway): Command {
  return command(gateway, ['health', '--json']);
}

/** The gateway itself, in the foreground. */
export function foregroundCommand(gateway: Gateway): Command {
  return command(gateway, ['gateway', '--port', String(gateway.port)]);
}

// The flag has to come before the subcommand. Home as the directory, for the product reads a `.env` where it is started.
function command(gateway: Gateway, words: readonly string[]): Command {
  const profile = gateway.profile === DEFAULT_PROFILE ? [] : ['--profile', gateway.profile];
  return { argv: [...gateway.argv, ...profile, ...words], env: gatewayEnv(gateway), cwd: gateway.home };
}
