import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import JSON5 from 'json5';
import { parseDotEnv } from './dot-env.ts';
import { configPath, stateDir } from './paths.ts';

/** The part of the config that the stand-in knows. */
export interface Config {
  readonly meta?: { lastTouchedVersion?: string };
  readonly gateway?: {
    mode?: string;
    port?: number;
    auth?: { mode?: string; token?: string };
    remote?: { url?: string };
  };
  readonly agents?: {
    defaults?: { workspace?: string };
    list?: { id: string; default?: boolean; workspace?: string; agentDir?: string }[];
  };
  readonly session?: { store?: string };
  readonly channels?: {
    telegram?: { enabled?: boolean; botToken?: string; tokenFile?: string };
    whatsapp?: { enabled?: boolean; authDir?: string };
  };
  readonly hooks?: { gmail?: { account?: string } };
  readonly plugins?: { entries?: Record<string, { enabled?: boolean }> };
}

type Tree = Record<string, unknown>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merge(under: unknown, over: unknown): unknown {
  if (!isTree(under) || !isTree(over)) return over;
  const merged: Tree = { ...under };
  for (const [key, value] of Object.entries(over)) merged[key] = key in merged ? merge(merged[key], value) : value;
  return merged;
}

function include(value: unknown, file: string, depth: number): unknown {
  if (Array.isArray(value)) return value.map((item) => include(item, file, depth));
  if (!isTree(value)) return value;
  const { $include: named, ...own } = value;
  const plain: Tree = {};
  for (const [key, item] of Object.entries(own)) plain[key] = include(item, file, depth);
  if (named === undefined) return plain;
  if (depth > 10) throw new Error(`$include is nested too deeply at ${file}`);
  const parts = (Array.isArray(named) ? named : [named]).map((part) => {
    const path = resolve(dirname(file), String(part));
    return include(JSON5.parse(readFileSync(path, 'utf8')), path, depth + 1);
  });
  return [...parts, plain].reduce(merge);
}

/** `.env` of the state dir; the environment of the process is never overridden by it. */
export function dotEnv(): Record<string, string> {
  const file = join(stateDir(), '.env');
  return existsSync(file) ? parseDotEnv(readFileSync(file, 'utf8')) : {};
}

function substitute(value: unknown, values: Record<string, string | undefined>): unknown {
  if (Array.isArray(value)) return value.map((item) => substitute(item, values));
  if (isTree(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, values)]));
  if (typeof value !== 'string') return value;
  return value.replace(/\$?\$\{([A-Z_][A-Z0-9_]*)\}/g, (whole, name: string) => {
    if (whole.startsWith('$$')) return whole.slice(1);
    const found = values[name];
    if (found === undefined) throw new Error(`Missing env var "${name}" referenced in the config`);
    return found;
  });
}

/** The config as the product sees it: JSON5, `$include` resolved, `${NAME}` put in. Throws when it does not parse. */
export function readConfig(): Config {
  if (!existsSync(configPath())) return {};
  const parsed = JSON5.parse<unknown>(readFileSync(configPath(), 'utf8'));
  const values = { ...dotEnv(), ...process.env };
  return substitute(include(parsed, configPath(), 0), values) as Config;
}

/** The config as it is written in its own file, for commands that write it back. */
export function readOwnConfig(): Tree {
  const parsed = JSON5.parse<unknown>(readFileSync(configPath(), 'utf8'));
  return isTree(parsed) ? parsed : {};
}
