import type { Event } from '../../../src/core/event.ts';
import { problem } from '../../../src/core/problem.ts';
import { foldReport } from '../../../src/core/report.ts';
import type { Report } from '../../../src/core/report-shape.ts';
import { movedJournal, samplePlan, told } from '../sample.ts';

/** What a hostile machine would like to say: markup, quotes, the end of an attribute, and what reorders text. */
export const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</style></title><svg onload=alert(1)>',
  'javascript:alert(1)',
  'safe\u202etxt.exe\u2066\u200b',
  '&lt;b&gt; &#60;i&#62;',
  'one\u2028two\u0000\u001b[31mred',
  '`${alert(1)}`',
].join(' ');

/** A report in which every text that is not ours is hostile. */
export function hostileReport(): Report {
  return poisoned(fullReport()) as Report;
}

/** A report with something in every part. */
export function fullReport(): Report {
  const listed = [
    { id: 'a', what: 'Packages of /w/a', why: 'Built for another machine.', command: "cd '/w/a b' && npm ci" },
    { id: 'b', what: 'The paired app', why: 'It calls the old machine.', command: null },
  ];
  const fates = Array.from({ length: 14 }, (_, at) => ({
    ...{ path: `/etc/thing-${at}`, namedBy: `smart-agent-neo.json: /tools/${at}`, root: null },
    ...{ fate: 'stays' as const, why: 'system' as const, isHere: at % 2 === 0 },
  }));
  const outside = [
    { name: 'ANTHROPIC_API_KEY', isAskedFor: true, setBy: ['.bashrc'], fate: 'left' as const, satisfiedBy: null },
    { name: 'GH_TOKEN', isAskedFor: false, setBy: [], fate: 'carried' as const, satisfiedBy: null },
  ];
  const provenance = [{ what: 'port' as const, value: '18789', sources: ['running process 123'] }];
  const journal = movedJournal(samplePlan({ byHand: { count: 3, listed }, fates, outside, provenance }));
  const counted = journal.find((event) => event.type === 'run.counted');
  const counts = counted?.type === 'run.counted' ? { ...counted.counts, credential: 3 } : null;
  const more = told([44_095, { type: 'run.saved', what: 'the service as it was', path: '/r/unit' }]);
  const end = journal.slice(-1);
  const all: Event[] = [...journal.slice(0, -1), ...more, ...end].map((event) =>
    event.type === 'run.counted' && counts ? { ...event, counts } : event,
  );
  const report = foldReport(all);
  return { ...report, inventory: { ...report.inventory, new: counts } };
}

/** A cutover that was taken back. */
export function rolledBackReport(): Report {
  const events = movedJournal();
  const upTo = events.slice(
    0,
    events.findIndex(({ type }) => type === 'run.doctor'),
  );
  const failure = problem('command-failed', {
    message: 'The doctor finds transcripts that it did not find on the old machine.',
    hint: 'Look at it: neo-pull report',
  });
  const begun = upTo.flatMap((event) => (event.type === 'step.before' ? [event.step] : [])).reverse();
  const back = begun.flatMap((step, at) =>
    told(
      [13_000 + at * 100, { type: 'step.undoing', step }],
      ...(step === 'stop-old' ? [[13_040 + at * 100, { type: 'run.up', gateway: 'old' }] as const] : []),
      [13_050 + at * 100, { type: 'step.undone', step }],
    ),
  );
  const end = told(
    [12_900, { type: 'run.unwinding', problem: failure }],
    [
      15_000,
      {
        type: 'run.finished',
        ...{ outcome: 'rolled-back', running: 'old', exitCode: 8, downtimeMs: 4500, problem: failure },
      },
    ],
  );
  return foldReport([...upTo, ...end.slice(0, 1), ...back, ...end.slice(1)]);
}

/** What the words of neo-pull itself are chosen by; these are never foreign. */
const OWN = new Set('schema $schema outcome running state ranAs fate fence stands code'.split(' '));
const OWN_IN: Readonly<Record<string, string>> = { fates: 'why', provenance: 'what', steps: 'id' };
const MOMENT = /^\d{4}-\d\d-\d\dT/;

function poisoned(value: unknown, name = '', parent = ''): unknown {
  if (typeof value === 'string') {
    const isOurs = OWN.has(name) || OWN_IN[parent] === name || MOMENT.test(value);
    return isOurs ? value : `${value} ${HOSTILE}`;
  }
  if (Array.isArray(value)) return value.map((one) => poisoned(one, name, parent));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, poisoned(one, key, name)]));
}
