// Looks at the report page in a real Chromium: npm run check:html, or npm run check:html -- report.html ...
// Each page in light and dark, at 400 and 1280 pixels, and on paper: nothing refused by its policy, nothing requested, nothing that runs,
// nothing wider than the window, and nothing that axe objects to. Pictures of all of it lie in .cache/check-html. Exit 1 when anything is wrong.
// Needs a Chromium: apt-get install chromium, or its path in CHROMIUM.
/* global document, window, getComputedStyle */
import { Buffer } from 'node:buffer';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const LOOKS = ['light', 'dark'].flatMap((scheme) => [400, 1280].map((width) => ({ scheme, width })));

const files = process.argv.slice(2).map((file) => resolve(file));
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const folder = resolve('.cache/check-html');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const executablePath = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path));
if (!executablePath) {
  console.error('check:html: there is no Chromium. Install it (apt-get install chromium), or name it in CHROMIUM.');
  process.exit(1);
}

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
let faults = 0;
try {
  for (const file of files.length > 0 ? files : await samples()) for (const look of LOOKS) await lookAt(file, look);
} finally {
  await browser.close();
}
console.log(`check:html: ${faults === 0 ? 'nothing wrong' : `${faults} wrong`}; pictures in ${folder}`);
process.exitCode = faults === 0 ? 0 : 1;

async function lookAt(file, { scheme, width }) {
  const name = `${basename(file, '.html')}-${scheme}-${width}`;
  const fault = (text) => {
    faults += 1;
    console.error(`${name}: ${text}`);
  };
  // The policy stands for the page as it is; what axe needs is put in past it, by the debugger.
  const context = await browser.newContext({
    colorScheme: scheme,
    viewport: { width, height: 900 },
    deviceScaleFactor: 1,
  });
  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  page.on('console', (message) => fault(`console: ${message.text()}`));
  page.on('pageerror', (error) => fault(`error: ${error.message}`));
  page.on('dialog', (dialog) => fault(`dialog: ${dialog.message()}`) ?? dialog.dismiss());
  page.on('request', (request) => request.url() === url || fault(`requests ${request.url()}`));
  await page.goto(url);
  const { wide, styled } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - window.innerWidth,
    styled: getComputedStyle(document.querySelector('section')).borderRadius,
  }));
  if (wide > 0) fault(`${wide} pixels wider than its window`);
  if (styled === '0px') fault('its style sheet was not taken');
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  for (const summary of await page.locator('summary').all()) await summary.click();
  const opened = await page.locator('details[open]').count();
  if (opened !== (await page.locator('details').count())) fault('something that is folded up does not open by a click');
  for (const link of await page.locator('nav a').all()) {
    const target = await link.getAttribute('href');
    if ((await page.locator(target).count()) !== 1) fault(`the link ${target} leads nowhere`);
  }
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  for (const { id, help, nodes } of violations) fault(`axe ${id}: ${help} (${nodes[0]?.html})`);
  if (scheme === 'dark' && width === 1280)
    await page.pdf({ path: join(folder, `${basename(file, '.html')}.pdf`), format: 'A4' });
  await context.close();
}

/** A move, one that was taken back, and one in which everything foreign is hostile. */
async function samples() {
  const contents = [
    "export { fullReport, hostileReport, rolledBackReport } from './test/cli/report-page/sample-reports.ts';",
    "export { reportPage } from './src/cli/report-page/page.ts';",
  ].join('\n');
  const stdin = { contents, resolveDir: process.cwd(), loader: 'ts' };
  const { outputFiles } = await build({
    stdin,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  const made = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  const reports = { moved: made.fullReport(), 'rolled-back': made.rolledBackReport(), hostile: made.hostileReport() };
  return Object.entries(reports).map(([name, report]) => {
    const file = join(folder, `${name}.html`);
    writeFileSync(file, made.reportPage(report));
    return file;
  });
}
