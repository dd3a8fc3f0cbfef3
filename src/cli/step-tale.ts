import { countsText } from '../core/census.ts';
import type { Event } from '../core/event.ts';
import { printable } from '../host/printable.ts';
import { inked, marksOf, type Paper } from './paper.ts';
import { foldProgress, progressLine, type Pass } from './progress.ts';
import { bytesText, counted, durationText } from './units.ts';
import { labelled, shortened, wrap } from './wrap.ts';

const HEARTBEAT_MS = 60_000;
const PLAIN_PROGRESS_MS = 30_000;
/** Shorter than this nobody waited. */
const NOTICEABLE_MS = 100;

/** Steps whose undoing puts something back; the others have nothing to undo, and are not worth a line on the way back. */
export const PUT_BACK: ReadonlySet<string> = new Set([
  'claim',
  'arm-dead-man',
  'stop-old',
  'fence-old',
  'reconcile',
  'stop-new',
  'swap',
  'start-quiet',
  'start-new',
  'rehearse-scratch',
  'rehearse-start-quiet',
]);

interface Current {
  readonly step: string;
  readonly isUndo: boolean;
  readonly sinceMs: number;
}

/** The steps of a visit as a person follows them: what is under way, what it came to, and how long it took. */
export class StepTale {
  readonly #paper: Paper;
  readonly #titlesOf: (run: string) => ReadonlyMap<string, string>;
  #titles = new Map<string, string>();
  #current: Current | null = null;
  #pass: Pass | null = null;
  #notes: string[] = [];
  #isNewRun = false;
  #copied = new Set<string>();
  #downSinceMs: number | null = null;
  #round: (Extract<Event, { type: 'round.done' }> & { readonly atMs: number }) | null = null;
  #lastSignMs = 0;

  constructor(paper: Paper, titlesOf: (run: string) => ReadonlyMap<string, string>) {
    this.#paper = paper;
    this.#titlesOf = titlesOf;
  }

  /** The lines that an event is worth. */
  hear(event: Event): readonly string[] {
    const atMs = Date.parse(event.ts);
    // Who joins a run in its middle has not heard what its steps are called.
    if (this.#titles.size === 0 && event.run !== '') this.#titles = new Map(this.#titlesOf(event.run));
    const lines = this.#linesFor(event, atMs);
    if (lines.length > 0 || this.#current === null) this.#lastSignMs = atMs;
    return lines;
  }

  /** What is under way, in one line that fits; empty when nothing is. */
  liveLine(nowMs: number): string {
    if (!this.#current) return '';
    if (this.#pass) return progressLine(this.#pass, this.#paper);
    const { step, sinceMs, isUndo } = this.#current;
    if (this.#round) return inked(this.#paper, 'cyan', shortened(this.#followed(nowMs), this.#paper.columns - 1));
    const mark = isUndo ? marksOf(this.#paper).undone : marksOf(this.#paper).busy;
    const tookMs = nowMs - sinceMs;
    const took = tookMs >= 1000 ? `  ${durationText(Math.floor(tookMs / 1000) * 1000)}` : '';
    return inked(this.#paper, 'cyan', shortened(`  ${mark} ${this.#title(step)}${took}`, this.#paper.columns - 1));
  }

  /** For where there is no live line: a sign of life when nothing was said for a minute. */
  heartbeat(nowMs: number): readonly string[] {
    if (!this.#current || nowMs - Math.max(this.#lastSignMs, this.#current.sinceMs) < HEARTBEAT_MS) return [];
    this.#lastSignMs = nowMs;
    return [this.liveLine(nowMs)];
  }

  /** Nothing is under way any more. */
  end(): void {
    this.#current = null;
    this.#pass = null;
    this.#round = null;
  }

  #linesFor(event: Event, atMs: number): readonly string[] {
    switch (event.type) {
      case 'run.started':
        this.#titles = new Map(this.#titlesOf(event.run));
        return [inked(this.#paper, 'bold', `Run ${event.run}`)];
      case 'plan.made':
        this.#isNewRun = true;
        return [];
      case 'step.before':
        this.#titles.set(event.step, event.title);
        this.#begin(event.step, atMs, false);
        return [];
      case 'step.applied':
        return this.#ended(event.step, atMs, 'done');
      case 'step.undoing':
        this.#begin(event.step, atMs, true);
        return [];
      case 'step.undone':
        return this.#undone(event.step, atMs);
      case 'progress':
        return this.#progress(event, atMs);
      case 'run.unwinding':
        return this.#unwinding(event);
      default:
        return this.#fact(event, atMs);
    }
  }

  #fact(event: Event, atMs: number): readonly string[] {
    switch (event.type) {
      case 'run.transferred':
        this.#copied.add(event.root);
        this.#pass = null;
        this.#notes.push(`${event.root}: ${counted(event.files, 'file')}, ${bytesText(event.bytes)}`);
        return [];
      case 'run.verified':
        this.#notes.push(`${event.root}: ${counted(event.entries, 'entry', 'entries')} alike`);
        return [];
      case 'run.will-run':
        if (event.count > 0) this.#notes.push(`${counted(event.count, 'thing')} of it may run here`);
        return [];
      case 'run.counted':
        if (event.tree !== 'old') this.#notes.push(countsText(event.counts));
        return [];
      case 'run.reconciled':
        this.#notes.push(
          `${counted(event.rewrites.length, 'path')} rewritten, ${counted(event.modesChanged, 'mode')} set`,
        );
        if (event.carried && event.carried.length > 0)
          this.#notes.push(`${counted(event.carried.length, 'variable')} carried`);
        return [];
      case 'run.armed':
        this.#notes.push(`after ${durationText(event.timeoutMs)}, by ${event.how}`);
        return [];
      case 'run.fenced':
        this.#notes.push(`${event.fence}: ${event.how}`);
        return [];
      case 'run.down':
        this.#downSinceMs = atMs;
        return this.#remark('From here on no gateway serves, until the new one is up or the old one is again.');
      case 'run.up':
        return this.#up(event.gateway, atMs);
      case 'round.done':
        return this.#rounded(event, atMs);
      case 'run.saved':
        return this.#remark(`Kept: ${event.what}, in ${event.path}`);
      default:
        return [];
    }
  }

  #begin(step: string, sinceMs: number, isUndo: boolean): void {
    this.#current = { step, sinceMs, isUndo };
    this.#pass = null;
    this.#notes = [];
  }

  #ended(step: string, atMs: number, how: 'done' | 'undone' | 'failed'): readonly string[] {
    const tookMs = this.#current?.step === step ? atMs - this.#current.sinceMs : 0;
    const took = tookMs >= NOTICEABLE_MS ? ` (${durationText(tookMs)})` : '';
    const notes = this.#notes.length > 0 ? `: ${this.#notes.join('; ')}` : '';
    this.end();
    this.#notes = [];
    const text = `${how === 'undone' ? 'Undone: ' : ''}${this.#title(step)}${printable(notes, 1000)}${took}`;
    const [first = '', ...more] = labelled(`  ${marksOf(this.#paper)[how]} `, text, this.#paper.columns);
    const ink = { done: 'green', undone: 'yellow', failed: 'red' } as const;
    return [inked(this.#paper, ink[how], first), ...more];
  }

  #undone(step: string, atMs: number): readonly string[] {
    const lines = this.#ended(step, atMs, 'undone');
    return PUT_BACK.has(step) ? lines : [];
  }

  #unwinding({ problem }: Extract<Event, { type: 'run.unwinding' }>): readonly string[] {
    const failed = this.#current ? this.#ended(this.#current.step, this.#current.sinceMs, 'failed') : [];
    const text = `${printable(problem.message, 1000)} Putting everything back.`;
    return [...failed, ...wrap(text, this.#paper.columns).map((line) => inked(this.#paper, 'yellow', line))];
  }

  #progress(event: Extract<Event, { type: 'progress' }>, atMs: number): readonly string[] {
    // Of each pass of the following only its end is told.
    if (event.step === 'follow') return [];
    const isFirst = this.#isNewRun && event.step === 'seed' && !this.#copied.has(event.root);
    this.#pass = foldProgress(this.#pass, event, isFirst);
    if (this.#paper.live || atMs - this.#lastSignMs < PLAIN_PROGRESS_MS) return [];
    return [progressLine(this.#pass, this.#paper)];
  }

  /** The first round is worth a word of what can be done now; from then on there is one for every change. */
  #rounded(event: Extract<Event, { type: 'round.done' }>, atMs: number): readonly string[] {
    const isFirst = this.#round === null;
    this.#round = { ...event, atMs };
    this.#pass = null;
    if (!isFirst || this.#current?.step !== 'follow') return [];
    return this.#remark(
      'The copy is up to date, and follows the old machine. From another terminal: neo-pull cutover moves, neo-pull status shows how it stands; Ctrl-C ends the following.',
    );
  }

  #followed(nowMs: number): string {
    const { atMs, forecastMs } = this.#round ?? { atMs: nowMs, forecastMs: 0 };
    const { busy } = marksOf(this.#paper);
    const ago = durationText(Math.max(0, nowMs - atMs));
    return `  ${busy} Following: brought up to date ${ago} ago; a cutover now: about ${durationText(forecastMs)} down`;
  }

  #up(gateway: 'old' | 'new', atMs: number): readonly string[] {
    const downMs = this.#downSinceMs === null ? null : atMs - this.#downSinceMs;
    this.#downSinceMs = null;
    const after = downMs === null ? '' : `, after ${durationText(downMs)} without one`;
    return this.#remark(`The ${gateway} gateway is up${after}.`);
  }

  #remark(text: string): readonly string[] {
    return labelled('  ', printable(text, 1000), this.#paper.columns).map((line) => inked(this.#paper, 'bold', line));
  }

  #title(step: string): string {
    return printable(this.#titles.get(step) ?? step);
  }
}
