import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { GatewayFacts } from '../core/inventory.ts';
import { ProblemError } from '../core/problem.ts';
import { askScript } from './ask-script.ts';
import { STATUS_MS } from './ask-status.ts';
import { GATEWAY_SCRIPT } from './gateway-script.ts';
import { gatewaysSeen, placeArgs } from './gateways-seen.ts';
import { isOpen, statusClaim, withStatus, type StatusWord } from './status-word.ts';

/** What is known of the gateways without the product's word, and that. */
interface Said {
  readonly word: StatusWord;
  readonly known: readonly GatewayFacts[];
}

interface Waiting {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** The gateways with the product's own word beside the others; see `withStatus`. Read-only. Throws only what `signal` aborts with. */
export async function weighStatus(host: Host, said: Said, waiting: Waiting): Promise<readonly GatewayFacts[]> {
  const { word, known } = said;
  return withStatus(known, word, isOpen(word, known) ? await lookThere(host, word, waiting) : null);
}

/** What lies where the product says. Whatever goes wrong there is no reason not to move what is known. */
async function lookThere(host: Host, word: StatusWord, { clock, signal }: Waiting): Promise<GatewayFacts | null> {
  const claims = [statusClaim(word)];
  const what = 'Looking where the product says';
  // Without the name of a program none is looked for.
  const args = ['', '', '', '0', ...placeArgs(claims)];
  try {
    const answer = await askScript(host, { what, script: GATEWAY_SCRIPT, args, timeoutMs: STATUS_MS, clock, signal });
    return gatewaysSeen(claims, answer)[0] ?? null;
  } catch (thrown) {
    signal?.throwIfAborted();
    if (thrown instanceof ProblemError) return null;
    throw thrown;
  }
}
