import { begunBy } from './begun-by.ts';
import { nameKept } from './keepers.ts';
import { downtimeOf } from './downtime.ts';
import { deadManOf } from './dead-man.ts';
import type { Event, Rewrite } from './event.ts';
import { nextSteps } from './next-steps.ts';
import { movedPaths, parkedPlaces } from './only-files.ts';
import type { Plan } from './plan.ts';
import type { Problem } from './problem.ts';
import type { Report, ReportParked, ReportSide, ReportStep, ReportTransfer } from './report-shape.ts';
import { EMPTY_RUN, foldRun, type RunState } from './run-state.ts';
import { isOpen, runningOf } from './running.ts';
import { stepTimes } from './step-times.ts';

/** Lists longer than this are cut in the report; their counts are whole. */
const LISTED = 200;

/** The report of one run, from the events of its Journal. Pure; any prefix of a Journal gives a report. */
export function foldReport(events: readonly Event[]): Report {
  const state = events.reduce(foldRun, EMPTY_RUN);
  const starts = ofType(events, 'run.started');
  const finished = endOf(events);
  const { plan } = state;
  const running = finished?.running ?? runningOf(state);
  const begun = begunBy(events);
  return {
    $schema: 'urn:neo-pull:report:1',
    schema: 1,
    run: events[0]?.run ?? '',
    target: starts.at(-1)?.target ?? '',
    version: starts.at(-1)?.version ?? '',
    visits: starts.map(({ ts, command }) => ({ at: ts, command })),
    startedAt: events[0]?.ts ?? null,
    endedAt: finished?.ts ?? null,
    outcome: finished?.outcome ?? null,
    running,
    followed: begun.follows,
    exitCode: finished?.exitCode ?? null,
    downtime: downtimeOf(events),
    plan: plan && summaryOf(plan),
    steps: stepsOf(events, state),
    transferred: transfersOf(events),
    ...verifiedOf(events),
    audit: auditOf(events),
    willRun: willRunOf(events),
    inventory: inventoryOf(events, plan),
    ...reconciledOf(events, state),
    fence: fenceOf(events),
    deadMan: deadManOf(events, state),
    doctor: doctorOf(events),
    checklist: ofType(events, 'run.checked').at(-1)?.checklist ?? [],
    ...problemsOf(events, plan),
    byHand: plan?.byHand ?? { count: 0, listed: [] },
    rehearsal: rehearsalOf(events, plan),
    parked: plan && isOpen(state, 'swap') ? parkedOf(plan, events[0]?.run ?? '') : [],
    saved: ofType(events, 'run.saved').map(({ what, path }) => ({ what, path })),
    oldMachine: leftOn(state),
    next: nextSteps({
      run: events[0]?.run ?? '',
      ...begun,
      outcome: finished?.outcome ?? null,
      running,
      isMidway: isOpen(state, 'claim') && finished?.outcome !== 'moved',
      isCommitted: state.committed,
    }),
  };
}

type OfType<Type extends Event['type']> = Extract<Event, { type: Type }>;

function ofType<Type extends Event['type']>(events: readonly Event[], type: Type): readonly OfType<Type>[] {
  return events.filter((event): event is OfType<Type> => event.type === type);
}

/** How the last visit ended; null when it has not. */
function endOf(events: readonly Event[]): OfType<'run.finished'> | null {
  const last = events.findLast((event) => event.type === 'run.finished' || event.type === 'run.started');
  return last?.type === 'run.finished' ? last : null;
}

function summaryOf(plan: Plan): NonNullable<Report['plan']> {
  const side = ({ hostname, user, platform, productVersion, gateway }: Plan['old']): ReportSide => {
    const { stateDir, profile, port } = gateway;
    const unit = nameKept(gateway);
    return { hostname, user, platform, productVersion, stateDir, profile, port, unit };
  };
  const roots = plan.roots.map(({ id, oldPath, livePath, entries, bytes, files }) => ({
    ...{ id, oldPath, livePath, entries, bytes, files },
  }));
  const { ranAs, fates, mapping, excludeVersion, provenance = [], outside = [] } = plan;
  const { product } = plan.old.gateway;
  return {
    command: typeof product === 'string' ? product : product.command,
    old: side(plan.old),
    new: side(plan.new),
    ranAs,
    roots,
    fates,
    mapping,
    excludeVersion,
    provenance,
    outside,
  };
}

function stepsOf(events: readonly Event[], state: RunState): ReportStep[] {
  const began = new Map<string, string>();
  for (const event of events)
    if (event.type === 'step.before' || event.type === 'step.undoing') began.set(event.step, event.ts);
  const took = stepTimes(events);
  return [...state.steps].map(([id, { title, phase }]) => {
    return { id, title, state: phase, at: began.get(id) ?? null, ms: took.get(id) ?? null };
  });
}

function transfersOf(events: readonly Event[]): ReportTransfer[] {
  const byRoot = new Map<string, ReportTransfer>();
  for (const { root, files, bytes, wireBytes, deleted } of ofType(events, 'run.transferred')) {
    const sum = byRoot.get(root) ?? { root, passes: 0, files: 0, bytes: 0, wireBytes: 0, deleted: 0 };
    byRoot.set(root, {
      root,
      passes: sum.passes + 1,
      files: sum.files + files,
      bytes: sum.bytes + bytes,
      wireBytes: sum.wireBytes + wireBytes,
      deleted: sum.deleted + deleted,
    });
  }
  return [...byRoot.values()];
}

/** Of several verifications of one root the last one counts. */
function verifiedOf(events: readonly Event[]): Pick<Report, 'manifests' | 'skipped'> {
  const byRoot = new Map(ofType(events, 'run.verified').map((event) => [event.root, event]));
  const verified = [...byRoot.values()];
  return {
    manifests: verified.map(({ root, manifest, entries, bytes }) => ({ root, sha256: manifest, entries, bytes })),
    skipped: verified.flatMap(({ root, skipped }) => skipped.map((one) => ({ root, ...one }))),
  };
}

function auditOf(events: readonly Event[]): Report['audit'] {
  const last = ofType(events, 'run.audited').at(-1);
  return last ? { count: last.count, findings: last.findings } : null;
}

function willRunOf(events: readonly Event[]): Report['willRun'] {
  const last = ofType(events, 'run.will-run').at(-1);
  return last ? { count: last.count, listed: last.listed } : null;
}

/** The count after the stop is truer than the one of the plan. */
function inventoryOf(events: readonly Event[], plan: Plan | null): Report['inventory'] {
  const last = (tree: OfType<'run.counted'>['tree']) =>
    ofType(events, 'run.counted').findLast((event) => event.tree === tree)?.counts ?? null;
  return { old: last('old') ?? plan?.counts ?? null, copy: last('copy'), new: last('new') };
}

function reconciledOf(events: readonly Event[], state: RunState): Pick<Report, 'rewrites' | 'modes'> {
  const last = ofType(events, 'run.reconciled').at(-1);
  const { rewrites = [], modesChanged = 0, modesTightened = [] } = last ?? {};
  return {
    rewrites: {
      count: rewrites.length,
      listed: rewrites.slice(0, LISTED),
      files: perFile(rewrites),
      map: isOpen(state, 'reconcile') ? (last?.map ?? null) : null,
    },
    modes: {
      changed: modesChanged,
      tightenedCount: modesTightened.length,
      tightened: modesTightened.slice(0, LISTED),
    },
  };
}

function perFile(rewrites: readonly Rewrite[]): Report['rewrites']['files'] {
  const counts = new Map<string, { root: string; file: string; count: number }>();
  for (const { root, file } of rewrites) {
    const place = `${root}\0${file}`;
    counts.set(place, { root, file, count: (counts.get(place)?.count ?? 0) + 1 });
  }
  return [...counts.values()].slice(0, LISTED);
}

function fenceOf(events: readonly Event[]): Report['fence'] {
  const last = ofType(events, 'run.fenced').at(-1);
  return last ? { fence: last.fence, how: last.how } : null;
}

function doctorOf(events: readonly Event[]): Report['doctor'] {
  const last = ofType(events, 'run.doctor').at(-1);
  if (!last) return null;
  const { exitCode, output, pass: passes = 1, changes = null } = last;
  return { exitCode, output, passes, changes };
}

function rehearsalOf(events: readonly Event[], plan: Plan | null): Report['rehearsal'] {
  if (!plan?.rehearsal) return null;
  return { forecast: ofType(events, 'run.rehearsed').at(-1)?.forecast ?? null };
}

function problemsOf(events: readonly Event[], plan: Plan | null): Pick<Report, 'warnings' | 'problems'> {
  const warned = ofType(events, 'run.warned').map(({ problem }) => problem);
  const ended = ofType(events, 'run.finished').flatMap(({ problem }) => (problem ? [problem] : []));
  const causes = ofType(events, 'run.unwinding').map(({ problem }) => problem);
  const all = [...(plan?.warnings ?? []), ...warned, ...causes, ...ended];
  return {
    warnings: unique(all.filter(({ stops }) => !stops)),
    problems: unique(all.filter(({ stops }) => stops)),
  };
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((one) => [`${one.code}\0${one.message}`, one])).values()];
}

function parkedOf(plan: Plan, run: string): ReportParked[] {
  return plan.roots
    .filter((root) => root.liveExists)
    .flatMap(parkedPlaces)
    .map(({ livePath, parkedPath }) => ({ livePath, parkedPath, restore: `neo-pull rollback ${run}` }));
}

/** The claim is the first thing that a cutover leaves there, and the last that is taken away. */
function leftOn(state: RunState): Report['oldMachine'] {
  const { plan } = state;
  if (!plan || !isOpen(state, 'claim')) return { left: [], removeByHand: [] };
  const folder = `${plan.oldFolder}/${plan.old.gateway.profile}`;
  const { unit } = plan.old.gateway;
  const data = plan.roots.flatMap(movedPaths);
  const off = unit === null ? [] : [`the service ${unit}, stopped and disabled`];
  return {
    left: [
      `${folder} (the claim of this run, and what starting the old gateway again would need)`,
      ...off,
      ...data.map((path) => `${path}, untouched`),
    ],
    removeByHand: [`rm -r -- '${folder}'`],
  };
}
