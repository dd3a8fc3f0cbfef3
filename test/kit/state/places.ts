import { join } from 'node:path';

export interface StateOptions {
  /** The home as its machine names it, such as `/home/olga`: what stands in configs. */
  readonly home: string;
  /** Where that home lies on this disk, when it is not at `home`. */
  readonly at?: string;
  readonly port: number;
  /** Its command, by whose habits all of its names go. Default smart-agent-neo. */
  readonly product?: string;
  readonly profile?: string;
  /** Are the agents' workspaces in the state dir, or in `~/work`? Default inside. */
  readonly workspace?: 'inside' | 'outside';
  /** Are the second agent's own directory and the indexes of sessions outside of the state dir, the latter by names of their own? */
  readonly isApart?: boolean;
  /** Sessions of the main agent besides its main session; the second agent gets a tenth. Default 10. */
  readonly sessions?: number;
  /** Ordinary files in the main workspace's nasty tree; 0 leaves the tree out. Default 0. */
  readonly workspaceFiles?: number;
  /** More for the config: merged over the first level. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A populated state, all paths as its machine names them. */
export interface State {
  readonly home: string;
  readonly stateDir: string;
  readonly configPath: string;
  readonly workspaces: { readonly main: string; readonly ops: string };
  readonly port: number;
  readonly profile: string;
  /** Ids of the sessions of each agent. */
  readonly sessions: { readonly main: readonly string[]; readonly ops: readonly string[] };
  readonly canaries: readonly string[];
}

/** Where the parts of a state lie, as its machine names them. */
export interface Places {
  readonly stateDir: string;
  readonly main: string;
  readonly ops: string;
  readonly product: string;
  /** Of an agent: where its keys are, and its index of sessions. */
  readonly agentDir: (id: string) => string;
  readonly store: (id: string) => string;
}

/** The places that the options ask for. */
export function placesOf(options: StateOptions): Places {
  const { home, product = 'smart-agent-neo', profile = 'default', workspace = 'inside', isApart = false } = options;
  const stateDir = join(home, `.${product}${profile === 'default' ? '' : `-${profile}`}`);
  const root = workspace === 'inside' ? stateDir : join(home, 'work');
  const own = (id: string): string => join(stateDir, 'agents', id);
  return {
    stateDir,
    main: join(root, 'workspace'),
    ops: join(root, 'workspace-ops'),
    product,
    agentDir: (id) => (isApart && id === 'ops' ? join(home, 'agents', id) : join(own(id), 'agent')),
    store: (id) => (isApart ? join(home, 'sessions', id, 'index.json') : join(own(id), 'sessions/sessions.json')),
  };
}
