import type { Supervisor } from '../core/plan.ts';
import { printable } from '../host/printable.ts';
import { call, lastWord, pidIn, type Driver, type Order, type Verb } from './driver.ts';

/** The engine ends a container by force when this is over; it must not come to that, for a gateway may be writing. */
const PATIENCE_S = 3600;

const FORMAT = [
  '{{.State.Status}}',
  '{{.State.Pid}}',
  '{{.HostConfig.RestartPolicy.Name}}',
  '{{.HostConfig.RestartPolicy.MaximumRetryCount}}',
].join('|');

const LIVELY = ['running', 'paused', 'restarting', 'removing', 'stopping'];

/** A container of docker or podman. What brings it back is its restart policy, which is put back word for word. */
export function container({ engine, name }: Supervisor & { kind: 'container' }): Driver {
  const says = ({ verb, as }: Pick<Order, 'verb' | 'as'>): readonly string[] => {
    if (verb === 'stop') return ['stop', '-t', String(PATIENCE_S), name];
    if (verb === 'start') return ['start', name];
    return ['update', `--restart=${verb === 'enable' ? (as ?? 'unless-stopped') : 'no'}`, name];
  };
  return {
    async look(place) {
      const shown = await call(place, [engine, 'inspect', '--type', 'container', '--format', FORMAT, name]);
      const [status = '', pid, policy = '', retries] =
        shown?.code === 0 ? shown.stdout.toString().trim().split('|') : [];
      if (status === '') return null;
      const enabledAs = policyOf(policy, retries);
      return {
        unit: name,
        installed: true,
        enabled: enabledAs !== null,
        enabledAs,
        active: LIVELY.includes(status),
        activeState: status === 'running' ? 'active' : printable(status, 40),
        mainPid: pidIn(pid),
      };
    },
    tell: async (order, place) => lastWord(await call(place, [engine, ...says(order)], { timeoutMs: order.timeoutMs })),
    byHand: (verb: Verb) => [engine, ...says({ verb, as: null })].join(' '),
  };
}

function policyOf(name: string, retries: string | undefined): string | null {
  if (!/^(always|unless-stopped|on-failure)$/.test(name)) return null;
  return name === 'on-failure' && pidIn(retries) !== null ? `on-failure:${retries ?? ''}` : name;
}
