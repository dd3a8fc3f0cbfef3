import type { Exit } from '../core/host.ts';

/** As Linux numbers them. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'HUP',
  2: 'INT',
  3: 'QUIT',
  4: 'ILL',
  5: 'TRAP',
  6: 'ABRT',
  7: 'BUS',
  8: 'FPE',
  9: 'KILL',
  10: 'USR1',
  11: 'SEGV',
  12: 'USR2',
  13: 'PIPE',
  14: 'ALRM',
  15: 'TERM',
  24: 'XCPU',
  25: 'XFSZ',
  31: 'SYS',
};

/** The end of a command by a shell's `$?`: 128 (ksh: 256) and its number mean a signal, and what no signal has is an exit code. Pure. */
export function exitOf(status: number): Exit {
  const signal = SIGNALS[status - (status > 256 ? 256 : 128)];
  return status > 128 && signal !== undefined ? { code: null, signal } : { code: status, signal: null };
}
