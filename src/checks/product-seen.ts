import path from 'node:path';
import type { ProductFacts, ServiceFacts } from '../core/inventory.ts';
import type { AnyProduct } from '../core/product.ts';
import { productNames } from '../gateway/product.ts';
import { valueOf, type Answer } from './survey-answer.ts';

/** How a service starts the product: by a Node and an entry, or (entry `''`) by the product itself. */
export interface Launch {
  readonly program: string;
  readonly entry: string;
  readonly unit: string;
}

/** What service definitions say of where the product is, running ones first. Pure. */
export function launchesOf(services: readonly ServiceFacts[], product: AnyProduct): Launch[] {
  const byUse = [...services].sort((a, b) => Number(b.active) - Number(a.active));
  return byUse.flatMap(({ execStart, unit }) => {
    const [program = '', ...rest] = execStart;
    if (!program.startsWith('/')) return [];
    if (path.posix.basename(program) === productNames(product).command) return [{ program, entry: '', unit }];
    const entry = rest.find((word) => /\.[cm]?js$/.test(word));
    const isNode = /^(node|nodejs|bun)[\d.-]*$/.test(path.posix.basename(program));
    return isNode && entry?.startsWith('/') ? [{ program, entry, unit }] : [];
  });
}

/** Reads the part of an answer to `GATEWAY_SCRIPT` that tells of the product; null when it was not found. Pure. */
export function productSeen(answer: Answer): ProductFacts | null {
  const foundBy = valueOf(answer, 'product.found-by');
  const binDir = valueOf(answer, 'product.bin-dir');
  if (foundBy === null || binDir === null) return null;
  const node = valueOf(answer, 'product.node');
  const entry = valueOf(answer, 'product.entry');
  const program = entry ?? valueOf(answer, 'product.bin') ?? '';
  const argv = entry === null ? [program] : node === null ? [] : [node, entry];
  if (argv.length === 0 || program === '') return null;
  return { path: program, foundBy, argv, binDir, node, version: versionIn(valueOf(answer, 'product.version') ?? '') };
}

/** The first thing that looks like a version of the product: `2026.2.26`, `2026.3.13-1`. Null without one. Pure. */
export function versionIn(text: string): string | null {
  return /(?<![\d.])\d{4}\.\d{1,4}\.\d{1,6}(?:-[\w.+-]{1,40})?/.exec(text)?.[0] ?? null;
}
