import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { problem } from '../../src/core/problem.ts';
import { foldReport } from '../../src/core/report.ts';
import { fullReport, hostileReport, rolledBackReport } from '../cli/report-page/sample-reports.ts';
import { movedJournal } from '../cli/sample.ts';
import { publishedSchema, schemaFaults } from '../kit/report-schema.ts';

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the published schema of report.json', () => {
  it('describes the reports of a move, of one that was taken back, and of one whose every text is foreign', () => {
    for (const make of [fullReport, rolledBackReport, hostileReport])
      expect(schemaFaults(throughJson(make()))).toEqual([]);
  });

  it('describes the report of any beginning of a journal', () => {
    const journal = movedJournal();
    fc.assert(
      fc.property(fc.nat(journal.length), (length) => {
        expect(schemaFaults(throughJson(foldReport(journal.slice(0, length))))).toEqual([]);
      }),
    );
  });

  it('lets a problem bring whatever JSON it has', () => {
    const detail = { root: 'state', places: [{ at: '/a', count: 2, isNew: true, was: null }, 'b'] };
    const warnings = [{ ...problem('clock-skew', { message: 'm', hint: 'h' }), detail }];
    expect(schemaFaults(throughJson({ ...fullReport(), warnings }))).toEqual([]);
  });

  it('is named by the reports, with its version', () => {
    const { $schema, schema } = fullReport();
    expect(publishedSchema()['$id']).toBe($schema);
    expect($schema).toBe(`urn:neo-pull:report:${schema}`);
  });

  it.each([
    ['another version', { schema: 2 }],
    ['an outcome that there is not', { outcome: 'won' }],
    ['a number as text', { exitCode: '0' }],
    ['a step without its state', { steps: [{ id: 'a', title: 'A', at: null, ms: null }] }],
    ['a problem of no known code', { problems: [{ code: 'x', stops: true, message: '', hint: '' }] }],
    ['a field that it does not name', { more: 1 }],
  ])('refuses %s', (_, change) => {
    expect(schemaFaults({ ...fullReport(), ...change })).not.toEqual([]);
  });
});
