import type { FullLab } from './full-lab.ts';
import type { SideName } from './network.ts';

export const UNIT = 'smart-agent-neo-gateway.service';

/** Where the product puts its unit, below a home. */
export const UNIT_FILE = `.config/systemd/user/${UNIT}`;

/** Logs in, waits until all that a login starts was started, and says how the gateway's user unit is then. */
export async function atLogin(lab: FullLab, side: SideName): Promise<{ active: string; enabled: string }> {
  const look = `export XDG_RUNTIME_DIR=/run/user/$(id -u); systemctl --user is-system-running --wait >/dev/null
    systemctl --user is-active ${UNIT}; systemctl --user is-enabled ${UNIT} 2>/dev/null || :`;
  const [active = '', enabled = ''] = (await lab.ssh(side, look)).stdout.split('\n');
  return { active, enabled: enabled || 'not-found' };
}
