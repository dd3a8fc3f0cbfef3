import type { Plan } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { keep, type Step } from '../core/step.ts';
import { askDoctor } from '../gateway/ask.ts';
import { readDoctor } from '../gateway/doctor.ts';
import { printable } from '../host/printable.ts';

/** The output in the report is cut here: a doctor that says more than this has said enough. */
const REPORT_CHARS = 64 * 1024;

/**
 * The product's own `doctor --non-interactive` on the swapped-in state. Its exit code says little (0 even with problems), so its words
 * are read: transcripts that it misses after a move mean that old paths are left, and that stops.
 */
export function doctor(plan: Plan): Step<null> {
  return {
    id: 'doctor',
    title: "Run the product's doctor",
    touches: 'new',
    before: () => Promise.resolve(null),
    async apply(world) {
      const answer = await askDoctor(world.new, plan.new.gateway, { ...world, timeoutMs: plan.limits.doctorMs });
      const output = answer.text
        .split('\n')
        .map((line) => printable(line))
        .join('\n')
        .slice(0, REPORT_CHARS);
      await world.emit({ type: 'run.doctor', exitCode: answer.code ?? -1, output });
      if (answer.code !== 0) throw failed(answer.code, answer.text);
      const seen = readDoctor(answer.text);
      if (seen.missingTranscripts > 0 || seen.orphans > 0) throw complains(seen.integrity);
    },
    undo: keep('what it wrote goes back with the swap, and staging is marked as touched'),
  };
}

function failed(code: number | null, text: string): Error {
  const last = printable(text.trim().split('\n').at(-1) ?? '');
  return fail('doctor-failed', {
    message: `doctor --non-interactive ended with ${code === null ? 'a signal' : `exit code ${code}`} on this machine: ${last}`,
    hint: 'The whole output is in the report (neo-pull report). Mend what it names on the old machine, then try again.',
  });
}

function complains(integrity: readonly string[]): Error {
  const words = integrity.map((line) => printable(line)).join(' ');
  return fail('doctor-complains', {
    message: `doctor finds session transcripts missing or orphaned after the move: ${words}`,
    hint: 'Please report this with the report of the run (neo-pull report): a path was not rewritten.',
  });
}
