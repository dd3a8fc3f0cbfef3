// Makes the parts of the documentation that follow from the source: docs/problems.md, docs/left-out.md, docs/report.schema.json, and the
// marked parts of README.md and docs/reliability.md. With --check nothing is written, and exit 1 says what is not up to date. Any number of times.
import { Buffer } from 'node:buffer';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { format } from 'prettier';
import { BROKEN_LINES } from './broken-lines.mjs';
import { reportSchema } from './report-schema.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const { EXIT_MEANING, PROBLEMS, EXCLUDE_TABLE, EXCLUDE_VERSION, flags } = await tables();
const files = new Map([
  ['docs/problems.md', problems()],
  ['docs/left-out.md', leftOut()],
  ['docs/report.schema.json', await format(JSON.stringify(reportSchema()), { parser: 'json', printWidth: 120 })],
  ['README.md', withParts('README.md', { 'exit codes': exitCodes(), flags: flagTables() })],
  ['docs/reliability.md', withParts('docs/reliability.md', { 'broken lines': brokenLines() })],
]);

const stale = [...files].filter(([path, text]) => read(path) !== text);
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`docs: ${path} is not up to date: node scripts/docs.mjs`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  mkdirSync('docs', { recursive: true });
  for (const [path, text] of stale) writeFileSync(path, text);
}

async function tables() {
  const contents = [
    "export { EXIT_MEANING } from './src/core/exit.ts';",
    "export { PROBLEMS } from './src/core/problem.ts';",
    "export { EXCLUDE_TABLE, EXCLUDE_VERSION } from './src/core/exclude.ts';",
    "export * as flags from './src/cli/flags.ts';",
  ].join('\n');
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    write: false,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function withParts(path, parts) {
  return Object.entries(parts).reduce(
    (text, [name, part]) =>
      text.replace(
        new RegExp(`(<!-- ${name}: made by scripts/docs.mjs -->\n)[^]*?(<!-- /${name} -->)`),
        (_, begin, end) => `${begin}\n${part}\n\n${end}`,
      ),
    read(path),
  );
}

/** Throws for a line that its file does not have once: what is said of it would be no longer so. */
function brokenLines() {
  const rows = BROKEN_LINES.map(({ fault, file, line, test, name }) => {
    if (read(file).split(line).length !== 2)
      throw new Error(`scripts/broken-lines.mjs, ${fault}: not once in ${file}: ${line}`);
    const code = line.replace(/\s+/g, ' ');
    const which = name ? `\`${test}\`: ${name.replaceAll('|', '; ')}` : `\`${test}\``;
    return [fault, which, `\`${file}\``, `\`\`${code}\`\``];
  });
  return table(['fault', 'test', 'file', 'line that, broken, turns it red'], rows);
}

function exitCodes() {
  const rows = Object.entries(EXIT_MEANING).map(([code, { meaning, running }]) => [code, meaning, running]);
  return table(['code', 'meaning', 'who runs the gateway'], rows);
}

function flagTables() {
  const names = [
    'CONNECTION',
    'GATEWAY',
    'CONSENT',
    'DRY_RUN',
    'CUTOVER',
    'LIMIT',
    'AFTER_COMMIT',
    'OUTPUT',
    'EXIT_CODE',
  ];
  const ranked = Object.entries(flags).sort(([one], [other]) => rank(names, one) - rank(names, other));
  const all = ranked.flatMap(([, group]) => Object.entries(group));
  const shown = [...new Map(all)].filter(([, { hidden }]) => !hidden);
  const found = [...new Set(shown.map(([, { group }]) => group))];
  const groups = [...found.filter((group) => !isPatience(group)), ...found.filter(isPatience)];
  return groups
    .map((group) => {
      const rows = shown
        .filter(([, option]) => option.group === group)
        .map(([name, { alias, describe }]) => [`\`${alias ? `-${alias}, ` : ''}--${name}\``, describe]);
      return `**${group.replace(/:$/, '')}**\n\n${table(['flag', 'what it does'], rows)}`;
    })
    .join('\n\n');
}

/** What hardly anybody needs stands at the end. */
function isPatience(group) {
  return group.startsWith('Patience');
}

/** Tables that are not named come last. */
function rank(names, table) {
  const at = names.indexOf(table.replace(/_FLAGS?$/, ''));
  return at < 0 ? names.length : at;
}

function problems() {
  const codes = [...new Set(Object.values(PROBLEMS).map(({ exit }) => exit))].sort((one, other) => one - other);
  const sections = codes.map((code) => {
    const rows = Object.entries(PROBLEMS)
      .filter(([, { exit }]) => exit === code)
      .map(([name, { stops, why }]) => [`\`${name}\``, stops ? 'stops' : 'warns', why]);
    const title = `## Exit code ${code}: ${EXIT_MEANING[code].meaning}`;
    return `${title}\n\n${table(['code', '', 'why'], rows)}`;
  });
  const intro = `# Problems

Every Problem that neo-pull tells has one of these codes: on the terminal, in \`--json\`, in the journal and in the report. The exit code is
that of a Problem which ends a run with nothing to put back; one that ends a cutover is put back first, and the run then ends with 8, 9 or 13.

<!-- made by scripts/docs.mjs -->`;
  return `${[intro, ...sections].join('\n\n')}\n`;
}

function leftOut() {
  const rooms = { any: 'Everywhere', state: 'In the state dir', workspace: 'In workspaces' };
  const sections = Object.entries(rooms).flatMap(([room, title]) => {
    const rows = EXCLUDE_TABLE.filter((rule) => rule.room === room).map(({ pattern, reason }) => [
      `\`${pattern}\``,
      reason,
    ]);
    return rows.length === 0 ? [] : [`## ${title}\n\n${table(['pattern', 'why'], rows)}`];
  });
  const intro = `# What is left out

Version ${EXCLUDE_VERSION} of the table. A leading \`/\` is the top of a root, a trailing \`/\` means directories only, \`*\` and \`?\` stay within one name.
Workspaces are copied whole but for what is listed for them; \`--exclude\` adds patterns of your own. The report of a run says what each rule left out.

<!-- made by scripts/docs.mjs -->`;
  return `${[intro, ...sections].join('\n\n')}\n`;
}

function table(heads, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}
