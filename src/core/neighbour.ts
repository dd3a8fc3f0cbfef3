/** A directory of a gateway that does not move in the same go. */
export interface Neighbour {
  readonly profile: string;
  /** With every symlink resolved. */
  readonly path: string;
  /** Is it the state dir? Others keep their workspaces in that of the default profile, which does not make them its own. */
  readonly isState: boolean;
  /** Does it run, or come up by itself? */
  readonly isInUse: boolean;
}
