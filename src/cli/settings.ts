import { z } from 'zod';
import { parseText } from '../core/json-text.ts';
import type { Product } from '../core/product.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { shown } from '../core/shown.ts';
import { PRODUCTS } from '../gateway/product.ts';
import { productFrom } from '../gateway/product-from.ts';
import { printable } from '../host/printable.ts';
import { closest } from './closest.ts';

/** What a settings file says. */
export interface Settings {
  /** Products that are moved like those that neo-pull knows. */
  readonly products: readonly Product[];
}

// Names stand in scripts, patterns and paths: of each no more is taken than the products that are known have in theirs.
const fileName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is no plain file name (letters, digits, dots, dashes)');
const dotName = z
  .string()
  .regex(/^\.[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'is no hidden directory of the home (".name")')
  .regex(
    /^(?!\.(?:ssh|gnupg|config|local|cache|npm|nvm|neo-pull)(?:$|[._-]))/,
    "is a directory of the whole account's",
  );
const variable = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,62}[A-Z0-9]$/, 'is no name of variables (capitals, digits, underscores)');
const title = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u, 'is no title (letters, digits, spaces)');
const listed = <Item extends z.ZodType>(item: Item) => z.array(item).max(8);

const product = z.strictObject({
  title: title.optional(),
  command: fileName.optional(),
  stateDirName: dotName.optional(),
  legacyStateDirNames: listed(dotName).optional(),
  configName: fileName.optional(),
  legacyConfigNames: listed(fileName).optional(),
  envPrefix: variable.optional(),
  legacyEnvPrefixes: listed(variable).optional(),
  unitBase: fileName.optional(),
  legacyUnitBases: listed(fileName).optional(),
  processTitles: z.tuple([fileName, fileName]).optional(),
});

/** One key, one part of what can be set. */
const settings = z.strictObject({ products: z.record(z.string(), product).optional() });

const NAME = /^[a-z][a-z0-9-]{0,38}[a-z0-9]$/;

/** Reads the text of a settings file. Pure. Throws `settings-invalid`, with line and column where it is no JSON5. */
export function settingsIn(text: string, path: string): Settings {
  const parsed = settings.safeParse(parseText(text, { file: path, code: 'settings-invalid' }));
  if (!parsed.success) throw refusal(path, parsed.error);
  const given = Object.entries(parsed.data.products ?? {});
  for (const [name] of given) refuseName(path, name);
  const products = given.map(([name, words]) => productFrom(name, words));
  for (const one of products) refuseSharing(path, one, [...Object.values(PRODUCTS), ...products]);
  return { products };
}

function refuseName(path: string, name: string): void {
  if (Object.hasOwn(PRODUCTS, name)) {
    throw invalid(path, `products.${name} is known to neo-pull by itself`, 'Give yours another name.');
  }
  if (NAME.test(name)) return;
  throw invalid(
    path,
    `products has ${shown(name)}, which is no name of a product`,
    'Give it small letters, digits and dashes, and begin with a letter.',
  );
}

/** Of `~/.neo` and `~/.neo-work` nobody could tell whether the second is a profile of the first. */
function refuseSharing(path: string, mine: Product, all: readonly Product[]): void {
  const { stateDirName: dir } = mine;
  for (const { name, stateDirName, command } of all) {
    if (name === mine.name) continue;
    if (dir === stateDirName || dir.startsWith(`${stateDirName}-`) || stateDirName.startsWith(`${dir}-`)) {
      throw invalid(
        path,
        `products.${mine.name} has the state dir ~/${dir}, and ${name} has ~/${stateDirName}: one would pass for a profile of the other`,
        'Give it a stateDirName of its own.',
      );
    }
    if (command === mine.command)
      throw invalid(path, `products.${mine.name} has the command of ${name}`, 'Give it a command of its own.');
  }
}

/** The first thing that is wrong, with the key that was probably meant. */
function refusal(path: string, error: z.ZodError): ProblemError {
  const [issue] = error.issues;
  if (!issue) throw new Error('a refusal without a reason');
  const at = issue.path.map((part) => printable(String(part))).join('.');
  if (issue.code !== 'unrecognized_keys')
    return invalid(path, `${at === '' ? 'as a whole' : at} ${wordsFor(issue)}`, KEYS_HINT);
  const [unknown = ''] = issue.keys;
  const known = Object.keys((issue.path.length === 0 ? settings : product).shape);
  const meant = closest(unknown, known);
  const hint = `${meant === null ? '' : `Did you mean ${meant}? `}Known there are ${known.join(', ')}.`;
  return invalid(path, `has ${at === '' ? '' : `in ${at} `}the key ${shown(unknown)}, which means nothing there`, hint);
}

const KEYS_HINT = 'See what each key takes: docs/settings.md';

function wordsFor({ code, message }: z.core.$ZodIssue): string {
  return code === 'invalid_format' ? message : `cannot be used: ${message}`;
}

function invalid(path: string, what: string, hint: string): ProblemError {
  return fail('settings-invalid', {
    message: `The settings file ${printable(path)}: ${what}. Nothing was changed.`,
    hint,
  });
}
