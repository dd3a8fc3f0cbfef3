import { z } from 'zod';
import type { ContainerFacts, KeeperFacts } from '../core/inventory.ts';
import { keeperNames } from './keepers-script.ts';
import type { Kept, Owner } from './keepers-seen.ts';
import { valueOf, type Answer } from './survey-answer.ts';

/** The containers of the product, by what the engines list and show. Pure. */
export function containersSeen(answer: Answer, kept: readonly Kept[], { product }: Owner): KeeperFacts[] {
  const names = keeperNames(product).split(' ');
  return (['docker', 'podman'] as const).flatMap((engine) => {
    const inspected = containersInspected(valueOf(answer, `inspected.${engine}`) ?? '');
    return (valueOf(answer, `containers.${engine}`) ?? '').split('\n').flatMap((line): KeeperFacts[] => {
      const [id = '', name = '', state = '', command = '', mounts = ''] = line.split('\t');
      const pids = kept.filter(({ cgroup }) => id.length >= 12 && cgroup.includes(id)).map(({ pid }) => pid);
      const isNamed = names.some((one) => command.includes(one) || mounts.includes(one));
      if (name === '' || (pids.length === 0 && !isNamed)) return [];
      const shown = inspected.get(id);
      return [
        {
          supervisor: { kind: 'container', engine, name: name.split(',')[0] ?? name },
          what: `the ${engine} container ${name}`,
          active: /^(running|paused|restarting)/i.test(state),
          // As long as nobody has said that nothing brings it back, something may.
          enabled: shown?.isBroughtBack ?? true,
          mayChange: true,
          pids,
          places:
            shown?.inside.mounts.map(({ source }) => source) ?? mounts.split(',').filter((one) => one.startsWith('/')),
          ...(shown && { inside: shown.inside }),
        },
      ];
    });
  });
}

interface Inspected {
  readonly isBroughtBack: boolean;
  readonly inside: ContainerFacts;
}

const mountsShown = z.array(z.object({ Source: z.string().default(''), Destination: z.string() }));

/** By their ids. A line that is none of the engine's is left out. */
function containersInspected(text: string): ReadonlyMap<string, Inspected> {
  const all = new Map<string, Inspected>();
  for (const line of text.split('\n')) {
    const [, id, policy = '', network = '', mounts = ''] = /^(\w+)\|([\w-]*)\|([^|]*)\|(.*)$/.exec(line) ?? [];
    const read = mountsShown.safeParse(parsedJson(mounts));
    if (id === undefined || !read.success) continue;
    const places = read.data.map(({ Source, Destination }) => ({ source: Source, destination: Destination }));
    const inside = { network, mounts: places.filter(({ source }) => source.startsWith('/')) };
    all.set(id, { isBroughtBack: /^(always|unless-stopped|on-failure)$/.test(policy), inside });
  }
  return all;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
