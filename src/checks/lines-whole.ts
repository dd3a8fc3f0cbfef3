import { open } from 'node:fs/promises';
import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import type { Check } from '../core/step.ts';
import { printable } from '../host/printable.ts';
import { readManifest } from '../walk/manifest.ts';
import { manifestFile } from './manifests.ts';

const NEWLINE = 10;
const SHOWN = 20;

/**
 * After the stop: does each transcript of the copy end with a whole line? Half a line is what a gateway leaves that was cut off while it
 * wrote. It is told and moved as it is, for it is on the old machine too. Needs the manifest of staging.
 */
export function linesWhole(plan: Plan): Check {
  return {
    id: 'lines-whole',
    title: 'Every transcript ends with a whole line',
    async run({ run }): Promise<readonly Problem[]> {
      const torn: string[] = [];
      for (const root of plan.roots) {
        for await (const { type, path, size } of readManifest(manifestFile(run, root, 'staged'))) {
          if (type !== 'file' || size === 0 || !path.toString('latin1').endsWith('.jsonl')) continue;
          const file = Buffer.concat([Buffer.from(`${root.stagingPath}/`), path]);
          if ((await byteAt(file, size - 1)) !== NEWLINE) torn.push(`${root.oldPath}/${printable(path)}`);
        }
      }
      return torn.length === 0 ? [] : [unfinished(torn)];
    },
  };
}

async function byteAt(file: Buffer, position: number): Promise<number | undefined> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, position);
    return bytesRead === 1 ? buffer[0] : undefined;
  } finally {
    await handle.close();
  }
}

function unfinished(torn: readonly string[]): Problem {
  return problem('line-unfinished', {
    message: `${torn.length === 1 ? 'A transcript ends' : `${torn.length} transcripts end`} in the middle of a line: ${torn.slice(0, 3).join(', ')}${torn.length > 3 ? ', ...' : ''}.`,
    hint: 'The gateway was cut off while it wrote. It is the same on the old machine, and was moved as it is.',
    detail: torn.slice(0, SHOWN),
  });
}
