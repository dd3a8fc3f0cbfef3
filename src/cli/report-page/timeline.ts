import type { Report, ReportStep } from '../../core/report-shape.ts';
import { isoTime, parseIsoTime } from '../../core/timestamp.ts';
import { STEP_STATES } from '../report-words.ts';
import { durationText } from '../units.ts';
import { markup, type Markup } from './markup.ts';
import { moment, paragraph, section } from './parts.ts';

/** Every bar is drawn on so many units. */
const WIDTH = 1000;
/** Shorter ones could not be seen. */
const NARROWEST = 6;

/** A stretch of the run, and the steps that ran in it; each has a scale of its own, or seconds would not be seen beside hours. */
interface Period {
  readonly title: string;
  readonly kind: 'work' | 'down' | 'after';
  readonly fromMs: number;
  readonly untilMs: number;
  readonly steps: readonly Timed[];
}

/** A step of which it is known when it ran. */
interface Timed {
  readonly step: ReportStep;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The steps in time, with the stretch in which no gateway served. Pure. */
export function timelineSection(report: Report): Markup | null {
  const periods = periodsOf(report);
  if (periods.length === 0) return null;
  const { totalMs, from } = report.downtime;
  const down =
    totalMs !== null
      ? `No gateway served for ${durationText(totalMs)}. Before that the old one did.`
      : from !== null
        ? 'The old gateway was stopped, and none has come up since.'
        : 'The old gateway was not stopped.';
  return section('timeline', 'What was done, and when', [paragraph(down), strip(periods), stepsTable(periods)]);
}

function periodsOf(report: Report): Period[] {
  const timed = report.steps.flatMap((step) => timedOf(step, report)).sort((one, other) => one.fromMs - other.fromMs);
  if (timed.length === 0) return [];
  const { from, until } = report.downtime;
  if (from === null) return [period('The old gateway served all the time', timed, { kind: 'work' })];
  const downMs = parseIsoTime(from);
  const upMs = until === null ? Infinity : parseIsoTime(until);
  const before = timed.filter((one) => one.untilMs <= downMs);
  const after = timed.filter((one) => one.fromMs >= upMs);
  const during = timed.filter((one) => !before.includes(one) && !after.includes(one));
  const bounds = { fromMs: downMs, ...(upMs === Infinity ? {} : { untilMs: upMs }) };
  const server = report.running === 'old' ? 'the old one served again' : 'the new one served';
  return [
    period('Before the stop: the old gateway served', before, { kind: 'work' }),
    period('No gateway served', during, { kind: 'down', ...bounds }),
    period(`After it: ${server}`, after, { kind: 'after' }),
  ].filter(({ steps }) => steps.length > 0);
}

function period(
  title: string,
  steps: readonly Timed[],
  { kind, fromMs, untilMs }: { kind: Period['kind']; fromMs?: number; untilMs?: number },
): Period {
  const first = fromMs ?? Math.min(...steps.map((one) => one.fromMs));
  return {
    title,
    kind,
    steps,
    fromMs: first,
    untilMs: untilMs ?? Math.max(first, ...steps.map((one) => one.untilMs)),
  };
}

/** A step that has not ended is drawn up to the last that is known of the run. */
function timedOf(step: ReportStep, { endedAt }: Report): Timed[] {
  if (step.at === null) return [];
  const fromMs = parseIsoTime(step.at);
  const untilMs =
    step.ms === null ? Math.max(fromMs, endedAt === null ? fromMs : parseIsoTime(endedAt)) : fromMs + step.ms;
  return [{ step, fromMs, untilMs }];
}

/** The whole run in one line. */
function strip(periods: readonly Period[]): Markup {
  const lengths = periods.map(({ fromMs, untilMs }) => untilMs - fromMs);
  const all = Math.max(
    1,
    lengths.reduce((sum, ms) => sum + ms, 0),
  );
  const widths = lengths.map((ms) => Math.max(NARROWEST, (ms / all) * WIDTH));
  const total = widths.reduce((sum, width) => sum + width, 0);
  const rects = periods.map(({ kind }, at) => {
    const x = widths.slice(0, at).reduce((sum, width) => sum + width, 0);
    return rect(kind, x + (at > 0 ? 2 : 0), (widths[at] ?? 0) - (at > 0 ? 2 : 0), 10);
  });
  const legend = periods.map(
    ({ title, kind }, at) =>
      markup`<li>${swatch(kind)}${title}: <strong>${durationText(lengths[at] ?? 0)}</strong></li>`,
  );
  return markup`<svg class="strip" viewBox="0 0 ${Math.ceil(total)} 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">${rects}</svg>
<ul class="legend">${legend}</ul>
`;
}

function stepsTable(periods: readonly Period[]): Markup {
  return markup`<table class="timeline">
<caption>Every step. The bars of each stretch have a scale of their own.</caption>
<thead><tr><th scope="col">Step</th><th scope="col">When in its stretch</th><th scope="col" class="began">Began (UTC)</th><th scope="col" class="n">Took</th><th scope="col">State</th></tr></thead>
${periods.map(
  (one) => markup`<tbody${one.kind === 'down' ? markup` class="isdown"` : null}>
<tr class="period"><th colspan="5" scope="rowgroup">${one.title}: ${durationText(one.untilMs - one.fromMs)}, from ${moment(isoTime(one.fromMs), { withDay: true })}</th></tr>
${one.steps.map((timed) => row(timed, one))}</tbody>
`,
)}</table>
`;
}

function row({ step, fromMs, untilMs }: Timed, within: Period): Markup {
  const scale = WIDTH / Math.max(1, within.untilMs - within.fromMs);
  const end = Math.min(WIDTH, Math.max(NARROWEST, (untilMs - within.fromMs) * scale));
  const x = Math.max(0, Math.min((fromMs - within.fromMs) * scale, end - NARROWEST));
  const kind = step.state === 'undone' || step.state === 'undoing' ? 'undone' : within.kind;
  return markup`<tr><th scope="row">${step.title}</th><td class="when"><svg class="bar" viewBox="0 0 ${WIDTH} 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">${rect('track', 0, WIDTH, 10)}${rect(kind, x, end - x, 10)}</svg></td><td class="began">${moment(step.at, { withDay: false })}</td><td class="n">${step.ms === null ? 'not ended' : durationText(step.ms)}</td><td class="state">${STEP_STATES[step.state]}</td></tr>
`;
}

/** A bar of a picture. Pure. */
export function rect(kind: string, x: number, width: number, height: number): Markup {
  return markup`<rect class="${kind}" x="${Math.round(x * 10) / 10}" y="0" width="${Math.round(width * 10) / 10}" height="${height}"/>`;
}

/** The colour of a bar beside its name. Pure. */
export function swatch(kind: string): Markup {
  return markup`<svg class="swatch" viewBox="0 0 10 10" aria-hidden="true" focusable="false">${rect(kind, 0, 10, 10)}</svg>`;
}
