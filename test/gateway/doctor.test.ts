import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDoctor } from '../../src/gateway/doctor.ts';
import { fixture } from './fixture.ts';

const UNREWRITTEN = fixture('doctor-unrewritten.txt');

describe("reading the doctor's output", () => {
  it('counts missing and orphaned transcripts, across wrapped lines and text that sticks out of its box', () => {
    const report = readDoctor(UNREWRITTEN);
    expect(report.missingTranscripts).toBe(4); // 3 of 7, and the main session by name
    expect(report.orphans).toBe(3); // not the 4 that "changes" speaks of
    expect(report.integrity).toHaveLength(4);
    expect(report.integrity[1]).toMatch(/^3\/7 recent sessions are missing transcripts\. Look at the store/);
  });

  it('names its sections', () => {
    expect(readDoctor(UNREWRITTEN).sections.map((section) => section.title)).toEqual([
      '',
      'Doctor changes',
      'State integrity',
      'Gateway',
    ]);
  });

  it('finds nothing in a clean one, which may well say that there are no orphans', () => {
    expect(readDoctor(fixture('doctor-clean.txt'))).toMatchObject({ missingTranscripts: 0, orphans: 0, integrity: [] });
  });

  it('reads boxes drawn in ASCII', () => {
    const ascii = UNREWRITTEN.replace(/[│]/g, '|').replace(/◇/g, 'o').replace(/─/g, '-').replace(/[╮├╯]/g, '+');
    expect(readDoctor(ascii)).toMatchObject({ missingTranscripts: 4, orphans: 3 });
  });

  it('reads it in colour', () => {
    const coloured = UNREWRITTEN.replace(/[│◇─]/gu, '\u001b[90m$&\u001b[39m');
    expect(readDoctor(coloured)).toMatchObject({ missingTranscripts: 4, orphans: 3 });
  });

  it('reads a text without boxes as one section', () => {
    const report = readDoctor('1/2 recent sessions are missing transcripts.\nFound 2 orphan transcript files.\n');
    expect(report).toMatchObject({ missingTranscripts: 1, orphans: 2, integrity: [] });
  });

  // F124
  it('never throws, whatever it is given', () => {
    const piece = fc.oneof(
      fc.constantFrom('│', '◇  ', '─────╮', '├───╯', '\n', '- ', '1/2 ', ' missing transcripts'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        readDoctor(pieces.join(''));
      }),
      { numRuns: 10_000 },
    );
  });
});
