import type { Report } from '../../core/report-shape.ts';
import { deadManText } from '../dead-man-text.ts';
import { bytesText, counted, countText } from '../units.ts';
import { markup, type Markup } from './markup.ts';
import { code, commands, folded, list, moment, paragraph, section, table } from './parts.ts';

/** The two machines, and which path became which. Pure. */
export function machinesSection({ plan }: Report): Markup | null {
  if (!plan) return null;
  const { old, new: here, ranAs, roots, mapping, provenance } = plan;
  const rows: [string, string, string][] = [
    ['Machine', `${old.user}@${old.hostname}`, `${here.user}@${here.hostname}`],
    ['Product', old.productVersion ?? 'unknown', here.productVersion ?? 'unknown'],
    ['Profile and port', `${old.profile}, ${old.port}`, `${here.profile}, ${here.port}`],
    ['Runs as', old.unit !== null && ranAs === 'service' ? old.unit : ranAs, here.unit ?? 'a process of its own'],
    ...roots.map(({ id, oldPath, livePath }): [string, string, string] => [id, oldPath, livePath]),
  ];
  const changed = mapping.filter(({ from, to }) => from !== to);
  const coded = ([name, was, is]: [string, string, string]) => [name, code(was), code(is)];
  return section('machines', 'The two machines', [
    table('The old machine and the new one', ['What', 'Old', 'New'], rows.map(coded)),
    folded(
      `Show ${counted(changed.length, 'path')} and what they became`,
      changed.length,
      table(
        'Old paths, and what they became',
        ['Was', 'Is'],
        changed.map(({ from, to }) => [code(from), code(to)]),
      ),
    ),
    folded(
      'Show what was found on the old machine, and who says so',
      provenance.length,
      table(
        'Found on the old machine',
        ['What', 'Value', 'Said by'],
        provenance.map(({ what, value, sources }) => [what, code(value), sources.join(', ')]),
      ),
    ),
  ]);
}

/** The proof that the copy was whole. Pure. */
export function copySection({ manifests, transferred }: Report): Markup | null {
  const numbers = (...titles: string[]) => titles.map((title) => ({ title, isNumber: true }));
  return section('copy', 'The copy', [
    table(
      'What was sent, all passes together',
      ['Root', ...numbers('Passes', 'Files', 'Content', 'On the line')],
      transferred.map(({ root, passes, files, bytes, wireBytes }) => [
        root,
        passes,
        countText(files),
        bytesText(bytes),
        bytesText(wireBytes),
      ]),
    ),
    table(
      'Compared with the old machine after its gateway was stopped, entry by entry: bytes, modes, times, links',
      ['Root', ...numbers('Entries'), 'SHA-256 of the manifest'],
      manifests.map(({ root, sha256, entries }) => [root, countText(entries), code(sha256)]),
    ),
  ]);
}

/** What the product's doctor said and did. Pure. */
export function doctorSection({ doctor }: Report): Markup | null {
  if (!doctor) return null;
  const { exitCode, output, passes, changes } = doctor;
  const names = changes
    ? (['added', 'changed', 'removed'] as const).flatMap((what) =>
        changes[what].map((name) => markup`${what} ${code(name)}`),
      )
    : [];
  const more = (changes?.count ?? 0) - names.length;
  return section('doctor', "The product's doctor", [
    paragraph(
      `It ran ${passes === 1 ? 'once' : `${passes} times`}; exit code ${exitCode}. `,
      changes ? `It changed ${counted(changes.count, 'file')}.` : null,
    ),
    folded(`Show ${counted(names.length, 'file')}`, names.length, list(names)),
    more > 0 ? paragraph(`and ${countText(more)} more: doctor-changes.ndjson in the folder of the run`) : null,
    // The output was made one printable line; its line ends stand in it as \n.
    output === ''
      ? null
      : markup`<details><summary>Show what it said</summary>${commands(output.split('\\n'))}</details>\n`,
  ]);
}

/** What lies where, on either machine. Pure. */
export function keptSection({ parked, saved, oldMachine, fence, deadMan }: Report): Markup | null {
  const here = [
    ...parked.map(
      ({ livePath, parkedPath, restore }) =>
        markup`The former ${code(livePath)} lies in ${code(parkedPath)}; ${code(restore)} puts it back`,
    ),
    ...saved.map(({ what, path }) => markup`${what}: ${code(path)}`),
  ];
  return section('kept', 'What lies where', [
    here.length === 0 ? null : markup`<h3>On the new machine</h3>\n${list(here)}`,
    oldMachine.left.length === 0 ? null : markup`<h3>On the old machine</h3>\n${list(oldMachine.left)}`,
    fence ? paragraph(`Fence of the old gateway: ${fence.fence} (${fence.how}).`) : null,
    deadMan ? paragraph(`Dead-man's switch: ${deadManText(deadMan)}.`) : null,
  ]);
}

/** Every visit to the run, as it was called. Pure. */
export function visitsSection({ visits }: Report): Markup | null {
  const rows = visits.map(({ at, command }) => [moment(at, { withDay: true }), code(`neo-pull ${command}`)]);
  return section('visits', 'How it was called', [table('Every visit to this run', ['When', 'Command'], rows)]);
}
