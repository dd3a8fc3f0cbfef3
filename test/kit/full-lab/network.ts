import { claimNumber, deleteNamespace, ip } from '../light-lab/network.ts';

export type SideName = 'old' | 'new';

/** The network of one full lab: a bridge with three ends, all in namespaces of its own, so that labs need not share addresses. */
export interface Network {
  /** Begins the name of all that belongs to this lab. */
  readonly name: string;
  /** Where somebody sits who is on neither machine. */
  readonly desk: string;
  readonly namespaces: Readonly<Record<SideName, string>>;
  /** The old machine's line swallows all that is sent; nothing is refused. */
  readonly cut: () => void;
  readonly heal: () => void;
  readonly remove: () => void;
}

export const ADDRESSES = { desk: '10.214.0.1', old: '10.214.0.2', new: '10.214.0.3' } as const;
const SIDES = ['old', 'new'] as const;

/** Lays the network between a desk and two machines. Needs root. */
export function layNetwork(): Network {
  const name = `np-full-${String(claimNumber('np-full-'))}`;
  const namespaces = { old: `${name}-old`, new: `${name}-new` };
  const atDesk = (...args: string[]) => ip('-n', name, ...args);
  atDesk('link', 'add', 'bridge', 'type', 'bridge');
  atDesk('addr', 'add', `${ADDRESSES.desk}/24`, 'dev', 'bridge');
  for (const link of ['lo', 'bridge']) atDesk('link', 'set', link, 'up');
  for (const side of SIDES) {
    ip('netns', 'add', namespaces[side]);
    atDesk('link', 'add', side, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespaces[side]);
    atDesk('link', 'set', side, 'master', 'bridge', 'up');
    ip('-n', namespaces[side], 'addr', 'add', `${ADDRESSES[side]}/24`, 'dev', 'eth0');
    for (const link of ['lo', 'eth0']) ip('-n', namespaces[side], 'link', 'set', link, 'up');
  }
  knowEachOther([
    [name, 'bridge', ADDRESSES.desk],
    ...SIDES.map((side) => [namespaces[side], 'eth0', ADDRESSES[side]] as const),
  ]);
  return {
    name,
    desk: name,
    namespaces,
    cut: () => atDesk('link', 'set', 'old', 'down'),
    heal: () => atDesk('link', 'set', 'old', 'up'),
    remove: () => {
      for (const namespace of [...Object.values(namespaces), name]) deleteNamespace(namespace);
    },
  };
}

type End = readonly [namespace: string, link: string, address: string];

// Neighbours that are known for good: without it a cut line would be reported as such, instead of swallowing what is sent.
function knowEachOther(ends: readonly End[]): void {
  for (const [namespace, link, address] of ends) {
    const [seen] = JSON.parse(ip('-n', namespace, '-j', 'link', 'show', 'dev', link)) as { address: string }[];
    for (const [other, through] of ends.filter((end) => end[0] !== namespace)) {
      ip('-n', other, 'neigh', 'replace', address, 'lladdr', seen?.address ?? '', 'dev', through, 'nud', 'permanent');
    }
  }
}
