import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Canaries } from '../canaries.ts';

/** Writes below the home on this disk, by the names that the home's own machine uses. */
export interface Pen {
  readonly canaries: Canaries;
  file(path: string, content: string | Buffer | object, mode?: number): void;
  on(path: string): string;
}

/** A pen for the home that its machine calls `home` and that lies at `at` on this disk. */
export function penFor(home: string, at: string): Pen {
  const on = (path: string) => (path.startsWith(home) ? at + path.slice(home.length) : path);
  return {
    canaries: new Canaries(),
    on,
    file(path, content, mode = 0o600) {
      const target = on(path);
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      const isPlain = typeof content === 'string' || Buffer.isBuffer(content);
      writeFileSync(target, isPlain ? content : `${JSON.stringify(content, null, 2)}\n`, { mode });
    },
  };
}

/** A stable id that looks like the product's. */
export function idOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
