import { readFileSync } from 'node:fs';
import type { EnvironAnswer, ProbeRequest } from './probe-contract.ts';
import { isRunning, splitNul, started } from './probe-keep.ts';

/**
 * The values of some variables of a running gateway. The process that was started counts before the child that serves, whose
 * environment has been added to. Read-only; empty where that process is gone.
 */
export function environOf({ subject, process, names }: ProbeRequest & { verb: 'environ' }): EnvironAnswer {
  const values: Record<string, string> = {};
  const leftOut = new Set<string>();
  if (!isRunning(process)) return { values, leftOut: [] };
  for (const pid of new Set([started(process.pid, subject).pid, process.pid])) {
    for (const pair of splitNul(readFileSync(`/proc/${pid}/environ`))) {
      const text = pair.toString();
      const name = text.slice(0, text.indexOf('='));
      if (!names.includes(name) || Object.hasOwn(values, name) || leftOut.has(name)) continue;
      if (Buffer.from(text).equals(pair)) values[name] = text.slice(name.length + 1);
      else leftOut.add(name);
    }
  }
  return { values, leftOut: [...leftOut] };
}
