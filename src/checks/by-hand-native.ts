import { join } from 'node:path/posix';
import type { NativeGroup } from '../census/bound-answer.ts';
import type { ByHand } from '../core/by-hand.ts';
import { excludeMatcher } from '../core/exclude.ts';
import type { Plan } from '../core/plan.ts';
import { pasteable } from '../host/pasteable.ts';
import type { Bound } from './by-hand-names.ts';

/** So many packages of one directory are named. */
const NAMED = 40;

/** What was built for the old machine, by the directory in which it is installed anew; the command of each. Pure. */
export function nativesByHand({ plan, old, here }: Bound): ByHand[] {
  const byDir = new Map<string, { dir: string; found: NativeGroup[] }>();
  for (const group of old.natives) {
    const place = placeOf(group.place, plan);
    if (place === null || isLeftOut(group, place, plan)) continue;
    const dir = join(place.root.livePath, place.inside, group.owner.dir).replace(/\/$/, '');
    const key = `${group.owner.kind}:${dir}`;
    const known = byDir.get(key) ?? { dir, found: [] };
    byDir.set(key, known);
    // A workspace inside of another one is seen twice.
    if (!known.found.some(({ owner }) => owner.name === group.owner.name)) known.found.push(group);
  }
  const items = [...byDir].map(([key, { dir, found }]) => itemOf(key, dir, { found, plan, bound: { old, here } }));
  return old.isWhole ? items : [...items, NOT_WHOLE];
}

const NOT_WHOLE: ByHand = {
  id: 'native:not-whole',
  what: 'programs and libraries that there was no time to look at',
  why: 'The two machines are of different kinds, and there are more files than could be looked at in a minute.',
  command: null,
};

function itemOf(key: string, dir: string, { found, plan, bound }: Found): ByHand {
  const names = found.map(({ owner }) => owner.name).sort();
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  const [first] = found;
  const kind = first?.owner.kind ?? 'program';
  const word = { npm: 'packages of npm', python: 'packages of Python', program: 'programs' }[kind];
  return {
    id: `native:${key}`,
    what: `${word} in ${dir}: ${names.slice(0, NAMED).join(', ')}${more}`,
    why: [...new Set(found.map(({ why }) => whyOf(why, plan, bound)))].join(' '),
    command: kind === 'npm' ? npmCommand(dir, found) : kind === 'python' ? pipCommand(dir, found) : null,
  };
}

interface Found {
  readonly found: readonly NativeGroup[];
  readonly plan: Plan;
  readonly bound: Pick<Bound, 'old' | 'here'>;
}

function whyOf(why: NativeGroup['why'], { old, new: here }: Plan, bound: Pick<Bound, 'old' | 'here'>): string {
  if (why === 'libc') return `Built for ${bound.old.machine.libc ?? ''}; this machine has ${bound.here.libc ?? ''}.`;
  if (why === 'node')
    return `Built for the ABI ${bound.old.machine.abi ?? ''} of the old Node; the one here has ${bound.here.abi ?? ''}.`;
  return `Built for ${old.platform} ${old.arch}; this machine is ${here.platform} ${here.arch}.`;
}

/** Where a lock file says what is to be installed, all of it anew; a package for one kind of machine cannot be built into another. */
function npmCommand(dir: string, found: readonly NativeGroup[]): string | null {
  const into = `cd ${pasteable(dir)} && `;
  const from = found.find(({ owner }) => owner.from !== null)?.owner.from ?? null;
  if (found.every(({ why }) => why === 'node')) return `${into}npm rebuild`;
  if (from === 'package-lock.json' || from === 'npm-shrinkwrap.json') return `${into}npm ci`;
  const anew = `${into}rm -rf node_modules && `;
  if (from === 'pnpm-lock.yaml') return `${anew}pnpm install --frozen-lockfile`;
  if (from === 'yarn.lock') return `${anew}yarn install --frozen-lockfile`;
  if (from !== null && from !== 'package.json') return `${anew}bun install --frozen-lockfile`;
  if (found.every(({ owner }) => !owner.isFixed)) return `${into}npm rebuild`;
  return from === null ? null : `${anew}npm install`;
}

/** An environment is made anew where something says what is in it; else what was built is installed over it. */
function pipCommand(dir: string, found: readonly NativeGroup[]): string {
  const [first] = found;
  const names = found.map(({ owner }) => pasteable(owner.name)).sort();
  if (first?.owner.isFixed !== true)
    return `python3 -m pip install --force-reinstall --no-deps --target ${pasteable(dir)} ${names.join(' ')}`;
  const pip = `${pasteable(`${dir}/bin/python`)} -m pip install`;
  const { from } = first.owner;
  if (from === null)
    return `python3 -m venv --upgrade ${pasteable(dir)} && ${pip} --force-reinstall --no-deps ${names.join(' ')}`;
  const said = from === 'requirements.txt' ? `-r ${pasteable(join(dir, '..', from))}` : pasteable(join(dir, '..'));
  return `python3 -m venv --clear ${pasteable(dir)} && ${pip} ${said}`;
}

interface Place {
  readonly root: Plan['roots'][number];
  readonly inside: string;
}

/** A place is called by its root, and the path in it. */
function placeOf(id: string, { roots }: Plan): Place | null {
  const [name = '', ...inside] = id.split('/');
  const root = roots.find((one) => one.id === name);
  return root ? { root, inside: inside.join('/') } : null;
}

function isLeftOut({ file }: NativeGroup, { root, inside }: Place, { excludes }: Plan): boolean {
  const path = join(inside, file);
  return excludeMatcher(excludes, root.room, root.workspaces)(Buffer.from(path), false) !== null;
}
