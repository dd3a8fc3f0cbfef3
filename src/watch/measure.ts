import { list } from './listing.ts';
import type { RuledRoot } from './ruled-root.ts';

/** Up to so many entries a tree is small. */
export const SMALL_TREE = 1000;

/**
 * Is this few enough for a watch on every file, and does it only have names that can be written as text? Looks at no more entries than
 * a small tree has. Read-only.
 */
export function isSmallAndPlain(roots: readonly RuledRoot[]): boolean {
  let entries = 0;
  for (const root of roots) {
    const waiting = root.isThere ? [''] : [];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      for (const { name, isDir } of listed(root, path)) {
        entries += 1;
        if (entries > SMALL_TREE || !isText(name)) return false;
        const inside = path === '' ? name : `${path}/${name}`;
        if (isDir && root.isEntered(inside)) waiting.push(inside);
      }
    }
  }
  return true;
}

function* listed(root: RuledRoot, path: string): ReturnType<typeof list> {
  try {
    yield* list(root.at(path));
  } catch {
    // Whoever watches it will say that it cannot.
  }
}

/** Is a name, one character per byte, UTF-8? */
export function isText(name: string): boolean {
  return !Buffer.from(name, 'latin1').toString().includes('\ufffd');
}
