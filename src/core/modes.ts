/** What rsync is told in `--chmod` for every pass; `stagedMode` says what comes of it. */
export const STAGED_CHMOD = 'Du+rwx,u-s,g-s,o-t';

/** The mode that an entry of this mode has in staging: directories can be worked in, and nothing is setuid, setgid or sticky. */
export function stagedMode(mode: number, isDir: boolean): number {
  return (isDir ? mode | 0o700 : mode) & 0o777;
}

/** Where an entry lies decides its mode. `path` is relative to its root, `''` being the root; `workspaces` are those nested in it. */
export interface Placed {
  /** Of the entry on the old machine, `07777`. */
  readonly mode: number;
  readonly type: 'file' | 'dir' | 'symlink';
  readonly path: Buffer;
  readonly room: 'state' | 'workspace';
  readonly workspaces: readonly string[];
}

/**
 * The mode that an entry has when the new gateway starts, from nothing but its mode on the old machine and its place.
 * State is for its owner alone, workspaces keep their modes less writing by others; files are never looser than they were,
 * and directories can always be worked in. The mode of a symlink means nothing and is returned as it is.
 */
export function finalMode(placed: Placed): number {
  const { mode, type } = placed;
  if (type === 'symlink') return mode;
  const kept = mode & (roomOf(placed) === 'state' ? 0o700 : 0o755);
  return type === 'dir' ? kept | 0o700 : kept;
}

/** The room at a path: a workspace nested in a state root is a workspace from its own directory down. */
export function roomOf({
  path,
  room,
  workspaces,
}: Pick<Placed, 'path' | 'room' | 'workspaces'>): 'state' | 'workspace' {
  if (room === 'workspace') return room;
  return workspaces.some((workspace) => workspace !== '' && holds(Buffer.from(workspace), path))
    ? 'workspace'
    : 'state';
}

function holds(directory: Buffer, path: Buffer): boolean {
  const head = path.subarray(0, directory.length);
  return head.equals(directory) && (path.length === directory.length || path[directory.length] === 0x2f);
}
