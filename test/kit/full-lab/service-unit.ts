import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Account } from '../light-lab/disk.ts';

/** The name of the unit as which an administrator has the gateway run. */
export const SYSTEM_UNIT = 'smart-agent-neo-gateway.service';

/** A gateway as an administrator sets it up: a unit of the whole machine that runs it as an account, and is enabled. */
export function writeSystemUnit(upper: string, account: Account, argv: readonly string[]): void {
  const home = `/home/${account.name}`;
  const text = `[Unit]
Description=The gateway of ${account.name}
After=network-online.target

[Service]
User=${account.name}
WorkingDirectory=${home}
Environment=HOME=${home} SMART_AGENT_NEO_SERVICE_MARKER=smart-agent-neo SMART_AGENT_NEO_SERVICE_KIND=gateway
ExecStart=${argv.join(' ')}
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
`;
  const folder = join(upper, 'etc/systemd/system');
  const wanted = join(folder, 'multi-user.target.wants', SYSTEM_UNIT);
  mkdirSync(dirname(wanted), { recursive: true });
  writeFileSync(join(folder, SYSTEM_UNIT), text);
  symlinkSync(`/etc/systemd/system/${SYSTEM_UNIT}`, wanted);
}

/** What is left where a gateway was installed and its user manager is gone: the unit in a home, and the link that enables it. */
export function writeEnabledUnit(home: string, argv: readonly string[]): void {
  const folder = join(home, '.config/systemd/user');
  const wanted = join(folder, 'default.target.wants', SYSTEM_UNIT);
  mkdirSync(dirname(wanted), { recursive: true });
  const text = `[Service]\nExecStart=${argv.join(' ')}\nRestart=always\n\n[Install]\nWantedBy=default.target\n`;
  writeFileSync(join(folder, SYSTEM_UNIT), text);
  symlinkSync(`../${SYSTEM_UNIT}`, wanted);
}
