import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gitFileOf, rewriteGit } from '../../src/core/git-paths.ts';

const mapping = [
  { from: '/home/al/ws', to: '/home/b o/ws' },
  { from: '/srv/kept', to: '/srv/kept' },
];

describe('gitFileOf', () => {
  it.each([
    ['ws/sub/.git', 'link'],
    ['.git', 'link'],
    ['.git/worktrees/x/gitdir', 'back-link'],
    ['a/.git/modules/sub/worktrees/x/gitdir', 'back-link'],
    ['.git/config', 'config'],
    ['.git/modules/deep/sub/config', 'config'],
    ['.git/worktrees/x/config.worktree', 'config'],
    ['.git/HEAD', null],
    ['.git/worktrees/x/commondir', null],
    ['config', null],
    ['git/config', null],
    ['x.git', null],
  ])('calls %s %s', (path, kind) => {
    expect(gitFileOf(path)).toBe(kind);
  });
});

describe('rewriteGit', () => {
  it('rewrites the place that a worktree names, and the way back to it', () => {
    expect(rewriteGit('gitdir: /home/al/ws/.git/worktrees/x\n', 'link', mapping)).toEqual({
      text: 'gitdir: /home/b o/ws/.git/worktrees/x\n',
      rewrites: [{ at: 'gitdir', from: '/home/al/ws/.git/worktrees/x', to: '/home/b o/ws/.git/worktrees/x' }],
    });
    expect(rewriteGit('/home/al/ws/x/.git\n', 'back-link', mapping).text).toBe('/home/b o/ws/x/.git\n');
  });

  it.each([
    ['link', 'gitdir: ../.git/modules/x\n'],
    ['link', 'gitdir: /home/alice/ws/.git\n'],
    ['link', 'gitdir: /home/al/ws\nand more\n'],
    ['link', '/home/al/ws\n'],
    ['link', 'gitdir: /srv/kept/x\n'],
    ['link', 'gitdir: ~/ws\n'],
    ['back-link', '../x/.git\n'],
    ['back-link', ''],
  ] as const)('leaves a %s that says %j alone (F114)', (kind, text) => {
    expect(rewriteGit(text, kind, mapping)).toEqual({ text, rewrites: [] });
  });

  it('rewrites core.worktree in a config and nothing else there, in quotes where it needs them', () => {
    const config = (tree: string): string =>
      `# worktree = /home/al/ws\n[core]\n\tbare = false\n\tworktree = ${tree}\r\n[remote "/home/al/ws"]\n\turl = /home/al/ws\n\tworktree = /home/al/ws\n`;
    expect(rewriteGit(config('/home/al/ws/t'), 'config', mapping).text).toBe(
      config('/home/b o/ws/t').replace('\r', ''),
    );
    expect(rewriteGit(config('"/home/al/ws/t"'), 'config', mapping).text).toBe(
      config('"/home/b o/ws/t"').replace('\r', ''),
    );
    const odd = [{ from: '/home/al/ws', to: '/srv/a;b' }];
    expect(rewriteGit('[core]\nworktree=/home/al/ws', 'config', odd).text).toBe('[core]\nworktree="/srv/a;b"');
  });

  it.each(['"/home/al/ws\\t"', '/home/al/ws # mine', '../../x'])('leaves core.worktree = %s alone', (value) => {
    const text = `[core]\nworktree = ${value}\n`;
    expect(rewriteGit(text, 'config', mapping).text).toBe(text);
  });

  it('keeps every byte outside the path, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('link', 'back-link', 'config'), (text, kind) => {
        fc.pre(!text.includes('/home/al'));
        expect(rewriteGit(text, kind, mapping).text).toBe(text);
      }),
    );
  });
});
