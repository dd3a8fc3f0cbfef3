import type { Host } from '../core/host.ts';
import type { ChannelState } from '../core/inventory.ts';
import type { Gateway } from '../core/plan.ts';
import { problemOf } from '../core/problem.ts';
import { askChannels, type Asking } from '../gateway/ask.ts';
import { run } from '../host/run.ts';

/**
 * How the channels of the running old gateway are; null when it cannot be asked without leaving a trace: the CLI's first contact with
 * a gateway writes device files, so only a gateway that has been spoken to before is asked.
 */
export async function channelsBefore(
  host: Host,
  gateway: Gateway,
  asking: Asking,
): Promise<readonly ChannelState[] | null> {
  const { clock, signal } = asking;
  const spokenTo = await run(host, ['test', '-e', `${gateway.stateDir}/identity/device-auth.json`], {
    ...(clock && { clock }),
    ...(signal && { signal }),
  });
  if (spokenTo.code !== 0) return null;
  try {
    return await askChannels(host, gateway, { ...asking, probe: true });
  } catch (error) {
    // A product that is too slow to say is no reason not to move it.
    if (problemOf(error).code === 'command-timeout') return null;
    throw error;
  }
}
