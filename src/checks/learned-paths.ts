import { posix as path } from 'node:path';
import type { Host } from '../core/host.ts';
import { isKnown, linkTarget, type NamedPath } from './named-paths.ts';
import { seePaths, type PathFacts, type Waiting } from './see-paths.ts';

/** The paths on the old machine that have to do with a gateway, and what each of them is. Grows while more become known. */
export class LearnedPaths {
  readonly #host: Host;
  readonly #waiting: Waiting;
  readonly #named = new Map<string, NamedPath>();
  readonly #seen = new Map<string, PathFacts>();

  constructor(host: Host, waiting: Waiting) {
    this.#host = host;
    this.#waiting = waiting;
  }

  /** In the order in which they became known. */
  get all(): readonly NamedPath[] {
    return [...this.#named.values()];
  }

  /** Undefined for what cannot be looked at. Pure. */
  factsOf(named: Pick<NamedPath, 'path'>): PathFacts | undefined {
    return this.#seen.get(named.path);
  }

  /** Looks at paths that were not known yet, and at what they lead to when they are symlinks. Read-only. Throws as `seePaths`. */
  async learn(named: readonly NamedPath[]): Promise<void> {
    for (let fresh = this.#unknown(named); fresh.length > 0;) {
      for (const one of fresh) this.#named.set(one.path, one);
      const known = fresh.map((one) => one.path).filter(isKnown);
      for (const [at, facts] of await seePaths(this.#host, known, this.#waiting)) this.#seen.set(at, facts);
      fresh = this.#unknown(fresh.flatMap((one) => this.#behind(one)));
    }
  }

  #unknown(named: readonly NamedPath[]): NamedPath[] {
    const fresh = new Map<string, NamedPath>();
    for (const one of named) if (!this.#named.has(one.path) && !fresh.has(one.path)) fresh.set(one.path, one);
    return [...fresh.values()];
  }

  /** A file that is named moves with the one that its symlink leads to. */
  #behind(one: NamedPath): NamedPath[] {
    const facts = this.#seen.get(one.path);
    if (!facts || facts.link === null || one.as === 'link') return [];
    const target = path.resolve(path.dirname(one.path), facts.link);
    return [{ ...linkTarget({ link: one.path, target }, 'link'), as: facts.kind === 'file' ? 'value' : 'link' }];
  }
}
