import { PROBLEMS, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { inked, marksOf, type Paper } from './paper.ts';
import { labelled } from './wrap.ts';

const LONGEST = 2000;
const NOTHING_CHANGED = 'Nothing, on neither machine.';

/** A Problem that ended something, in four lines: what happened, why, what is changed, what to do next. Pure. */
export function problemLines(problem: Problem, paper: Paper, changed: string = NOTHING_CHANGED): string[] {
  const { columns } = paper;
  const line = (label: string, text: string): string[] => labelled(label, printable(text, LONGEST), columns);
  const mark = marksOf(paper).failed;
  const [first = '', ...more] = line(`${mark} `, problem.message);
  return [
    inked(paper, 'red', first),
    ...more.map((rest) => inked(paper, 'red', rest)),
    ...line('  Why      ', PROBLEMS[problem.code].why),
    ...line('  Changed  ', changed),
    ...line('  Next     ', problem.hint),
  ];
}

/** A Problem in a list: what was seen and what to do. Pure. */
export function listedProblem(problem: Problem, paper: Paper): string[] {
  const { columns } = paper;
  const mark = problem.stops ? marksOf(paper).failed : marksOf(paper).warning;
  const [first = '', ...more] = labelled(`  ${mark} `, printable(problem.message, LONGEST), columns);
  const ink = problem.stops ? 'red' : 'yellow';
  return [
    inked(paper, ink, first),
    ...more.map((rest) => inked(paper, ink, rest)),
    ...labelled('    ', printable(problem.hint, LONGEST), columns),
  ];
}
