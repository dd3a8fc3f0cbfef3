import { existsSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path/posix';
import type { Owner } from './bound-answer.ts';
import { asMembers, listed, membersOf, textOf } from './files.ts';

const LOCKS = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb'];
const REQUIREMENTS = ['requirements.txt', 'pyproject.toml'];

/** Says which package a native file belongs to, and where that is installed anew. Reads the files around it; remembers what it read. */
export class Owners {
  readonly #place: string;
  readonly #distributions = new Map<string, ReadonlyMap<string, string>>();
  readonly #known = new Map<string, boolean>();

  constructor(place: string) {
    this.#place = place;
  }

  /** `file` is relative to the place. */
  ownerOf(file: string): Owner {
    const parts = file.split('/');
    if (parts.includes('node_modules')) return this.#npmModule(parts);
    return this.#python(file, parts) ?? this.#ownBuild(file) ?? programOf(file);
  }

  #npmModule(parts: readonly string[]): Owner {
    const dir = parts.slice(0, parts.indexOf('node_modules')).join('/');
    const at = parts.lastIndexOf('node_modules') + 1;
    const end = at + (parts[at]?.startsWith('@') === true ? 2 : 1);
    const { version, os, cpu } = membersOf(join(this.#place, ...parts.slice(0, end), 'package.json'));
    const name = `${parts.slice(at, end).join('/')}${typeof version === 'string' ? `@${version}` : ''}`;
    return { kind: 'npm', dir, name, from: this.#saidBy(dir), isFixed: os !== undefined || cpu !== undefined };
  }

  #saidBy(dir: string): string | null {
    return [...LOCKS, 'package.json'].find((name) => this.#has(join(dir, name))) ?? null;
  }

  #python(file: string, parts: readonly string[]): Owner | null {
    const packages = parts.findIndex((part) => part === 'site-packages' || part === 'dist-packages') + 1;
    const environment = ancestors(file).find((dir) => this.#has(join(dir, 'pyvenv.cfg')));
    if (environment === undefined && packages === 0) return null;
    const site = packages > 0 ? parts.slice(0, packages).join('/') : this.#siteOf(environment ?? '');
    const name = this.#distribution(site, file) ?? parts[packages > 0 ? packages : parts.length - 1] ?? file;
    const dir = environment ?? site;
    const from = REQUIREMENTS.find((one) => environment !== undefined && this.#has(join(dirname(dir), one))) ?? null;
    return { kind: 'python', dir, name, from, isFixed: environment !== undefined };
  }

  #siteOf(environment: string): string {
    const lib = join(environment, 'lib');
    const version = listed(join(this.#place, lib)).find(({ name }) => name.startsWith('python'))?.name ?? 'python3';
    return join(lib, version, 'site-packages');
  }

  /** By the lists of files that pip keeps beside what it installed. */
  #distribution(site: string, file: string): string | undefined {
    const known = this.#distributions.get(site) ?? new Map(this.#recorded(site));
    this.#distributions.set(site, known);
    return known.get(normalize(file));
  }

  *#recorded(site: string): Generator<[file: string, distribution: string]> {
    for (const { name } of listed(join(this.#place, site))) {
      const [, distribution, version] = /^(.+)-([^-]+)\.dist-info$/.exec(name) ?? [];
      if (distribution === undefined || version === undefined) continue;
      for (const line of textOf(join(this.#place, site, name, 'RECORD')).split('\n')) {
        const path = line.startsWith('"') ? line.slice(1, line.indexOf('"', 1)) : (line.split(',', 1)[0] ?? '');
        if (path !== '') yield [normalize(join(site, path)), `${distribution}==${version}`];
      }
    }
  }

  /** A module of Node that the package around it built for itself. */
  #ownBuild(file: string): Owner | null {
    const dir = file.endsWith('.node')
      ? ancestors(file).find((one) => this.#has(join(one, 'package.json')))
      : undefined;
    if (dir === undefined) return null;
    const { name, version } = asMembers(membersOf(join(this.#place, dir, 'package.json')));
    const said = typeof name === 'string' ? name : basename(dir);
    const own = `${said}${typeof version === 'string' ? `@${version}` : ''}`;
    return { kind: 'npm', dir, name: own, from: this.#saidBy(dir), isFixed: true };
  }

  #has(path: string): boolean {
    const known = this.#known.get(path) ?? existsSync(join(this.#place, path));
    this.#known.set(path, known);
    return known;
  }
}

function programOf(file: string): Owner {
  return { kind: 'program', dir: dirname(file), name: basename(file), from: null, isFixed: true };
}

/** The directories that a file lies in, nearest first, up to the place itself. */
function ancestors(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return [...parts.map((_, at) => parts.slice(0, parts.length - at).join('/')), ''];
}
