/** Why a path that belongs to the gateway's surroundings does not move, as the end of a sentence. */
export const STAYS = {
  missing: 'it does not exist on the old machine',
  unseen: 'it cannot be looked at there',
  unreadable: 'the account cannot read it',
  home: 'it is a whole home',
  system: 'it is part of the system',
  installation: 'it is part of an installed program, which this machine has of its own',
  program: 'it is a program built for the old machine',
  login: 'it decides who gets into an account, or what starts there',
  log: 'it is a log of the old machine',
  special: 'it is a socket, pipe or device',
  'outside-home': 'it is outside the home of the account',
  'left-out': 'it is left out by a rule',
  'not-ours': 'nothing says that it belongs to the gateway (--workspace moves a directory)',
  variable: 'only the running gateway knows which path that is',
} as const satisfies Record<string, string>;

export type StayReason = keyof typeof STAYS;

/** What becomes of one path that the config names, that a symlink leads to, or that the product itself uses. */
export interface Fate {
  /** On the old machine. */
  readonly path: string;
  /** Where it is named: `smart-agent-neo.json: /channels/telegram/tokenFile`, `symlink /home/al/...`. */
  readonly namedBy: string;
  /** It lies inside a directory that moves, moves for its own sake, or stays. */
  readonly fate: 'with-root' | 'own-root' | 'stays';
  /** The root that it moves with; null when it stays. */
  readonly root: string | null;
  /** Null when it moves. */
  readonly why: StayReason | null;
  /** Of what stays: is there something at the place that it would have on this machine? */
  readonly isHere: boolean | null;
}

/** Why something stays and whether this machine has one, for people. Pure. */
export function whyItStays({ why, isHere }: Pick<Fate, 'why' | 'isHere'>): string {
  const reason = STAYS[why ?? 'unseen'];
  if (isHere === null || why === 'missing' || why === 'variable') return reason;
  return `${reason}; this machine ${isHere ? 'has something there' : 'has nothing there'}`;
}
