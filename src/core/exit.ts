/** Exit codes say what state the world is in. */
export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  preflight: 3,
  connect: 4,
  hostKey: 5,
  discovery: 6,
  transfer: 7,
  mismatch: 8,
  cutover: 9,
  unknown: 10,
  locked: 11,
  confirmation: 12,
  halt: 13,
  degraded: 14,
  overBudget: 15,
  mixed: 16,
  somethingToDo: 20,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each exit code says of the world; `running` is who runs the gateway. The documentation is made from this table. */
export const EXIT_MEANING: Readonly<Record<ExitCode, { meaning: string; running: string }>> = {
  0: { meaning: 'done; for a move: moved and verified, or already moved', running: 'for a move: new' },
  1: { meaning: 'internal error (a bug); the journal says where', running: 'as the journal says' },
  2: { meaning: 'usage or config error', running: 'unchanged' },
  3: { meaning: 'pre-flight refused', running: 'old, untouched' },
  4: { meaning: 'cannot connect or authenticate', running: 'old, untouched' },
  5: { meaning: 'host key unknown (non-interactive), changed or revoked', running: 'old, untouched' },
  6: { meaning: 'discovery ambiguous, or the machine is only a remote-mode client', running: 'old, untouched' },
  7: { meaning: 'transfer failed, resumable', running: 'old' },
  8: { meaning: 'verification mismatch before the commit, rolled back', running: 'old' },
  9: { meaning: 'cutover failed, rolled back', running: 'old' },
  10: { meaning: 'roll-back incomplete or unknown: a person must act; the report lists what', running: 'unknown' },
  11: { meaning: 'locked by another run', running: 'unchanged' },
  12: { meaning: 'a confirmation is needed and there is no one to ask', running: 'unchanged' },
  13: { meaning: 'safety halt (source emptied, mass deletion, mount lost)', running: 'old' },
  14: { meaning: 'moved, but degraded (a channel is not connected, a warning stands)', running: 'new' },
  15: { meaning: 'downtime budget exceeded, rolled back', running: 'old' },
  16: {
    meaning: 'of several profiles some are moved and others are not; each is wholly here or wholly there',
    running: 'mixed: the last line of `--json` says which where',
  },
  20: { meaning: '`plan --exit-code`: there is something to do', running: 'old' },
  130: { meaning: 'interrupted, safe state kept', running: 'as the journal says' },
  143: { meaning: 'terminated, safe state kept', running: 'as the journal says' },
};
