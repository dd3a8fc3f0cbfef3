import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { FOLDER, HOME, IS_SYSTEM } from './settings.ts';

/** Where unit files are looked for, the first one winning. */
export const FOLDERS = IS_SYSTEM
  ? [join(FOLDER, 'units')]
  : [join(HOME, '.config/systemd/user'), join(HOME, '.local/share/systemd/user')];

const OWN = IS_SYSTEM ? join(FOLDER, 'units') : join(HOME, '.config/systemd/user');

export interface Unit {
  readonly name: string;
  readonly path: string;
  readonly dropIns: readonly string[];
  /** Values by `Section.Key`, in the order of the file; an empty assignment starts a list anew. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** `gateway` and `gateway.service` are the same unit. */
export function unitName(name: string): string {
  return /\.(service|target|socket|timer)$/.test(name) ? name : `${name}.service`;
}

function parse(text: string, values: Map<string, string[]>): void {
  let section = '';
  for (const raw of text.replace(/\\\n/g, ' ').split('\n')) {
    const line = raw.trim();
    if (line.startsWith('[')) section = line.slice(1, -1);
    if (!/^[A-Za-z]+\s*=/.test(line)) continue;
    const key = `${section}.${line.slice(0, line.indexOf('=')).trim()}`;
    const value = line.slice(line.indexOf('=') + 1).trim();
    values.set(key, value === '' ? [] : [...(values.get(key) ?? []), value]);
  }
}

export function isMasked(name: string): boolean {
  const path = join(OWN, name);
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(path) === '/dev/null';
}

/** A unit as its file and drop-ins say now; null when there is no file. */
export function readUnit(name: string): Unit | null {
  const folder = FOLDERS.find((one) => existsSync(join(one, name)));
  if (!folder) return null;
  const values = new Map<string, string[]>();
  parse(readFileSync(join(folder, name), 'utf8'), values);
  const dropInFolder = join(OWN, `${name}.d`);
  const names = existsSync(dropInFolder) ? readdirSync(dropInFolder).filter((one) => one.endsWith('.conf')) : [];
  const dropIns = names.sort().map((one) => join(dropInFolder, one));
  for (const path of dropIns) parse(readFileSync(path, 'utf8'), values);
  return { name, path: join(folder, name), dropIns, values };
}

export function value(unit: Unit, key: string): string | undefined {
  return unit.values.get(key)?.at(-1);
}

/** Splits as systemd does: by blanks, with quotes around words or parts of them. */
export function words(line: string): string[] {
  const found = line.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? [];
  return found.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, (_, a, b, c) => String(a ?? b ?? c).replace(/\\(.)/g, '$1')),
  );
}

/** `5`, `5s`, `500ms`, `1min 30s`, in milliseconds. */
export function milliseconds(span: string): number {
  const factors: Record<string, number> = { '': 1000, s: 1000, sec: 1000, ms: 1, min: 60_000, m: 60_000, h: 3_600_000 };
  const parts = [...span.matchAll(/([\d.]+)\s*([a-z]*)/g)];
  return parts.reduce((sum, [, amount, name]) => sum + Number(amount) * (factors[name ?? ''] ?? 1000), 0);
}

/** The unit's own environment, later lines winning. */
export function environment(unit: Unit): Record<string, string> {
  const pairs = (unit.values.get('Service.Environment') ?? []).flatMap(words);
  const files = (unit.values.get('Service.EnvironmentFile') ?? []).map((path) => path.replace(/^-/, ''));
  const lines = files.filter((path) => existsSync(path)).flatMap((path) => readFileSync(path, 'utf8').split('\n'));
  const all = [...pairs, ...lines.filter((line) => /^\w+=/.test(line))];
  return Object.fromEntries(all.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

function wants(unit: Unit): string[] {
  const targets = [
    ...(unit.values.get('Install.WantedBy') ?? []).flatMap(words).map((target) => `${target}.wants`),
    ...(unit.values.get('Install.RequiredBy') ?? []).flatMap(words).map((target) => `${target}.requires`),
  ];
  return targets.map((target) => join(OWN, target, unit.name));
}

function linkedIn(name: string): string[] {
  if (!existsSync(OWN)) return [];
  const folders = readdirSync(OWN).filter((one) => /\.(wants|requires)$/.test(one));
  return folders.map((one) => join(OWN, one, name)).filter((path) => lstatSync(path, { throwIfNoEntry: false }));
}

export type FileState = 'enabled' | 'disabled' | 'static' | 'masked' | 'missing';

/** What `is-enabled` says: links below `*.wants` are all that enabling is. */
export function fileState(name: string): FileState {
  if (isMasked(name)) return 'masked';
  const unit = readUnit(name);
  if (!unit) return 'missing';
  if (linkedIn(name).length > 0) return 'enabled';
  return wants(unit).length > 0 ? 'disabled' : 'static';
}

/** Makes the links; returns those that are new. */
export function enable(unit: Unit): string[] {
  const made = wants(unit).filter((path) => !lstatSync(path, { throwIfNoEntry: false }));
  for (const path of made) {
    mkdirSync(join(path, '..'), { recursive: true });
    symlinkSync(unit.path, path);
  }
  return made;
}

/** Removes the links; returns those that were there. */
export function disable(name: string): string[] {
  const links = linkedIn(name);
  for (const path of links) rmSync(path);
  return links;
}

/** Every unit that has a file. */
export function unitFiles(): string[] {
  const names = FOLDERS.filter((one) => existsSync(one)).flatMap((one) => readdirSync(one));
  return [...new Set(names.filter((name) => name.endsWith('.service')))].sort();
}

/** Units that come up with the manager itself. */
export function enabledUnits(): string[] {
  return unitFiles().filter((name) => fileState(name) === 'enabled');
}
