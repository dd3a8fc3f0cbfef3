import { inside } from '../../core/only-files.ts';
import type { Report, ReportStep } from '../../core/report-shape.ts';
import { pasteable } from '../../host/pasteable.ts';
import { bytesText, counted, durationText } from '../units.ts';
import type { Markup } from './markup.ts';
import { commands, paragraph, section, table } from './parts.ts';

/** One step of a move by hand, and what became of it in this run. */
interface GuideStep {
  readonly title: string;
  readonly typed: readonly string[];
  readonly done: string;
}

/** The steps of a move by hand, each beside what this run did in its place. Pure. */
export function guideSection(report: Report): Markup | null {
  if (!report.plan) return null;
  const rows = guideSteps(report, report.plan).map(({ title, typed, done }, at) => [
    `${at + 1}. ${title}`,
    commands(typed),
    done,
  ]);
  return section('by-hand', 'What you would have done by hand', [
    paragraph('The steps of the usual guide, with the paths of this move. Nothing of this has to be done now.'),
    table('A move by hand, step by step', ['Step', 'By hand', 'What neo-pull did'], rows),
  ]);
}

type Moved = NonNullable<Report['plan']>;

function guideSteps(report: Report, plan: Moved): GuideStep[] {
  const old = `${plan.old.user}@${plan.old.hostname}`;
  const far = (command: string): string => `ssh ${pasteable(old)} ${pasteable(command)}`;
  const words = plan.roots
    .flatMap(({ oldPath, files }) => (files === null ? [oldPath] : files.map((name) => inside(oldPath, name))))
    .map(pasteable)
    .join(' ');
  const here = plan.roots.map(({ livePath }) => pasteable(livePath)).join(' ');
  const { user } = plan.new;
  return [
    { title: 'Stop the old gateway', typed: [far(`${plan.command} gateway stop`)], done: stopped(report) },
    { title: 'Pack it', typed: [far(`tar -czf neo.tgz ${words}`)], done: copied(report) },
    { title: 'Carry it over', typed: [`scp ${pasteable(`${old}:neo.tgz`)} .`], done: carried(report) },
    { title: 'Unpack it in its place', typed: ['tar -xzf neo.tgz -C /'], done: swapped(report) },
    { title: 'Set the owner', typed: [`sudo chown -R ${pasteable(`${user}:`)} ${here}`], done: owned(report) },
    { title: 'Run the doctor', typed: [`${plan.command} doctor`], done: doctored(report) },
    { title: 'Start it here', typed: [`${plan.command} gateway restart`], done: started(report) },
    { title: 'Check it', typed: [`${plan.command} status`], done: checked(report) },
  ];
}

/** What is told of a step that was done; else how far it came. */
function ifDone(report: Report, id: string, tell: (step: ReportStep) => string): string {
  const step = report.steps.find((one) => one.id === id);
  if (!step) return 'Not reached.';
  if (step.state === 'applied') return tell(step);
  return step.state === 'begun' ? 'Begun, and not finished.' : 'Done, and taken back again.';
}

function stopped(report: Report): string {
  return ifDone(report, 'stop-old', ({ ms }) => {
    const took = ms === null ? '' : ` in ${durationText(ms)}`;
    const { fence } = report;
    const kept = fence ? ` Kept from coming back (${fence.fence}): ${fence.how}.` : '';
    return `Stopped${took}, and seen to be dead.${kept}`;
  });
}

function copied({ transferred }: Report): string {
  if (transferred.length === 0) return 'Not reached.';
  const files = transferred.reduce((sum, one) => sum + one.files, 0);
  const bytes = transferred.reduce((sum, one) => sum + one.bytes, 0);
  return `No archive: ${counted(files, 'file')}, ${bytesText(bytes)}, copied while the old gateway served; after the stop only what had changed.`;
}

function carried({ transferred, manifests }: Report): string {
  if (transferred.length === 0) return 'Not reached.';
  const wire = transferred.reduce((sum, one) => sum + one.wireBytes, 0);
  const entries = manifests.reduce((sum, one) => sum + one.entries, 0);
  const whole =
    entries === 0
      ? ''
      : ` Then compared with the old machine, entry by entry: ${counted(entries, 'entry', 'entries')}.`;
  return `${bytesText(wire)} over one SSH connection with a checked host key.${whole}`;
}

function swapped(report: Report): string {
  return ifDone(report, 'swap', () => {
    const parked = report.parked.map(({ parkedPath }) => parkedPath).join(', ');
    const former = parked === '' ? 'nothing was there before' : `what was there before lies in ${parked}`;
    return `Renamed into its place when it was whole; ${former}.`;
  });
}

function owned(report: Report): string {
  const { modes, rewrites } = report;
  return ifDone(report, 'reconcile', () =>
    [
      'Yours from the beginning.',
      `${counted(modes.changed, 'mode')} set, ${modes.tightenedCount} of them closed to other users;`,
      `${counted(rewrites.count, 'old path')} rewritten, which the guide leaves to you.`,
    ].join(' '),
  );
}

function doctored(report: Report): string {
  return ifDone(report, 'doctor', () => {
    if (!report.doctor) return 'It ran.';
    const { passes, exitCode, changes } = report.doctor;
    const changed =
      changes === null
        ? ''
        : ` It changed ${counted(changes.count, 'file')}, and what the gateway owns was counted again.`;
    return `It ran ${passes === 1 ? 'once' : `${passes} times`} and ended with exit code ${exitCode}.${changed}`;
  });
}

function started(report: Report): string {
  return ifDone(report, 'start-new', () => {
    const { totalMs } = report.downtime;
    const after = totalMs === null ? '' : ` Up ${durationText(totalMs)} after the stop.`;
    return `First with its channels off, and looked at; then for good.${after}`;
  });
}

function checked({ checklist }: Report): string {
  if (checklist.length === 0) return 'Not reached.';
  const good = checklist.filter(({ ok }) => ok).length;
  return `${good} of ${counted(checklist.length, 'check')} passed; see the checklist.`;
}
