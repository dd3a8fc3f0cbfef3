import type { ProfileEnd } from '../core/event.ts';
import { EXIT } from '../core/exit.ts';
import { printable } from '../host/printable.ts';
import type { Finished } from './closing.ts';
import { inked, marksOf, type Paper } from './paper.ts';
import { labelled } from './wrap.ts';

const WHERE = {
  old: 'runs on the old machine',
  new: 'runs on this machine',
  none: 'runs nowhere',
  mixed: 'runs in both places',
  unknown: 'it is not known where it runs: neo-pull status',
} as const;

/** The very last lines of a command over several profiles: where each of them is, and what came of it. Pure. */
export function severalLines({ profiles = [], running, exitCode }: Finished, paper: Paper): string[] {
  const isGood = exitCode === EXIT.done || exitCode === EXIT.somethingToDo;
  const { done, failed, warning } = marksOf(paper);
  const mark = isGood ? done : exitCode === EXIT.degraded ? warning : failed;
  const ink = isGood ? 'green' : exitCode === EXIT.degraded ? 'yellow' : 'red';
  const where = running === 'mixed' ? 'not all are in the same place' : `all: ${WHERE[running]}`;
  const head = labelled(`${mark} `, `${profiles.length} profiles, ${where}.`, paper.columns);
  return ['', ...head.map((line) => inked(paper, ink, line)), ...profiles.flatMap((end) => lineFor(end, paper))];
}

function lineFor({ profile, run, outcome, running, problem }: ProfileEnd, paper: Paper): string[] {
  const named = run === '' ? '' : ` (run ${run})`;
  const why = problem?.stops ? ` ${problem.message}` : '';
  const text = `${outcome}, ${WHERE[running]}${named}.${why}`;
  return labelled(`  ${printable(profile).padEnd(13)} `, printable(text, 2000), paper.columns);
}
