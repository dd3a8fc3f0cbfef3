import { lstatSync } from 'node:fs';
import { posix as path } from 'node:path';
import { auditProblems, countKey, type Audit, type Finding, type FindingKind } from '../core/audit.ts';
import { mapLink, movedOnly } from '../core/mapping.ts';
import { roomOf } from '../core/modes.ts';
import { movedPaths } from '../core/only-files.ts';
import type { Plan, Root } from '../core/plan.ts';
import type { Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { UNMOVABLE, type Entry, type Item } from '../walk/entry.ts';
import { isInside, isOfLogin, isOfSystem } from './verdict.ts';

/** So many of each kind are named; all are counted. */
const LISTED = 200;
const SETID = 0o6000;

/**
 * Judges what was received by what a walk of it sees, name by name: nothing of it may lead out of it but where the plan says so. What
 * is let through by name (`--allow`) is told all the same. Looks at the disk only for a link whose text goes down and up again.
 */
export class Auditor {
  readonly #plan: Plan;
  readonly #allowed: ReadonlySet<string>;
  readonly #findings: Finding[] = [];
  readonly #counts = new Map<string, number>();
  readonly #named: ReadonlySet<string>;
  #open = new Map<string, { readonly entry: Entry; left: number }>();

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#allowed = new Set(plan.asked.allow ?? []);
    this.#named = new Set(plan.fates.map((fate) => fate.path));
  }

  /** Something in the copy of a root. All names of one root come before those of the next. */
  take(root: Root, item: Item): void {
    if (item.type === 'unreadable') return;
    if (item.type === 'skip') {
      const isSpecial = item.reason === UNMOVABLE.device || item.reason === UNMOVABLE.fifo;
      if (isSpecial) this.special(root, printable(item.path, 1000), item.rule);
      return;
    }
    if (printable(item.path, Infinity) !== item.path.toString())
      this.#add(root, item, { kind: 'name-unprintable', what: 'as it is written here', verdict: 'told' });
    if (item.type === 'symlink') this.#link(root, item);
    else if (item.type === 'file' && item.nlink > 1) this.#countName(item);
  }

  /** A device or a pipe in the copy, by its printable path. */
  special(root: Root, shown: string, rule: string): void {
    this.#note({ kind: 'special-received', what: `is a ${rule}`, verdict: 'stops' }, root, shown);
  }

  /** Something on the old machine, of which a copy leaves out rights. */
  takeOld(root: Root, { type, mode, path: name }: Entry): void {
    if (type === 'symlink' || (mode & SETID) === 0) return;
    const what = `had mode ${mode.toString(8)}`;
    this.#note({ kind: 'setid-dropped', what, verdict: 'dropped' }, root, printable(name, 1000));
  }

  /** All of a root was taken: what has a name that was not seen has it elsewhere. */
  end(root: Root): void {
    for (const { entry, left } of this.#open.values()) {
      const what = `has ${entry.nlink} names, of which ${entry.nlink - left} are in the copy`;
      this.#add(root, entry, { kind: 'hard-link-outside', what, verdict: 'stops' });
    }
    this.#open = new Map();
  }

  get audit(): Audit {
    const count = [...this.#counts.values()].reduce((sum, one) => sum + one, 0);
    return { count, findings: this.#findings };
  }

  problems(): Problem[] {
    return auditProblems(this.#findings, this.#counts);
  }

  #countName(entry: Entry): void {
    const open = this.#open.get(entry.ino) ?? { entry, left: entry.nlink };
    open.left -= 1;
    if (open.left === 0) this.#open.delete(entry.ino);
    else this.#open.set(entry.ino, open);
  }

  #link(root: Root, entry: Entry): void {
    const text = (entry.link ?? Buffer.alloc(0)).toString();
    const from = path.dirname(entry.path.toString());
    const { home } = this.#plan.new;
    const what = `leads to ${printable(entry.link ?? '', 500)}`;
    const here = path.resolve(root.livePath, from, text);
    const isKept = !this.#moves(path.resolve(root.oldPath, from, text));
    if (isKept && isOfLogin(here, { home, realHome: home })) {
      this.#add(root, entry, { kind: 'link-into-login', what, verdict: 'stops' });
    } else if (isCrooked(root, from, text)) {
      this.#add(root, entry, { kind: 'link-astray', what, verdict: 'stops' });
    } else if (isKept && !this.#named.has(path.resolve(root.oldPath, from, text))) {
      const verdict = this.#isHarmless(root, entry, here) ? 'told' : 'stops';
      this.#add(root, entry, { kind: 'link-astray', what, verdict });
    }
  }

  /** Does what is there come along, so that the link leads to it here? */
  #moves(target: string): boolean {
    const isIn = this.#plan.roots.some((root) =>
      movedPaths(root).some((at) => target === at || (root.files === null && isInside(target, at))),
    );
    return isIn || mapLink(Buffer.from(target), movedOnly(this.#plan)) !== null;
  }

  /** An agent that makes itself a Python environment links to the system's, where its user cannot write. */
  #isHarmless(root: Root, { path: name }: Entry, here: string): boolean {
    return roomOf({ ...root, path: name }) === 'workspace' && isOfSystem(here) && this.#plan.new.uid !== 0;
  }

  #add(root: Root, { path: name }: Entry, said: Pick<Finding, 'kind' | 'what' | 'verdict'>): void {
    this.#note(said, root, printable(name, 1000));
  }

  #note(said: { kind: FindingKind; what: string; verdict: Finding['verdict'] }, root: Root, shown: string): void {
    const name = `${root.id}/${shown}`;
    const id = `${said.kind}:${name}`;
    const isAllowed = [id, name, `${root.oldPath}/${shown}`].some((one) => this.#allowed.has(one));
    const finding: Finding = {
      id,
      name,
      ...said,
      verdict: said.verdict === 'stops' && isAllowed ? 'allowed' : said.verdict,
    };
    const key = countKey(finding);
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count <= LISTED) this.#findings.push(finding);
  }
}

/**
 * Does a link go up again from something that is itself a link? `d/../x` says nothing of where it leads then, for the system goes up from
 * where `d` leads to.
 */
function isCrooked(root: Root, from: string, text: string): boolean {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  const down = parts.findIndex((part, at) => part !== '..' && parts.slice(at + 1).includes('..'));
  if (down === -1) return false;
  if (text.startsWith('/')) return true;
  const last = parts.lastIndexOf('..');
  return parts.slice(0, last).some((part, at) => {
    if (part === '..') return false;
    const place = path.join(root.stagingPath, path.join(from, ...parts.slice(0, at + 1)));
    try {
      return !lstatSync(place).isDirectory();
    } catch {
      return true;
    }
  });
}
