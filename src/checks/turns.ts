import { dirname } from 'node:path';
import { stateOf } from '../core/decide.ts';
import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import type { World } from '../core/step.ts';
import { printable } from '../host/printable.ts';
import { runOk } from '../host/run.ts';

// A session is locked while an agent writes to it; the lock names the process, and one that died left it behind.
const LOCKED = `for np_lock in "$1"/agents/*/sessions/*.lock; do
  [ -f "$np_lock" ] || continue
  np_pid=$(head -c 4096 "$np_lock" | tr '\\n' ' ' | sed -n 's/^[^0-9]*"pid"[^0-9]*\\([0-9][0-9]*\\).*/\\1/p; s/^ *\\([0-9][0-9]*\\) *$/\\1/p' | head -n 1)
  if [ -n "$np_pid" ] && kill -0 "$np_pid" 2>/dev/null; then printf '%s\\0' "$np_lock"; fi
done`;
const MAX_BYTES = 256 * 1024;

/**
 * Is an agent on the old machine in the middle of a turn? By the locks of its sessions, each held by a process that lives. Read-only.
 * Null when none is; else a Problem that names them.
 */
export async function runningTurn(plan: Plan, { old, clock, signal }: World): Promise<Problem | null> {
  const argv = ['/bin/sh', '-c', LOCKED, 'np', stateOf(plan.roots).oldPath];
  const { stdout } = await runOk(old, argv, { clock, signal, maxBytes: MAX_BYTES });
  const locks = stdout.toString().split('\0').filter(Boolean);
  if (locks.length === 0) return null;
  const agents = [...new Set(locks.map((lock) => printable(dirname(dirname(lock)).split('/').at(-1) ?? '', 60)))];
  return problem('turn-running', {
    message: `${agents.join(', ')}: an agent is in the middle of a turn on the old machine.`,
    hint: 'Wait for its answer (--drain 5m; while a neo-pull follows, `neo-pull cutover --when-idle 60s`), or cut it off: --force',
    detail: locks.slice(0, 20).map((lock) => printable(lock)),
  });
}
