import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeRepository } from '../git-repository.ts';
import { growNastyTree } from '../tree.ts';
import type { Pen } from './pen.ts';
import type { Places } from './places.ts';

/** The agents' workspaces, each a git repository; the main one with a nasty tree when `files` is not 0. */
export async function writeWorkspaces(pen: Pen, { main, ops, product }: Places, files: number): Promise<void> {
  const notes = {
    'AGENTS.md': '# Who I am\n',
    'SOUL.md': '# Soul\n',
    'TOOLS.md': `look in ${main}\n`,
    'MEMORY.md': '# Memory\n',
  };
  for (const folder of [main, ops]) {
    for (const [name, text] of Object.entries(notes)) pen.file(join(folder, name), text, 0o644);
    pen.file(
      join(folder, `.${product}/workspace-state.json`),
      { version: 1, onboardingCompletedAt: '2026-01-01T00:00:00.000Z' },
      0o644,
    );
    pen.file(join(folder, 'memory/2026-11-20.md'), 'a day\n', 0o644);
    pen.file(join(folder, 'bin/tidy'), '#!/bin/sh\nexit 0\n', 0o775);
    makeRepository(pen.on(folder), notes);
    chmodSync(pen.on(folder), 0o755);
  }
  if (files === 0) return;
  const nasty = pen.on(join(main, 'nasty'));
  mkdirSync(nasty);
  await growNastyTree(nasty, { files });
}
