import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { foldReport } from '../core/report.ts';
import type { Report } from '../core/report-shape.ts';
import { readJournal } from '../run/journal.ts';
import { redact } from './redact.ts';
import { reportPage } from './report-page/page.ts';
import { reportMarkdown } from './report-markdown.ts';
import type { Secrets } from './secrets.ts';

/** A report, and where it lies for people to read. */
export interface WrittenReport {
  readonly report: Report;
  readonly path: string;
  /** Where it lies as a page for a browser. */
  readonly page: string;
}

/**
 * Makes the report of the run in this folder from its Journal and writes it as `report.json`, `report.md` and `report.html` (0600), each
 * appearing whole or not at all. Repeatable. Rejects with what `readJournal` throws, or the system's error.
 */
export async function writeReport(folder: string, secrets: Secrets): Promise<WrittenReport> {
  // Before it is told in one way or the other: each way has an escape of its own, behind which a secret would not be found.
  const report = secrets.hideIn(await readReport(folder));
  const path = join(folder, 'report.md');
  const page = join(folder, 'report.html');
  await replace(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  await replace(page, reportPage(report));
  await replace(path, reportMarkdown(report));
  return { report, path, page };
}

/** The report of the run in this folder, without anything that looks like a secret. Read-only. Throws what `readJournal` throws. */
export async function readReport(folder: string): Promise<Report> {
  return redact(foldReport(await readJournal(folder))) as Report;
}

async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.draft`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
