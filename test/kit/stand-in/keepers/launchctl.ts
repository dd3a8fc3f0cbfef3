import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { keep, keeperOf, standing, want } from './keeper.ts';

const HOME = process.env['HOME'] ?? homedir();
const FOLDER = join(HOME, '.stand-in-launchd');
const OVERRIDES = join(FOLDER, 'disabled.json');

function say(line: string): number {
  process.stderr.write(`${line}\n`);
  return 1;
}

function overrides(): Record<string, boolean> {
  return existsSync(OVERRIDES) ? (JSON.parse(readFileSync(OVERRIDES, 'utf8')) as Record<string, boolean>) : {};
}

function isDomain(text: string): boolean {
  return /^(gui|user)\/\d+$|^system$/.test(text);
}

/** `gui/501/label`; null for anything else. */
function labelIn(target: string): string | null {
  const at = target.lastIndexOf('/');
  return isDomain(target.slice(0, at)) && at < target.length - 1 ? target.slice(at + 1) : null;
}

const folderOf = (label: string): string => join(FOLDER, 'loaded', label);
const unescaped = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

function strings(text: string, key: string): string[] {
  const block = new RegExp(`<key>${key}</key>\\s*<(?:array|dict)>([^]*?)</(?:array|dict)>`).exec(text)?.[1] ?? '';
  return [...block.matchAll(/<(?:string|key)>([^<]*)<\/(?:string|key)>/g)].map((match) => unescaped(match[1] ?? ''));
}

function single(text: string, key: string): string {
  return unescaped(new RegExp(`<key>${key}</key>\\s*<string>([^<]*)</string>`).exec(text)?.[1] ?? '');
}

async function bootstrap(plist: string): Promise<number> {
  const text = readFileSync(plist, 'utf8');
  const label = single(text, 'Label');
  if (overrides()[label] || keeperOf(folderOf(label)) !== null) return say('Bootstrap failed: 5: Input/output error');
  const pairs = strings(text, 'EnvironmentVariables');
  const env = Object.fromEntries(pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] ?? '']] : [])));
  await keep(folderOf(label), {
    argv: strings(text, 'ProgramArguments'),
    env: { HOME, PATH: '/usr/bin:/bin:/usr/sbin:/sbin', ...env },
    cwd: single(text, 'WorkingDirectory') || HOME,
    restartMs: /<key>KeepAlive<\/key>\s*<true\/>/.test(text) ? 500 : null,
    title: 'stand-in-launchd',
  });
  if (/<key>RunAtLoad<\/key>\s*<true\/>/.test(text)) await want(folderOf(label), 'up');
  return 0;
}

function print(target: string, label: string): number {
  if (keeperOf(folderOf(label)) === null) {
    say(`Bad request.\nCould not find service "${label}" in domain for ${dirname(target)}`);
    return 113;
  }
  const { status, pid } = standing(folderOf(label));
  const state = status === 'running' ? 'running' : status === 'restarting' ? 'spawn scheduled' : 'not running';
  const pidLine = pid > 0 ? `\tpid = ${String(pid)}\n` : '';
  process.stdout.write(
    `${target} = {\n\tactive count = 1\n\ttype = LaunchAgent\n\tstate = ${state}\n\n\tendpoints = {\n\t\tstate = inactive\n\t\tpid = 1\n\t}\n${pidLine}}\n`,
  );
  return 0;
}

function printDisabled(): number {
  const lines = Object.entries(overrides()).map(
    ([label, off]) => `\t\t"${label}" => ${off ? 'disabled' : 'enabled'}\n`,
  );
  process.stdout.write(`\tdisabled services = {\n${lines.join('')}\t}\n`);
  return 0;
}

function override(label: string, isOff: boolean): number {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(OVERRIDES, JSON.stringify({ ...overrides(), [label]: isOff }));
  return 0;
}

/** As much of `launchctl` as is known of it; anything else is refused, as it refuses what it does not know. */
export async function launchctl(argv: readonly string[]): Promise<number> {
  const [verb = '', first = '', ...rest] = argv;
  const label = labelIn(first);
  if (verb === 'print-disabled' && isDomain(first) && rest.length === 0) return printDisabled();
  if (verb === 'bootstrap' && isDomain(first) && rest.length === 1) return bootstrap(rest[0] ?? '');
  if (label === null || rest.length > 0) {
    process.stderr.write(`Unrecognized target specifier, or unknown subcommand: ${argv.join(' ')}\n`);
    return 64;
  }
  if (verb === 'print') return print(first, label);
  if (verb === 'enable' || verb === 'disable') return override(label, verb === 'disable');
  if (verb !== 'bootout' && verb !== 'kickstart') return say(`Unrecognized subcommand: ${verb}`);
  if (keeperOf(folderOf(label)) === null) {
    say(`Boot-out failed: 3: No such process`);
    return 3;
  }
  await want(folderOf(label), verb === 'bootout' ? 'gone' : 'up');
  return 0;
}
