/** A part of the world that a step need not restore, and why that is right. */
export interface Spared {
  readonly lines: RegExp;
  readonly why: string;
}

export const MANIFESTS: Spared = {
  lines: /\/runs\/[^/]+\/(?:manifest-|census-)/,
  why: 'facts about the trees, taken anew each time',
};

export const DEATH: Spared = {
  lines: /\/runs\/[^/]+\/old-dead\.json file/,
  why: 'when the old gateway was proven dead, which each try proves anew',
};

export const LOGS: Spared = {
  lines: /\/runs\/[^/]+\/gateway[^/]*\.log file/,
  why: 'what a gateway printed is for people to read',
};

export const OUR_FOLDERS: Spared = {
  lines: /\/runs\/[^/]+\/undo-new dir/,
  why: 'an empty folder of ours in the folder of the run',
};

export const MANAGER_FOLDERS: Spared = {
  lines: /^new\/\.config(?:\/systemd(?:\/user(?:\/default\.target\.wants)?)?)? dir/,
  why: 'folders of the service manager: empty, they mean nothing',
};

export const STAGING: Spared = { lines: /^new\/(?:work\/)?\.neo-pull[ /]/, why: 'staging serves the next try' };

export const DIRTY: Spared = {
  lines: /^new\/\S+\.staging\.dirty file/,
  why: 'says that the next pass is to compare contents, which stays true',
};

export const DOCTORED: Spared = {
  lines: /\/runs\/[^/]+\/doctor-changes\.ndjson file/,
  why: 'what the doctor did is for people to read',
};

export const MARKER: Spared = {
  lines: /^old\/\.neo-pull-old\/default\/MOVED /,
  why: 'the claim takes the whole folder with it',
};

export const KEPT: Spared = {
  lines: /^old\/\.neo-pull-old\/default\/undo[ /]/,
  why: 'the claim takes the whole folder with it',
};

export const ENDED: Spared = {
  lines: /^new runs: |^the port is /,
  why: 'a quiet gateway is not started again on the way back',
};

export const WATCHED: Spared = {
  lines: /^old\/\.neo-pull-old\/default\/dead-man\/\S+ file/,
  why: 'what the switch and we say to each other names processes; the folder goes with the arming',
};

export const EMPTIED: Spared = {
  lines: /^new\/\.neo-pull\/\S+-files-\d+\.(?:staging|kept-\S+) dir/,
  why: 'single files leave the directory that they were staged in, and what is kept of them has one of its own',
};
