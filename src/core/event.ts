import type { Audit } from './audit.ts';
import type { Counts } from './census.ts';
import type { ExitCode } from './exit.ts';
import type { Json } from './json.ts';
import type { Plan } from './plan.ts';
import type { Problem } from './problem.ts';
import type { RehearsalForecast } from './rehearsal-forecast.ts';
import type { WillRun } from './will-run.ts';

/** How a run ended. */
export type Outcome =
  | 'planned'
  | 'staged'
  | 'rehearsed'
  | 'verified'
  | 'moved'
  | 'already-moved'
  | 'rolled-back'
  | 'unfenced'
  | 'refused'
  | 'failed'
  | 'interrupted';

/** Which machine runs the gateway. */
export type Running = 'old' | 'new' | 'none' | 'mixed' | 'unknown';

/** How it ended for one of several profiles that one command was to move. */
export interface ProfileEnd {
  readonly profile: string;
  /** Empty where no run was begun. */
  readonly run: string;
  readonly outcome: Outcome;
  readonly running: Running;
  readonly exitCode: ExitCode;
  readonly problem: Problem | null;
}

/** One value that reconcile changed inside a file. `file` is relative to its root; `at` is a JSON pointer, or `symlink`. */
export interface Rewrite {
  readonly root: string;
  readonly file: string;
  readonly at: string;
  readonly from: string;
  readonly to: string;
}

/** What was left out of the copy by one exclude rule. */
export interface Skipped {
  readonly rule: string;
  readonly reason: string;
  readonly entries: number;
  readonly bytes: number;
}

/** Names that the product's doctor changed, as paths on the new machine: all counted, so many listed. The run's folder has all of them. */
export interface DoctorChanges {
  readonly count: number;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** One line of the final checklist. */
export interface ChecklistLine {
  readonly id: string;
  readonly title: string;
  readonly ok: boolean;
  readonly seen: string;
}

/**
 * What happens. `run.*`, `plan.*` and `step.*` are durable in the Journal before they count as told; the others are only told.
 * Events are API: `--json` prints them, one a line.
 */
export type EventBody =
  | { type: 'run.started'; command: string; version: string; target: string }
  | { type: 'plan.made'; plan: Plan }
  | { type: 'plan.revised'; plan: Plan; changes: readonly string[] }
  | { type: 'step.before'; step: string; title: string; before: Json }
  | { type: 'step.applied'; step: string }
  | { type: 'step.undoing'; step: string }
  | { type: 'step.undone'; step: string }
  | { type: 'run.unwinding'; problem: Problem }
  | { type: 'run.committed' }
  | {
      type: 'run.transferred';
      step: string;
      root: string;
      files: number;
      bytes: number;
      wireBytes: number;
      deleted: number;
    }
  | {
      type: 'run.verified';
      root: string;
      manifest: string;
      entries: number;
      bytes: number;
      skipped: readonly Skipped[];
    }
  /** What an audit of the copy has found: after the first copy, and again after the stop, before anything uses it. */
  | ({ type: 'run.audited' } & Audit)
  /** What of the copy may run on this machine, before any of it does; told whenever an audit is. */
  | ({ type: 'run.will-run' } & WillRun)
  /** What a gateway owns: on the old machine after the stop, in the copy, and after doctor with the new gateway up. */
  | { type: 'run.counted'; tree: 'old' | 'copy' | 'new'; counts: Counts }
  | {
      type: 'run.reconciled';
      rewrites: readonly Rewrite[];
      modesChanged: number;
      modesTightened: readonly string[];
      /** Names of variables that were added to `.env`. */
      carried?: readonly string[];
      /** File in the run's folder that leads each rewritten path back to what it was. */
      map?: string;
    }
  /** The old machine starts its gateway again by itself when it has not heard from us for so long. */
  | { type: 'run.armed'; timeoutMs: number; how: string }
  | { type: 'run.fenced'; fence: 'enforced' | 'advisory'; how: string }
  /** One pass of the product's doctor; `changes` is all that it has done since before its first. */
  | { type: 'run.doctor'; exitCode: number; output: string; pass?: number; changes?: DoctorChanges }
  | { type: 'run.checked'; checklist: readonly ChecklistLine[] }
  | { type: 'run.down' }
  | { type: 'run.up'; gateway: 'old' | 'new' }
  | { type: 'run.warned'; problem: Problem }
  | { type: 'run.saved'; what: string; path: string }
  /** A rehearsal is over and has gone well: what the move is expected to take. */
  | { type: 'run.rehearsed'; forecast: RehearsalForecast }
  | {
      type: 'run.finished';
      outcome: Outcome;
      running: Running;
      exitCode: ExitCode;
      downtimeMs: number | null;
      problem: Problem | null;
      /** Only in the very last event of a command over several profiles: each of them. What stands beside it tells the whole. */
      profiles?: readonly ProfileEnd[];
    }
  | { type: 'check.done'; check: string; title: string; problems: readonly Problem[] }
  | {
      type: 'progress';
      step: string;
      root: string;
      bytes: number;
      totalBytes: number | null;
      files: number;
      totalFiles: number | null;
      bytesPerSecond: number | null;
      leftMs: number | null;
    }
  /** A pass while following; only told, for there is one for every change. `places` are those that have changed again meanwhile. */
  | { type: 'round.done'; full: boolean; tookMs: number; wireBytes: number; places: number; forecastMs: number }
  /** A cutover that was ordered for later will not be made: only told, to whoever ordered it among others. */
  | { type: 'order.dropped'; problem: Problem }
  /** What was seen and decided, before anybody is asked and before anything is done. Never part of a Journal. */
  | { type: 'plan.shown'; plan: Plan; problems: readonly Problem[] }
  | { type: 'notice'; message: string };

/** An event as it is printed and stored. `ts` is ISO 8601 UTC, `seq` counts from 1 within one run's Journal and process. */
export type Event = { readonly v: 1; readonly seq: number; readonly ts: string; readonly run: string } & EventBody;

/** Is this event part of the Journal (durable), or only told? */
export function isJournaled(body: EventBody): boolean {
  if (body.type === 'plan.shown') return false;
  return body.type.startsWith('run.') || body.type.startsWith('step.') || body.type.startsWith('plan.');
}
