import type { Connect } from '../../src/core/plan.ts';
import { systemClock } from '../../src/host/clock.ts';
import { dial } from '../../src/host/dial.ts';
import { LocalHost } from '../../src/host/local.ts';
import type { Tools } from '../../src/visits/visit.ts';
import type { MoverOrder } from './mover-order.ts';
import type { Homes } from './mover.ts';

/** A machine that answers nothing any more is noticed within seconds. */
const PULSE = ['ServerAliveInterval=1', 'ServerAliveCountMax=2'];

/** What a Plan knows of the way to a lab's machine. */
export function wayTo({ user, host, identity, knownHosts }: NonNullable<MoverOrder['ssh']>): Partial<Connect> {
  return { user, host, identities: [identity], knownHosts, options: PULSE };
}

/** Connects over a real SSH connection from this home, as neo-pull does; nobody is asked anything. */
export function dialLab({ home, env }: Homes['new']): Tools['connect'] {
  const here = new LocalHost({ label: 'this machine', env, cwd: home });
  const account = { user: env['USER'] ?? '', uid: process.getuid?.() ?? 0, cwd: home, home, env };
  const patience = { clock: systemClock, reconnectMs: 3000, connectTimeoutMs: 2000 };
  const around = { here, env, node: process.execPath, account, ask: null, ...patience };
  return (to, tell) => {
    const secrets = { hostKeyPin: null, password: null, passphrase: null };
    return dial({ query: to, knownHosts: to.knownHosts, ...secrets }, around, { transport: to.transport, tell });
  };
}
