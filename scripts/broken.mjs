// Breaks one line of the product for each fault, in a copy of this clone, and sees that the test of that fault turns red: a test that
// stays green when what it holds is broken holds nothing. Arguments choose faults (F1 F107); without any it is all of them. Prints a
// line each, and exits 1 where a test stayed green.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { BROKEN_LINES } from './broken-lines.mjs';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const chosen = process.argv.slice(2);
const broken = BROKEN_LINES.filter(({ fault }) => chosen.length === 0 || chosen.includes(fault));

const copy = mkdtempSync(join(tmpdir(), 'np-broken-'));
const whole = new Map();
let green = 0;
try {
  copyInto(copy);
  for (const one of broken) {
    const began = performance.now();
    const isRed = turnsRed(one);
    if (!isRed) green += 1;
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`${one.fault} ${isRed ? 'red' : 'STAYED GREEN'} ${one.test} (${one.file}, ${seconds} s)`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`Broken lines: ${broken.length - green} of ${broken.length} turned their test red.`);
process.exitCode = green === 0 ? 0 : 1;

/** Everything that git knows of, as it is now; what is installed is only linked. */
function copyInto(folder) {
  const git = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = spawnSync('git', git, { cwd: REPOSITORY, encoding: 'utf8' });
  for (const path of stdout.split('\0').filter(Boolean)) {
    cpSync(join(REPOSITORY, path), join(folder, path), { recursive: true });
  }
  for (const name of ['node_modules', '.cache']) symlinkSync(join(REPOSITORY, name), join(folder, name));
}

function turnsRed({ fault, file, line, becomes, test, name }) {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(line).length !== 2) throw new Error(`${fault}: ${file} does not have this line once: ${line}`);
  const key = `${test} ${name}`;
  if (!whole.has(key)) whole.set(key, outcomeOf(test, name));
  if (whole.get(key) !== 'green') throw new Error(`${fault}: ${key} is ${whole.get(key)} with nothing broken`);
  writeFileSync(
    path,
    text.replace(line, () => becomes),
  );
  const outcome = outcomeOf(test, name);
  writeFileSync(path, text);
  return outcome === 'red';
}

/** A file that cannot even be loaded is no red test, and a name that no test has is no green one. */
function outcomeOf(test, name) {
  const argv = ['vitest', 'run', test, ...(name ? ['-t', name] : [])];
  const env = { ...process.env, NO_COLOR: '1' };
  const { status, stdout } = spawnSync('npx', argv, { cwd: copy, encoding: 'utf8', env });
  if (status === 0 && /Tests +\d+ passed/.test(stdout)) return 'green';
  return status !== 0 && /Tests +\d+ failed/.test(stdout) ? 'red' : `neither green nor red: ${stdout.slice(-500)}`;
}
