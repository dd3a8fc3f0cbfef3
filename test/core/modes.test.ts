import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finalMode, roomOf, STAGED_CHMOD, stagedMode, type Placed } from '../../src/core/modes.ts';

const state = { room: 'state', workspaces: ['workspace', 'deep/ws'] } as const;
const workspace = { room: 'workspace', workspaces: [] } as const;
const modes = fc.integer({ min: 0, max: 0o7777 });
const placed: fc.Arbitrary<Placed> = fc.record({
  mode: modes,
  type: fc.constantFrom('file' as const, 'dir' as const),
  path: fc
    .constantFrom('', 'a', 'workspace', 'workspace/a', 'workspace2', 'deep', 'deep/ws/a')
    .map((path) => Buffer.from(path)),
  room: fc.constantFrom('state' as const, 'workspace' as const),
  workspaces: fc.constant(state.workspaces),
});

const file = (path: string, mode: number, where: Pick<Placed, 'room' | 'workspaces'> = state) =>
  finalMode({ mode, type: 'file', path: Buffer.from(path), ...where });
const dir = (path: string, mode: number, where: Pick<Placed, 'room' | 'workspaces'> = state) =>
  finalMode({ mode, type: 'dir', path: Buffer.from(path), ...where });

describe('finalMode', () => {
  it('keeps state for its owner alone, even where it was readable by all (F109, F110)', () => {
    expect(file('.env', 0o644)).toBe(0o600);
    expect(file('identity/device.json', 0o666)).toBe(0o600);
    expect(file('hooks/run.sh', 0o755)).toBe(0o700);
    expect(file('extensions/x/.git/objects/1', 0o444)).toBe(0o400);
    expect(dir('', 0o755)).toBe(0o700);
    expect(dir('credentials', 0o777)).toBe(0o700);
    expect(dir('deep', 0o755)).toBe(0o700);
  });

  it('keeps the modes of a workspace, less writing by group and others', () => {
    expect(file('workspace/run.sh', 0o775)).toBe(0o755);
    expect(file('workspace/notes.md', 0o664)).toBe(0o644);
    expect(file('workspace/secret', 0o600)).toBe(0o600);
    expect(file('deep/ws/.git/hooks/pre-commit', 0o755)).toBe(0o755);
    expect(dir('workspace', 0o775)).toBe(0o755);
    expect(dir('', 0o777, workspace)).toBe(0o755);
    expect(dir('a', 0o500, workspace)).toBe(0o700);
  });

  it('does not take a name for a workspace that only begins like one', () => {
    expect(roomOf({ path: Buffer.from('workspace2/a'), ...state })).toBe('state');
    expect(roomOf({ path: Buffer.from('workspace'), ...state })).toBe('workspace');
    expect(roomOf({ path: Buffer.from('a'), room: 'state', workspaces: [''] })).toBe('state');
    expect(roomOf({ path: Buffer.from('ws/é'), room: 'state', workspaces: ['ws/é'] })).toBe('workspace');
  });

  it('leaves symlinks alone, as their mode means nothing', () => {
    expect(finalMode({ mode: 0o777, type: 'symlink', path: Buffer.from('a'), ...state })).toBe(0o777);
  });

  it('never makes a file looser, never keeps setuid, setgid or sticky, never lets others write, and lets directories be used (F46)', () => {
    fc.assert(
      fc.property(placed, (one) => {
        const final = finalMode(one);
        expect(final & ~0o755).toBe(0);
        expect(final & ~(one.mode | (one.type === 'dir' ? 0o700 : 0))).toBe(0);
        if (one.type === 'dir') expect(final & 0o700).toBe(0o700);
        if (roomOf(one) === 'state') expect(final & 0o077).toBe(0);
      }),
    );
  });

  it('gives the same whether it starts from the old mode or from the staged one, and when it is applied twice', () => {
    fc.assert(
      fc.property(placed, (one) => {
        const final = finalMode(one);
        expect(finalMode({ ...one, mode: stagedMode(one.mode, one.type === 'dir') })).toBe(final);
        expect(finalMode({ ...one, mode: final })).toBe(final);
      }),
    );
  });
});

describe('stagedMode', () => {
  it('is what the real rsync makes of every mode when told so', () => {
    const folder = mkdtempSync(join(tmpdir(), 'np-modes-'));
    try {
      const asked = fc.sample(modes, 120);
      mkdirSync(join(folder, 'old'));
      for (const mode of asked) plantModes(join(folder, 'old'), mode);
      execFileSync('rsync', ['-rp', `--chmod=${STAGED_CHMOD}`, './', '../new/'], { cwd: join(folder, 'old') });
      for (const mode of asked) {
        const modeOf = (name: string) => lstatSync(join(folder, 'new', name)).mode & 0o7777;
        expect([modeOf(`f${mode}`), modeOf(`d${mode}`)]).toEqual([stagedMode(mode, false), stagedMode(mode, true)]);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** A file without reading rights can only be copied by root, so that this account can always read what it plants. */
function plantModes(root: string, mode: number): void {
  const readable = process.getuid?.() === 0 ? mode : mode | 0o700;
  writeFileSync(join(root, `f${mode}`), 'x');
  mkdirSync(join(root, `d${mode}`), { recursive: true });
  chmodSync(join(root, `f${mode}`), readable);
  chmodSync(join(root, `d${mode}`), readable);
}
