import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { parseArgs } from 'node:util';
import { followHour } from './follow-hour.ts';
import { forecast } from './forecast.ts';
import { idle } from './idle.ts';
import { p12 } from './p12.ts';
import { p2 } from './p2.ts';
import { p8 } from './p8.ts';
import type { Result } from './target.ts';

const TARGETS = [p2, p8, p12, forecast, followHour, idle];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '60' },
    out: { type: 'string', default: 'bench/results.json' },
  },
});
const unknown = positionals.filter((id) => !TARGETS.some((target) => target.id === id));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: not among ${TARGETS.map(({ id }) => id).join(', ')}`);

const wanted = TARGETS.filter(({ id }) => positionals.length === 0 || positionals.includes(id));
const load = loadavg()[0];
const results: Result[] = [];
for (const { measure } of wanted)
  results.push(...(await measure({ quick: values.quick, minutes: Number(values.minutes) })));

for (const { id, what, target, met, figures } of results) {
  const word = met === null ? '' : met ? 'met' : 'MISSED';
  console.log(`${id.padEnd(12)} ${what}: ${target} ${word}`);
  for (const [name, value] of Object.entries(figures))
    console.log(`${' '.repeat(14)}${name.padEnd(28)} ${value.toFixed(1)}`);
}
const [cpu] = cpus();
const machine = { cpu: cpu?.model ?? '', cores: cpus().length, node: process.version, kernel: release() };
const told = results.map(({ runs, ...rest }) => ({ ...rest, runs: runs.map(Math.round) }));
mkdirSync('bench', { recursive: true });
writeFileSync(
  values.out,
  `${JSON.stringify({ date: new Date().toISOString(), machine, load: [load, loadavg()[0]], targets: told }, null, 2)}\n`,
);
