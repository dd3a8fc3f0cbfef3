import { expect, test } from 'vitest';
import { namedPaths } from '../../src/checks/named-paths.ts';

const HOMES = { home: '/home/al', newHome: '/home/bo', product: 'smart-agent-neo' } as const;

function pathsIn(config: unknown): string[] {
  const gateway = { configPath: '/home/al/.smart-agent-neo/smart-agent-neo.json', configText: JSON.stringify(config) };
  return namedPaths(gateway, [], HOMES).map(({ path }) => path);
}

// A canary each: what is taken for a path is asked for on both machines, told in the plan and kept in the journal.
test('a secret that begins with a slash is no path, wherever it stands', () => {
  const paths = pathsIn({
    channels: { line: { channelSecret: '/9hrCANARY+x9Zk3Jq8w==' }, x: { botToken: '/home/al/CANARY' } },
    models: { y: { apiKey: '/CANARY/z' }, unheard: ['/CANARY/aGVsbG8='] },
  });
  expect(paths.filter((path) => path.includes('CANARY'))).toEqual([]);
});

test('a path is one, also under a key that nobody has heard of', () => {
  const paths = pathsIn({
    channels: { telegram: { tokenFile: '/home/al/tokens/telegram' } },
    tls: { keyPath: '/strange/key.pem' },
    unheard: { of: '/srv/data/x', also: '~/notes' },
  });
  expect(paths).toEqual(
    expect.arrayContaining(['/home/al/tokens/telegram', '/strange/key.pem', '/srv/data/x', '/home/al/notes']),
  );
});

test('a path behind a flag is one, but not a secret behind one, nor what every system has in its PATH', () => {
  const args = ['--config=/home/al/mcp/fs.json', '--api-key=/home/al/CANARY', 'TOKEN=/home/al/CANARY'];
  const paths = pathsIn({ mcp: { servers: { fs: { args, env: { PATH: '/home/al/bin:/usr/bin:~/.local/bin' } } } } });
  expect(paths).toEqual(expect.arrayContaining(['/home/al/mcp/fs.json', '/home/al/bin', '/home/al/.local/bin']));
  expect(paths.filter((path) => path.includes('CANARY') || path === '/usr/bin')).toEqual([]);
});
