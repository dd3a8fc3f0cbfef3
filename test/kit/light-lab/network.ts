import { execFileSync, spawnSync } from 'node:child_process';

/** The wire between this machine and one lab: a network namespace, a pair of ends, a /30 of its own. */
export interface Wire {
  readonly namespace: string;
  /** Address of the old machine. */
  readonly address: string;
  /** Address of this machine on the wire. */
  readonly ourAddress: string;
  readonly down: () => void;
  readonly up: () => void;
  readonly remove: () => void;
}

/** Runs `ip` and returns what it printed. Throws when it fails. */
export function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/**
 * Makes a network namespace `<prefix><number>` and returns its number, below 16,000. The name is the claim on the number, and with
 * it on all that is named or numbered by it: `ip netns add` fails when it is there.
 */
export function claimNumber(prefix: string): number {
  for (let tries = 0; tries < 200; tries += 1) {
    const number = Math.floor(Math.random() * 16_000);
    if (spawnSync('ip', ['netns', 'add', prefix + String(number)], { stdio: 'ignore' }).status === 0) return number;
  }
  throw new Error('no network namespace could be made: `ip netns add` needs root');
}

/** Lays a wire to a new network namespace. Needs root. */
export function layWire(): Wire {
  const number = claimNumber('np-lab-');
  const namespace = `np-lab-${String(number)}`;
  const end = `npl${String(number)}`;
  const network = `10.213.${String(Math.floor(number / 64))}.`;
  const first = (number % 64) * 4;
  const ourAddress = `${network}${String(first + 1)}`;
  const address = `${network}${String(first + 2)}`;
  const inside = (...args: string[]) => ip('-n', namespace, ...args);
  ip('link', 'add', end, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  ip('addr', 'add', `${ourAddress}/30`, 'dev', end);
  ip('link', 'set', end, 'up');
  inside('addr', 'add', `${address}/30`, 'dev', 'eth0');
  inside('link', 'set', 'lo', 'up');
  inside('link', 'set', 'eth0', 'up');
  // A neighbour that is known for good: without it a cut line would be reported as such, instead of swallowing what is sent.
  const [link] = JSON.parse(inside('-j', 'link', 'show', 'dev', 'eth0')) as { address: string }[];
  ip('neigh', 'replace', address, 'lladdr', link?.address ?? '', 'dev', end, 'nud', 'permanent');
  return {
    namespace,
    address,
    ourAddress,
    down: () => inside('link', 'set', 'eth0', 'down'),
    up: () => inside('link', 'set', 'eth0', 'up'),
    remove: () => {
      spawnSync('ip', ['link', 'delete', end], { stdio: 'ignore' });
      deleteNamespace(namespace);
    },
  };
}

/** Repeatable. */
export function deleteNamespace(namespace: string): void {
  spawnSync('ip', ['netns', 'delete', namespace], { stdio: 'ignore' });
}
