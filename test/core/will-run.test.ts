import { describe, expect, it } from 'vitest';
import { commandsIn, jobsIn, namesCommands, runnableAt, scriptsIn } from '../../src/core/will-run.ts';

describe('what runs by its place', () => {
  it.each([
    ['hooks/on-start.sh', 'hook hooks/on-start.sh'],
    ['hooks/mail/handler.ts', 'hook hooks/mail'],
    ['skills/weather/bin/run', 'skill skills/weather'],
    ['extensions/voice/node_modules/a/index.js', 'extension extensions/voice'],
    ['tools/signal-cli/bin/signal-cli', 'tool tools/signal-cli'],
    ['.git/hooks/post-merge', 'git-hook .git/hooks/post-merge'],
    ['credentials/hooks/x', null],
    ['agents/main/sessions/hooks.jsonl', null],
  ])('in a state dir: %s', (path, expected) => {
    const found = runnableAt(path, false);
    expect(found && `${found.kind} ${found.path}`).toBe(expected);
  });

  it.each([
    ['.envrc', 'envrc .envrc'],
    ['skills/weather/SKILL.md', 'skill skills/weather'],
    ['.agents/skills/weather/SKILL.md', 'skill .agents/skills/weather'],
    ['.smart-agent-neo/extensions/x/index.js', 'extension .smart-agent-neo/extensions/x'],
    ['.husky/pre-commit', 'git-hook .husky/pre-commit'],
    ['code/app/.git/hooks/pre-commit', 'git-hook code/app/.git/hooks/pre-commit'],
    ['.git/modules/lib/hooks/post-checkout', 'git-hook .git/modules/lib/hooks/post-checkout'],
    ['.git/hooks/pre-commit.sample', null],
    ['docs/hooks/x', null],
    ['sub/.envrc', null],
  ])('in a workspace: %s', (path, expected) => {
    const found = runnableAt(path, true);
    expect(found && `${found.kind} ${found.path}`).toBe(expected);
  });
});

describe('what runs by what a file says', () => {
  it('is every command of a config, with its arguments and environment, wherever it stands', () => {
    const config = {
      mcp: { servers: { files: { command: 'npx', args: ['-y', 'server'], env: { A: '1' } } } },
      channels: { signal: { cliPath: '/usr/bin/signal-cli' } },
      hooks: [{ runCommand: ['sh', '-c', 'id'] }],
      fine: { command: 3, commands: 'no' },
    };
    expect(commandsIn(config)).toEqual([
      { at: '/mcp/servers/files/command', program: 'npx', text: '["npx",["-y","server"],{"A":"1"}]' },
      { at: '/channels/signal/cliPath', program: '/usr/bin/signal-cli', text: '["/usr/bin/signal-cli",null,null]' },
      { at: '/hooks/0/runCommand', program: 'sh', text: '[["sh","-c","id"],null,null]' },
    ]);
  });

  it('is each job, whatever it did last', () => {
    const job = { id: 'a', name: 'daily', payload: { message: 'x' } };
    const [ran] = jobsIn({ jobs: [{ ...job, state: { lastRunAtMs: 1 } }] });
    expect(ran).toEqual({ name: 'daily', text: JSON.stringify(job) });
    expect(jobsIn({ jobs: [job, null, 'x', { id: 'b' }, {}] }).map(({ name }) => name)).toEqual([
      'daily',
      'b',
      'without a name',
    ]);
    expect(jobsIn([1])).toEqual([]);
  });

  it('is each script of a package.json', () => {
    expect(scriptsIn({ scripts: { postinstall: 'node x', odd: 1 } })).toEqual([
      { name: 'postinstall', text: 'node x' },
    ]);
    expect(scriptsIn(null)).toEqual([]);
  });

  it.each([
    ['[core]\n\thooksPath = /tmp/x\n', true],
    ['[core]\n\tfsmonitor = "sh x"\n', true],
    ['[filter "lfs"]\n\tclean = git-lfs clean\n', true],
    ['[alias]\n\tst = "!sh -c id"\n', true],
    ['[include]\n\tpath = ../x\n', true],
    ['[core]\n\tbare = false\n\tfilemode = true\n[user]\n\tname = olga\n', false],
  ])('is a Git configuration that names commands: %j', (text, expected) => {
    expect(namesCommands(text)).toBe(expected);
  });
});
