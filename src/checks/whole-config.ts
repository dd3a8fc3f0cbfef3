import { readConfig } from '../core/config-text.ts';
import type { GatewayFacts, Inventory } from '../core/inventory.ts';
import { ProblemError } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { includePath } from './includes.ts';

/** The product follows includes this deep. */
const DEEPEST = 10;
/** Of text put in, all in all: parts that name each other over and over would otherwise fill the memory. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * The config as the product sees it: each `$include` replaced by what it names (several are laid over each other in their
 * order, lists one after the other), and what stands beside it laid over that. A part that is not there or does not parse counts
 * as empty, for pre-flight refuses it. Null without a config. Pure. Throws `config-malformed` for the main file alone.
 */
export function wholeConfig(
  gateway: Pick<GatewayFacts, 'configPath' | 'configText'>,
  includes: Inventory['includes'],
): unknown {
  if (gateway.configText === null) return null;
  const config = readConfig(gateway.configText, printable(gateway.configPath));
  return filledIn(config, {
    file: gateway.configPath,
    depth: 0,
    left: { bytes: MOST_BYTES },
    parts: new Map(includes.map((one) => [one.path, { value: valueOrEmpty(one.text), bytes: one.text.length }])),
  });
}

interface Place {
  readonly file: string;
  readonly depth: number;
  /** How much more may be put in, anywhere. */
  readonly left: { bytes: number };
  readonly parts: ReadonlyMap<string, { readonly value: unknown; readonly bytes: number }>;
}

function filledIn(value: unknown, place: Place): unknown {
  if (Array.isArray(value)) return value.map((one) => filledIn(one, place));
  if (!isObject(value)) return value;
  const { $include: named, ...beside } = value;
  const own = Object.fromEntries(Object.entries(beside).map(([name, inner]) => [name, filledIn(inner, place)]));
  const names = [named].flat().filter((one) => typeof one === 'string');
  if (names.length === 0) return own;
  const parts = names.map((name) => part(name, place));
  const base = parts.reduce<unknown>((under, over) => laidOver(under, over), undefined);
  return Object.keys(own).length === 0 ? base : laidOver(base, own);
}

function part(name: string, { file, depth, left, parts }: Place): unknown {
  const path = includePath(file, name);
  const found = parts.get(path);
  // A name costs something too, or a part could name a million that lead nowhere.
  left.bytes -= (found?.bytes ?? 0) + 1024;
  if (!found || depth >= DEEPEST || left.bytes <= 0) return {};
  return filledIn(found.value, { file: path, depth: depth + 1, left, parts });
}

function valueOrEmpty(text: string): unknown {
  try {
    return readConfig(text);
  } catch (thrown) {
    if (thrown instanceof ProblemError) return {};
    throw thrown;
  }
}

function laidOver(under: unknown, over: unknown): unknown {
  if (Array.isArray(under) && Array.isArray(over)) return [...(under as unknown[]), ...(over as unknown[])];
  if (!isObject(under) || !isObject(over)) return over;
  const names = [...new Set([...Object.keys(under), ...Object.keys(over)])];
  return Object.fromEntries(
    names.map((name) => [name, Object.hasOwn(over, name) ? laidOver(under[name], over[name]) : under[name]]),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
