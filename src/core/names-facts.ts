/** What of one root the file system here cannot hold, or takes for one name. Names are fit to be shown. */
export interface NamesFacts {
  readonly oldPath: string;
  /** Where it is to come, on this machine. */
  readonly directory: string;
  /** The first groups of paths that would be one. */
  readonly together: readonly (readonly string[])[];
  readonly togetherCount: number;
  /** The first entries that cannot be held, each with what it is. */
  readonly unfit: readonly string[];
  readonly unfitCount: number;
  /** Does every file there have the same mode? */
  readonly lacksModes: boolean;
}
