import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { plan } from '../../src/visits/plan.ts';
import { sync } from '../../src/visits/sync.ts';
import { listTree } from '../kit/listing.ts';
import { moverFor } from '../kit/mover.ts';
import type { Side } from '../kit/side.ts';
import { populate } from '../kit/state.ts';
import { makeTempLab } from '../kit/temp-lab.ts';

/** The folders of ours: runs and locks, and the copy that waits beside the place of the state dir. */
const OURS = /^(?:\.local\/state\/neo-pull|\.neo-pull)(?:\/|$)/;

/** Puts something before the product that notes what it is called with, and in which home. Gives the notes. */
function noteCalls({ path, product }: Side): () => string[] {
  const notes = join(path, 'calls');
  renameSync(product.bin, `${product.bin}-real`);
  writeFileSync(
    product.bin,
    `#!/bin/sh\nprintf '%s in %s\\n' "$*" "$HOME" >>'${notes}'\nexec '${product.bin}-real' "$@"\n`,
    {
      mode: 0o755,
    },
  );
  return () => (existsSync(notes) ? readFileSync(notes, 'utf8').trimEnd().split('\n') : []);
}

function seenIn(home: string): Record<string, unknown> {
  return Object.fromEntries([...listTree(home)].filter(([path]) => !OURS.test(path)));
}

it.each([
  ['nothing of the product', false],
  ['a state of somebody who tried it out', true],
])(
  'plan and sync write nothing in a home with %s but what is ours, and call the product there for its version only',
  async (_, has) => {
    const lab = await makeTempLab({ sessions: 1 });
    try {
      if (has) await populate({ home: lab.new.home, port: lab.port, sessions: 1 });
      const calls = noteCalls(lab.new);
      const { tools, request, events, stateHome } = moverFor(lab, { asked: { replace: true } });
      // Made beforehand, so that the directory around it keeps its time.
      mkdirSync(stateHome, { mode: 0o700 });
      const was = seenIn(lab.new.home);
      await plan(tools, request, { exitCode: false });
      expect(seenIn(lab.new.home)).toEqual(was);
      const asked = `--version in ${lab.new.home}`;
      expect(new Set(calls())).toEqual(new Set([asked]));
      await sync(tools, request);
      expect(seenIn(lab.new.home)).toEqual(was);
      expect(events.filter(({ type }) => type === 'run.finished').at(-1)).toMatchObject({ outcome: 'staged' });
      // What warms the product up is called in a throwaway home in the folder of the run.
      const writing = calls().filter((call) => call !== asked);
      expect(writing.length).toBeGreaterThan(0);
      for (const call of writing) expect(call).toMatch(new RegExp(` in ${stateHome}/runs/[^/]+/warm$`));
    } finally {
      await lab.destroy();
    }
  },
);
