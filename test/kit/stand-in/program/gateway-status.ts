import { existsSync } from 'node:fs';
import { callGateway, GatewayClosed } from './client.ts';
import { readConfig } from './config.ts';
import type { Config } from './config.ts';
import { PRODUCT } from './names.ts';
import { configPath, gatewayPort, unitName } from './paths.ts';
import { listenersOn } from './listeners.ts';
import { json } from './print.ts';
import { enabled, serviceCommand, systemctl } from './systemd.ts';

function unitRuntime(error: string | null) {
  if (error) return { status: 'unknown', detail: `Error: ${error}` };
  const { stdout } = systemctl('show', unitName(), '-p', 'ActiveState,SubState,MainPID,ExecMainStatus');
  const shown = new Map(stdout.split('\n').map((line) => line.split('=', 2) as [string, string]));
  const pid = Number(shown.get('MainPID'));
  return {
    status: shown.get('ActiveState') === 'active' ? 'running' : 'stopped',
    state: shown.get('ActiveState'),
    subState: shown.get('SubState'),
    ...(pid ? { pid } : {}),
    lastExitStatus: Number(shown.get('ExecMainStatus') ?? 0),
  };
}

/** The service as `status` and `gateway status` show it: without a bus it is called disabled, whatever it is. */
export function serviceFacts() {
  const { isEnabled, error } = enabled();
  const command = error ? null : serviceCommand();
  return {
    label: 'systemd',
    loaded: isEnabled,
    loadedText: 'enabled',
    notLoadedText: 'disabled',
    command,
    runtime: unitRuntime(error),
  };
}

/** Does the gateway answer its own CLI? `error` is what the product would print. */
export async function reach(config: Config): Promise<{ ok: boolean; error: string | null }> {
  try {
    await callGateway(config, 'health');
    return { ok: true, error: null };
  } catch (error) {
    if (error instanceof GatewayClosed) return { ok: false, error: error.message };
    throw error;
  }
}

/** `gateway status --json`: exit 0 always, but for `--require-rpc` with the gateway down. */
export async function gatewayStatus(flags: { isProbing: boolean; isRpcRequired: boolean }): Promise<number> {
  const config = readConfig();
  const { port, source } = gatewayPort(config);
  const listeners = listenersOn(port);
  const seen = { path: configPath(), exists: existsSync(configPath()), valid: true };
  const url = `ws://127.0.0.1:${String(port)}`;
  const reached = flags.isProbing ? await reach(config) : null;
  const service = serviceFacts();
  json({
    service,
    config: { cli: seen, daemon: seen },
    gateway: {
      bindMode: 'loopback',
      bindHost: '127.0.0.1',
      port,
      portSource: service.command ? 'service args' : source,
      probeUrl: url,
    },
    port: {
      port,
      status: listeners.length > 0 ? 'busy' : 'free',
      listeners,
      hints:
        listeners.length > 0
          ? [`Gateway already running locally. Stop it (${PRODUCT} gateway stop) or use a different port.`]
          : [],
    },
    ...(reached ? { rpc: { ok: reached.ok, ...(reached.error ? { error: reached.error } : {}), url } } : {}),
    extraServices: [],
  });
  return flags.isRpcRequired && !reached?.ok ? 1 : 0;
}
