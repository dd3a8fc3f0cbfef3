import type { Event } from '../core/event.ts';
import type { Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import type { Listener } from '../run/bus.ts';
import { changedSentence, closingLines, type Closing, type Finished } from './closing.ts';
import { inked, marksOf, paperOf, type Paper } from './paper.ts';
import { obstacleLines, planLines, syncLines } from './plan-screen.ts';
import { listedProblem, problemLines } from './problem-lines.ts';
import { Screen } from './screen.ts';
import { severalLines } from './several-closing.ts';
import { StepTale } from './step-tale.ts';
import type { Surroundings } from './surroundings.ts';
import { wrap } from './wrap.ts';

export interface HumanOptions {
  /** Only problems and the result. */
  readonly quiet: boolean;
  /** Is every check worth a line, also when it found nothing? */
  readonly showsChecks: boolean;
  /** Is stdout taken by something else (NDJSON)? Then Problems are told, and no more. */
  readonly resultIsElsewhere: boolean;
  /** What the plan is to the person: the answer, what has to be read before a question, or an aside to a copy. */
  readonly planIs: 'answer' | 'question' | 'aside';
  /** Takes secrets out of a text. */
  readonly hide: (text: string) => string;
  /** Titles of the steps of a run that an earlier visit began. */
  readonly titlesOf: (run: string) => ReadonlyMap<string, string>;
}

/** Tells a visit to a person: narration on stderr, the result on stdout. */
export class Human {
  readonly #options: HumanOptions;
  readonly #around: Surroundings;
  readonly #narrator: Screen;
  readonly #paper: Paper;
  readonly #tale: StepTale;
  readonly #toldChanges = new Set<string>();
  #finished: Finished | null = null;

  constructor(around: Surroundings, options: HumanOptions) {
    this.#options = options;
    this.#around = around;
    this.#paper = paperOf(around, around.stderr);
    this.#narrator = new Screen(around.stderr, this.#paper.live && !options.quiet);
    this.#tale = new StepTale(this.#paper, options.titlesOf);
  }

  readonly onEvent: Listener = (event) => {
    const lines = this.#linesFor(event);
    if (!this.#options.quiet) this.#tell(lines);
    this.#narrator.live(this.#tale.liveLine(Date.parse(event.ts)));
  };

  /** Called about once a second: the live line goes on counting, and without a terminal a long step gives a sign of life. */
  tick(nowMs: number): void {
    if (!this.#options.quiet && !this.#paper.live) this.#tell(this.#tale.heartbeat(nowMs));
    this.#narrator.live(this.#tale.liveLine(nowMs));
  }

  /** A line of the log, where that is wanted on the screen. */
  aside(line: string): void {
    this.#narrator.lines([line.trimEnd()]);
  }

  /** The first Ctrl-C. */
  interrupted(why: Problem, shielded: boolean): void {
    const what = shielded ? 'Things are being put back already; that goes on to its end.' : 'Coming to a safe end.';
    this.#tell(
      wrap(`${why.message} ${what} Once more ends at once; neo-pull resume goes on from there.`, this.#paper.columns),
    );
  }

  /** While a question stands on the terminal nothing else is drawn. */
  pause(asking: boolean): void {
    this.#narrator.pause(asking);
  }

  /** Takes the live line away. Repeatable. */
  stop(): void {
    this.#narrator.pause(true);
  }

  /** The end of one run of several that one command makes; `close` tells the whole. */
  closeRun(closing: Closing): void {
    if (this.#options.resultIsElsewhere) return;
    this.#answer(closingLines(closing, paperOf(this.#around, this.#around.stdout)));
  }

  /** The end of the visit: its Problem on stderr, the closing block on stdout. */
  close(closing: Omit<Closing, 'finished'>): void {
    const finished = this.#finished;
    if (!finished) return;
    this.stop();
    const { problem } = finished;
    if (problem?.stops === true)
      this.#tell(['', ...problemLines(problem, this.#paper, changedSentence(finished, closing.command))]);
    if (this.#options.resultIsElsewhere) return;
    const paper = paperOf(this.#around, this.#around.stdout);
    if (finished.profiles) this.#answer(severalLines(finished, paper));
    if (!finished.profiles || finished.outcome === 'planned')
      this.#answer(closingLines({ ...closing, finished }, paper));
  }

  #linesFor(event: Event): readonly string[] {
    switch (event.type) {
      case 'notice':
        this.#toldChanges.add(event.message);
        return wrap(printable(event.message), this.#paper.columns);
      case 'check.done':
        return this.#options.showsChecks ? checkLines(event, this.#paper) : [];
      case 'plan.shown':
        return this.#planShown(event);
      case 'plan.revised':
        return event.changes
          .filter((change) => !this.#toldChanges.has(`Since the last look: ${change}`))
          .flatMap((change) => wrap(printable(`Since the last look: ${change}`), this.#paper.columns));
      case 'run.warned':
        return listedProblem(event.problem, this.#paper);
      case 'run.finished':
        this.#finished = event;
        this.#tale.end();
        return [];
      default:
        return this.#tale.hear(event);
    }
  }

  #planShown({ plan, problems }: Extract<Event, { type: 'plan.shown' }>): readonly string[] {
    const { planIs } = this.#options;
    const paper = planIs === 'answer' ? paperOf(this.#around, this.#around.stdout) : this.#paper;
    const stopping = problems.filter(({ stops }) => stops);
    const beyondConsent = stopping.filter(({ code }) => code !== 'live-exists');
    if (beyondConsent.length > 0) return ['', ...obstacleLines(problems, this.#paper)];
    const lines = planIs === 'aside' ? syncLines(plan, paper) : ['', ...planLines(plan, paper)];
    const all = [...lines, ...(planIs === 'aside' ? [] : obstacleLines(stopping, paper)), ''];
    if (planIs !== 'answer') return all;
    this.#answer(all);
    return [];
  }

  #tell(lines: readonly string[]): void {
    this.#narrator.lines(lines.map((line) => this.#options.hide(line)));
  }

  #answer(lines: readonly string[]): void {
    if (lines.length > 0) this.#around.stdout.write(`${lines.map((line) => this.#options.hide(line)).join('\n')}\n`);
  }
}

function checkLines({ title, problems }: Extract<Event, { type: 'check.done' }>, paper: Paper): string[] {
  const { done, failed, warning } = marksOf(paper);
  const worst = problems.some(({ stops }) => stops) ? failed : problems.length > 0 ? warning : done;
  return [inked(paper, 'dim', `  ${worst} ${printable(title)}`)];
}
