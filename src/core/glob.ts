/**
 * Exclude patterns as rsync reads them, for the part of its language that neo-pull allows: `*` and `?` within one segment,
 * a leading `/` = at the root, a trailing `/` = directories only, and without a leading `/` the last segments of the path.
 * Names are bytes: text is held as one character per byte (latin1), so `?` is one byte here because it is one byte in rsync.
 */
export interface Glob {
  readonly anchored: boolean;
  readonly directoriesOnly: boolean;
  readonly segments: readonly string[];
}

/** Reads a pattern that `parseExclude` accepts, or one of the exclude table. */
export function compileGlob(pattern: string): Glob {
  return {
    anchored: pattern.startsWith('/'),
    directoriesOnly: pattern.endsWith('/'),
    segments: byteSegments(Buffer.from(pattern)),
  };
}

/** The segments of a relative path, one character per byte; empty segments are left out. */
export function byteSegments(path: Buffer): readonly string[] {
  return path
    .toString('latin1')
    .split('/')
    .filter((segment) => segment !== '');
}

/** Does the pattern name exactly this path? What lies below a matching directory is the caller's business. */
export function globMatches(glob: Glob, path: readonly string[], isDir: boolean): boolean {
  if (glob.directoriesOnly && !isDir) return false;
  const start = path.length - glob.segments.length;
  if (glob.anchored ? start !== 0 : start < 0) return false;
  // Backwards, because the last segment is the one that tells patterns apart.
  for (let at = glob.segments.length - 1; at >= 0; at--) {
    if (!segmentMatches(glob.segments[at] ?? '', path[start + at] ?? '')) return false;
  }
  return true;
}

/** `*` and `?` within one name. Never worse than pattern × name steps, whatever the old machine calls its files. */
export function segmentMatches(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let resumeAt = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      resumeAt = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
