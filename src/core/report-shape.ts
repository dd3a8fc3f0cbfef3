import type { Audit } from './audit.ts';
import type { DeadMan } from './dead-man.ts';
import type { ByHandList } from './by-hand.ts';
import type { Counts } from './census.ts';
import type { Downtime } from './downtime.ts';
import type { ChecklistLine, DoctorChanges, Outcome, Rewrite, Running, Skipped } from './event.ts';
import type { Saying } from './inventory.ts';
import type { NextStep } from './next-steps.ts';
import type { OutsideVariable } from './outside.ts';
import type { Plan, RanAs } from './plan.ts';
import type { Problem } from './problem.ts';
import type { RehearsalForecast } from './rehearsal-forecast.ts';
import type { WillRun } from './will-run.ts';

/** One machine, as the report names it. */
export interface ReportSide {
  readonly hostname: string;
  readonly user: string;
  readonly platform: string;
  readonly productVersion: string | null;
  readonly stateDir: string;
  readonly profile: string;
  readonly port: number;
  readonly unit: string | null;
}

export interface ReportRoot {
  readonly id: string;
  readonly oldPath: string;
  readonly livePath: string;
  readonly entries: number;
  readonly bytes: number;
  /** Null where the whole tree moves, else the names in it that do. */
  readonly files: readonly string[] | null;
}

/** One step: when its latest `apply` or `undo` began, and how long it took. */
export interface ReportStep {
  readonly id: string;
  readonly title: string;
  readonly state: 'begun' | 'applied' | 'undoing' | 'undone';
  readonly at: string | null;
  readonly ms: number | null;
}

/** All passes over one root together. */
export interface ReportTransfer {
  readonly root: string;
  readonly passes: number;
  readonly files: number;
  readonly bytes: number;
  readonly wireBytes: number;
  readonly deleted: number;
}

export interface ReportManifest {
  readonly root: string;
  readonly sha256: string;
  readonly entries: number;
  readonly bytes: number;
}

/** The former state of this machine, and the command that puts it back. */
export interface ReportParked {
  readonly livePath: string;
  readonly parkedPath: string;
  readonly restore: string;
}

/** One run, told for people and programs. Schema version 1: fields are only ever added. Sizes in bytes, times in milliseconds or ISO 8601 UTC. */
export interface Report {
  /** Names docs/report.schema.json, which describes this. */
  readonly $schema: 'urn:neo-pull:report:1';
  readonly schema: 1;
  readonly run: string;
  readonly target: string;
  readonly version: string;
  /** Every visit to this run, as it was called. */
  readonly visits: readonly { readonly at: string; readonly command: string }[];
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Null while the last visit has not ended. */
  readonly outcome: Outcome | null;
  readonly running: Running;
  /** Did its last `sync` follow the old machine? Once that has ended nothing does. False once its copy has become the gateway. */
  readonly followed: boolean;
  readonly exitCode: number | null;
  readonly downtime: Downtime;
  readonly plan: {
    /** The file name of the product's command line: `smart-agent-neo`. */
    readonly command: string;
    readonly old: ReportSide;
    readonly new: ReportSide;
    readonly ranAs: RanAs;
    readonly roots: readonly ReportRoot[];
    readonly fates: Plan['fates'];
    readonly mapping: Plan['mapping'];
    readonly excludeVersion: number;
    /** What was found out about the old gateway, and every source that says so. */
    readonly provenance: readonly Saying[];
    /** Variables that the old gateway has from outside of its state, and how the new one comes by each. Names only. */
    readonly outside: readonly OutsideVariable[];
  } | null;
  readonly steps: readonly ReportStep[];
  readonly transferred: readonly ReportTransfer[];
  readonly manifests: readonly ReportManifest[];
  /** Of its last audit; null where there was none. */
  readonly audit: Audit | null;
  /** What of the copy may run on this machine, as it was when it was last looked at; null where it was not. */
  readonly willRun: WillRun | null;
  /** What the gateway owns, by kind: before, in the copy, and after doctor with the new gateway up. Null where it was not counted. */
  readonly inventory: { readonly old: Counts | null; readonly copy: Counts | null; readonly new: Counts | null };
  readonly skipped: readonly (Skipped & { readonly root: string })[];
  readonly rewrites: {
    readonly count: number;
    readonly listed: readonly Rewrite[];
    /** How many per root and file. */
    readonly files: readonly { readonly root: string; readonly file: string; readonly count: number }[];
    /** File that leads each of them back to what it was; null when there is none, or the rewriting was taken back. */
    readonly map: string | null;
  };
  readonly modes: { readonly changed: number; readonly tightenedCount: number; readonly tightened: readonly string[] };
  readonly fence: { readonly fence: 'enforced' | 'advisory'; readonly how: string } | null;
  /** Of its last pass; `changes` is null in a run of an earlier release. */
  readonly doctor: {
    readonly exitCode: number;
    readonly output: string;
    readonly passes: number;
    readonly changes: DoctorChanges | null;
  } | null;
  /** The old machine was to start its gateway again by itself when it did not hear from neo-pull. */
  readonly deadMan: DeadMan | null;
  readonly checklist: readonly ChecklistLine[];
  readonly warnings: readonly Problem[];
  readonly problems: readonly Problem[];
  /** What a person has to do after the move, because it is bound to the old machine or lies on a third one. */
  readonly byHand: ByHandList;
  /** Null for a run that moves or copies; the forecast is null where the rehearsal did not go well. */
  readonly rehearsal: { readonly forecast: RehearsalForecast | null } | null;
  readonly parked: readonly ReportParked[];
  readonly saved: readonly { readonly what: string; readonly path: string }[];
  /** What of neo-pull is left on the old machine, and how it is removed by hand once it is no longer wanted. */
  readonly oldMachine: { readonly left: readonly string[]; readonly removeByHand: readonly string[] };
  readonly next: readonly NextStep[];
}
