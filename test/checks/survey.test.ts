import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../src/core/host.ts';
import { survey, surveyIdentity, type SurveyOptions } from '../../src/checks/survey.ts';
import { clock, Machine, snapshot } from './machine.ts';

let machine: Machine;
beforeEach(async () => (machine = await Machine.make()));
afterEach(() => machine.destroy());

const product = 'smart-agent-neo';
const uid = process.getuid?.() ?? 0;

function look(options: Partial<SurveyOptions> = {}, env: Readonly<Record<string, string>> = {}) {
  return survey(machine.host(env), { product, clock, ...options });
}

async function state(dir: string, config = '{}'): Promise<string> {
  await machine.file(`${dir}/smart-agent-neo.json`, config);
  return path.isAbsolute(dir) ? dir : path.join(machine.home, dir);
}

async function unit(name: string, service: string): Promise<string> {
  return machine.file(`.config/systemd/user/${name}`, `[Service]\n${service}\n`);
}

/** A service manager that knows one running unit. */
async function systemctl(mainPid: number): Promise<void> {
  await machine.file(
    path.join(machine.bin, 'systemctl'),
    `#!/bin/sh
[ "$1" = --user ] || exit 1
case "$2" in
  is-system-running) echo degraded; exit 1 ;;
  is-enabled) echo enabled ;;
  is-active) echo active ;;
  show) echo MainPID=${String(mainPid)} ;;
  *) exit 1 ;;
esac
`,
    0o755,
  );
  await machine.file(path.join(machine.bin, 'loginctl'), '#!/bin/sh\necho Linger=no\n', 0o755);
}

describe('the machine', () => {
  test('is told with its account, clock, rsync and identity', async () => {
    const facts = await look();
    expect(facts).toMatchObject({
      platform: process.platform,
      arch: process.arch,
      uid,
      home: machine.home,
      realHome: machine.home,
      shell: '/bin/bash',
      product: null,
      gateways: [],
      userServices: false,
    });
    expect(Math.abs(facts.clockSkewMs)).toBeLessThan(1000);
    expect(facts.machineId).toMatch(/^\S{16,}$/);
    expect(facts.bootId).toBe((await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim());
    expect(facts.rsync?.path).toMatch(/\/rsync$/);
    expect(facts.rsync?.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(facts.rsync?.capabilities).toEqual(expect.arrayContaining(['acls', 'xattrs', 'secluded-args']));
    const { machineId, bootId, hostname } = facts;
    expect(await surveyIdentity(machine.host(), { clock })).toMatchObject({ machineId, bootId, hostname });
  });

  test('has a clock that is behind or ahead by what it is, however long the look takes (F77)', async () => {
    await machine.file(path.join(machine.bin, 'date'), '#!/bin/sh\nexec /bin/date -d "1 hour ago" "$@"\n', 0o755);
    expect((await look()).clockSkewMs).toBeCloseTo(-3_600_000, -4);
    await machine.file(path.join(machine.bin, 'date'), '#!/bin/sh\necho "$(/bin/date +%s)N"\n', 0o755);
    expect(Math.abs((await look()).clockSkewMs)).toBeLessThan(2000);
  });

  test('may lack a rsync, and may have one that no package manager owns', async () => {
    await machine.file(
      path.join(machine.bin, 'rsync'),
      '#!/bin/sh\necho "openrsync: protocol version 29"\necho "rsync version 2.6.9 compatible"\n',
      0o755,
    );
    expect((await look()).rsync).toEqual({
      path: path.join(machine.bin, 'rsync'),
      foundBy: 'PATH',
      version: '2.6.9',
      flavour: 'openrsync',
      protocol: 29,
      packageVersion: null,
      capabilities: [],
    });
  });

  test('enforces SELinux where getenforce says so', async () => {
    const says = (mode: string): Promise<string> =>
      machine.file(path.join(machine.bin, 'getenforce'), `#!/bin/sh\necho ${mode}\n`, 0o755);
    await says('Permissive');
    expect((await look()).selinux).toBe(false);
    await says('Enforcing');
    expect((await look()).selinux).toBe(true);
  });

  test('is looked at without changing anything on it (I4)', async () => {
    const bin = await machine.product('.nvm/versions/node/v22.1.0');
    await machine.file('.bashrc', `export PATH=${path.dirname(bin)}:$PATH\n`);
    await state('.smart-agent-neo');
    await unit('smart-agent-neo-gateway.service', `ExecStart=/nonexistent gateway`);
    const before = await snapshot(machine.root);
    const facts = await look();
    expect(facts.product?.path).toBe(bin);
    expect(await snapshot(machine.root)).toEqual(before);
  });
});

describe('the product', () => {
  test('is what the service starts, by its own Node, before anything on PATH', async () => {
    const bin = await machine.product('.nvm/versions/node/v22.1.0', { version: 'SmartAgentNeo 2026.3.13 (61d171a)' });
    await machine.product(machine.root, { version: '2026.1.1' });
    const node = path.join(path.dirname(bin), 'node');
    const entry = path.join(machine.home, '.nvm/versions/node/v22.1.0/lib/node_modules/smart-agent-neo/dist/index.js');
    await unit(
      'smart-agent-neo-gateway.service',
      `ExecStart=${node} --max-old-space-size=99 ${entry} gateway --port 1234`,
    );
    expect((await look()).product).toEqual({
      path: entry,
      foundBy: 'unit smart-agent-neo-gateway.service',
      argv: [node, entry],
      binDir: path.dirname(bin),
      version: '2026.3.13',
      node,
    });
  });

  test('is looked for elsewhere when the service names a Node that is gone', async () => {
    const bin = await machine.product(machine.root);
    await unit('smart-agent-neo-gateway.service', 'ExecStart=/gone/bin/node /gone/dist/index.js gateway');
    expect((await look()).product).toMatchObject({ path: bin, foundBy: 'PATH', argv: [bin], version: '2026.2.26' });
  });

  test('is what the person named, and nothing else', async () => {
    await machine.product(machine.root);
    const bin = await machine.product('my tools; $(touch pwned)', { version: '2026.9.6' });
    expect((await look({ productBin: bin })).product).toMatchObject({
      path: bin,
      foundBy: 'flag',
      version: '2026.9.6',
    });
    const tilde = bin.replace(machine.home, '~');
    expect((await look({ productBin: tilde })).product?.path).toBe(bin);
    await expect(look({ productBin: '/no/such' })).rejects.toMatchObject({ problem: { code: 'option-invalid' } });
    await expect(look({ productBin: 'relative' })).rejects.toMatchObject({ problem: { code: 'option-invalid' } });
    await expect(look({ stateDir: 'relative' })).rejects.toMatchObject({ problem: { code: 'option-invalid' } });
  });

  test.each([
    ['.profile', '/bin/bash', 'login shell (-lc)'],
    ['.bashrc', '/bin/bash', 'login shell (-ilc)'],
    ['.zprofile', '/usr/bin/zsh', 'login shell (-lc)'],
    ['.zshrc', '/usr/bin/zsh', 'login shell (-ilc)'],
    ['.config/fish/config.fish', '/usr/bin/fish', 'login shell (-lc)'],
    ['.tcshrc', '/usr/bin/tcsh', 'login shell (-c)'],
  ])('is found where only %s of %s puts it on PATH, however much that prints (F115)', async (rc, shell, foundBy) => {
    expect(existsSync(shell), `${shell} is part of the test machine`).toBe(true);
    const bin = await machine.product('elsewhere');
    const dir = path.dirname(bin);
    const set = shell.endsWith('tcsh') ? `setenv PATH "${dir}:$PATH"` : `export PATH="${dir}:$PATH"`;
    const guard = rc === '.bashrc' ? 'case $- in *i*) ;; *) return ;; esac\n' : '';
    if (rc === '.bashrc') await machine.file('.profile', '. ~/.bashrc\n');
    await machine.file(rc, `${guard}echo Welcome; printf no-newline\n${set}\necho "NP-PRODUCT:relative/trap"\n`);
    const facts = await look({}, { SHELL: shell });
    expect(facts.product).toMatchObject({
      path: bin,
      foundBy,
      binDir: dir,
      node: path.join(dir, 'node'),
      version: '2026.2.26',
    });
  });

  test('is found past rc files that never end, ask or leave (F115)', async () => {
    const bin = await machine.product('.volta');
    await machine.file('.bash_profile', 'read -r answer; exit 3\n');
    expect((await look()).product).toMatchObject({ path: bin, foundBy: 'well-known directory' });
  });

  test.each([
    ['.local/share/fnm/node-versions/v22.1.0/installation', 'version manager'],
    ['.fnm/node-versions/v22.1.0/installation', 'version manager'],
    ['.asdf/installs/nodejs/22.1.0', 'version manager'],
    ['.local/share/mise/installs/node/22.1.0', 'version manager'],
    ['.npm-global', 'well-known directory'],
    ['.local', 'well-known directory'],
    ['.volta', 'well-known directory'],
    ['.bun', 'well-known directory'],
  ])('is found in %s, although no start-up file names it (F116)', async (place, foundBy) => {
    const bin = await machine.product(place);
    expect((await look()).product).toMatchObject({ path: bin, foundBy, version: '2026.2.26' });
  });

  test.each(['.asdf/shims', '.local/share/pnpm', '.yarn/bin'])('is found as a shim in %s (F116)', async (place) => {
    const bin = await machine.file(`${place}/smart-agent-neo`, '#!/bin/sh\nexec echo 2026.2.26\n', 0o755);
    expect((await look()).product).toMatchObject({ path: bin, foundBy: 'well-known directory', version: '2026.2.26' });
  });

  test('is the newest of those that a version manager has', async () => {
    await machine.product('.nvm/versions/node/v9.9.9', { version: '2025.1.1' });
    const bin = await machine.product('.nvm/versions/node/v22.10.0');
    await machine.product('.nvm/versions/node/v22.9.0', { version: '2025.1.2' });
    expect((await look()).product).toMatchObject({ path: bin, foundBy: 'version manager', version: '2026.2.26' });
  });

  test('is found where npm was told to put it', async () => {
    const bin = await machine.product('npm here');
    await machine.file('.npmrc', 'color=false\nprefix = ${HOME}/npm here\n');
    expect((await look()).product).toMatchObject({ path: bin, foundBy: 'npm prefix' });
  });

  test('has the Node of the login shell where its own directory has none', async () => {
    const bin = await machine.file('pnpm/smart-agent-neo', '#!/bin/sh\nexec node -p "\'2026.2.26\'"\n', 0o755);
    const nodes = path.join(machine.home, 'nodes');
    await mkdir(nodes);
    await symlink(process.execPath, path.join(nodes, 'node'));
    await machine.file('.profile', `PATH=$HOME/pnpm:$HOME/nodes:$PATH\n`);
    const facts = await look({}, { PATH: await withoutNode() });
    expect(facts.product).toMatchObject({
      path: bin,
      binDir: nodes,
      node: path.join(nodes, 'node'),
      version: '2026.2.26',
    });
  });

  test('that says nothing, too much or hangs has no version, and one without a Node that runs has none', async () => {
    const bin = await machine.file('bin/smart-agent-neo', '#!/bin/sh\nyes 2026 | head -c 100000000\n', 0o755);
    await machine.file('bin/node', '#!/bin/sh\nexit 1\n', 0o755);
    expect((await look()).product).toMatchObject({ path: bin, version: null, node: null });
  });

  /** The programs of this machine but for any Node. */
  async function withoutNode(): Promise<string> {
    const dir = path.join(machine.root, 'tools');
    await mkdir(dir);
    for (const tool of [
      'sh',
      'bash',
      'timeout',
      'head',
      'tr',
      'sed',
      'awk',
      'id',
      'uname',
      'date',
      'cat',
      'find',
      'sort',
      'tail',
      'cut',
      'wc',
      'ls',
      'grep',
      'env',
      'sleep',
    ]) {
      await symlink(`/usr/bin/${tool}`, path.join(dir, tool));
    }
    return dir;
  }
});

describe('gateways', () => {
  test('are those of each state dir with a config, agents or credentials', async () => {
    await state('.smart-agent-neo', '{ gateway: { port: 1234 } } // mine');
    await machine.file('.smart-agent-neo/delivery-queue/1.json', '{}');
    await machine.file('.smart-agent-neo/delivery-queue/failed/2.json', '{}');
    await machine.file('.smart-agent-neo-work/agents/main/x', 'x');
    await machine.file('.smart-agent-neo-empty/x', 'x');
    await machine.file('.smart-agent-neo.bak/smart-agent-neo.json', '{}');
    const { gateways } = await look();
    expect(gateways.map(({ profile, configText, queued }) => ({ profile, configText, queued }))).toEqual([
      { profile: 'default', configText: '{ gateway: { port: 1234 } } // mine', queued: 1 },
      { profile: 'work', configText: null, queued: 0 },
    ]);
    expect(gateways[0]).toMatchObject({
      stateDir: path.join(machine.home, '.smart-agent-neo'),
      configPath: path.join(machine.home, '.smart-agent-neo/smart-agent-neo.json'),
      sources: ['default'],
      service: null,
      process: null,
      entries: 6,
    });
  });

  test('are told with spaces, quotes and newlines in their paths as they are (F55)', async () => {
    for (const name of ['-a b', "-'q'", '-$IFS;id', '-new\nline', '-end\n']) await state(`.smart-agent-neo${name}`);
    const dir = await state(path.join(machine.home, '-dash\n"x"'));
    const { gateways } = await look({ stateDir: dir });
    expect(gateways.map((gateway) => gateway.realStateDir).sort()).toEqual(
      [
        dir,
        ...['-a b', "-'q'", '-$IFS;id', '-new\nline', '-end\n'].map(
          (name) => `${machine.home}/.smart-agent-neo${name}`,
        ),
      ].sort(),
    );
  });

  test('are one when a symlink gives it two names', async () => {
    await state('real');
    await symlink('real', path.join(machine.home, '.smart-agent-neo'));
    const { gateways } = await look({ stateDir: path.join(machine.home, 'real') });
    expect(gateways).toHaveLength(1);
    expect(gateways[0]).toMatchObject({ realStateDir: path.join(machine.home, 'real'), sources: ['flag', 'default'] });
  });

  test('of the other product are looked for under its earlier names too', async () => {
    await machine.file('.clawdbot/openclaw.json', '{}');
    const { gateways } = await look({ product: 'openclaw' });
    expect(gateways).toMatchObject([{ profile: 'default', stateDir: path.join(machine.home, '.clawdbot') }]);
  });

  test('name what this account cannot read (F108)', async () => {
    await chmod(machine.root, 0o755);
    await state('.smart-agent-neo');
    const file = await machine.file('.smart-agent-neo/closed\nfile', 'x', 0);
    const dir = path.join(machine.home, '.smart-agent-neo/closed');
    await mkdir(dir);
    await chmod(dir, 0o600);
    const config = await machine.file('.smart-agent-neo-p/smart-agent-neo.json', '{}', 0);
    const { gateways } = await survey(asNobody(machine.host()), { product, clock });
    expect(gateways.map((gateway) => [...gateway.unreadable].sort())).toEqual([[dir, file], [config]]);
    expect(gateways[1]?.configText).toBeNull();
  });

  test('of a service are told with its manager, its drop-ins and its process', async () => {
    const dir = await state('data/neo');
    const pid = await machine.start('smart-agent-neo-gateway', { SMART_AGENT_NEO_STATE_DIR: dir });
    await systemctl(pid);
    const file = await unit(
      'smart-agent-neo-gateway-p.service',
      'ExecStart=/x/node /x/index.js gateway\nEnvironment=A=1',
    );
    await machine.file(`${file}.d/state.conf`, `[Service]\nEnvironment=SMART_AGENT_NEO_STATE_DIR=${dir}\n`);
    const facts = await look();
    expect(facts).toMatchObject({ userServices: true, linger: false });
    expect(facts.gateways).toHaveLength(1);
    expect(facts.gateways[0]).toMatchObject({
      profile: 'p',
      stateDir: dir,
      sources: ['unit smart-agent-neo-gateway-p.service', `running process ${String(pid)}`],
      service: {
        unit: 'smart-agent-neo-gateway-p.service',
        unitPath: file,
        enabled: true,
        active: true,
        mainPid: pid,
        environment: { A: '1', SMART_AGENT_NEO_STATE_DIR: dir },
      },
      process: { pid },
    });
  });

  test('of a service are told with each file that sets a variable, and the values of none that may be a secret (F55)', async () => {
    const dir = await state('data/neo');
    const env = await machine.file(
      'etc/neo file.env',
      `# c\nSMART_AGENT_NEO_STATE_DIR="${dir}"\nANTHROPIC_API_KEY=CANARY-1\nHUE=CANARY-2\n; d\n\nnot a variable\n`,
    );
    const file = await unit(
      'smart-agent-neo-gateway.service',
      `ExecStart=/x gateway --port 3000\nEnvironmentFile=-%h/etc/neo file.env\nEnvironment=SMART_AGENT_NEO_STATE_DIR=/beaten A_TOKEN=CANARY-3\nEnvironmentFile=/not/there`,
    );
    await machine.file(`${file}.d/p.conf`, '[Service]\nEnvironment=SMART_AGENT_NEO_PROFILE=p\n');
    const { gateways } = await look();
    expect(gateways).toHaveLength(1);
    const by = `unit smart-agent-neo-gateway.service`;
    expect(gateways[0]?.service?.setBy).toEqual({
      SMART_AGENT_NEO_STATE_DIR: `file ${env}`,
      A_TOKEN: 'unit',
      SMART_AGENT_NEO_PROFILE: 'drop-in p.conf',
      ANTHROPIC_API_KEY: `file ${env}`,
      HUE: `file ${env}`,
    });
    expect(gateways[0]?.sayings).toEqual([
      { what: 'state dir', value: dir, sources: [`${by} (file ${env})`] },
      { what: 'config', value: `${dir}/smart-agent-neo.json`, sources: ['default'] },
      { what: 'profile', value: 'p', sources: [`${by} (drop-in p.conf)`] },
      { what: 'port', value: '3000', sources: [by] },
    ]);
    expect(JSON.stringify(gateways)).not.toContain('CANARY');
  });

  test('that were given a state dir without a config read the one in the usual place, as the product does', async () => {
    const usual = await state('.smart-agent-neo', '{ gateway: { port: 7 } }');
    await machine.file('data/neo/agents/main/x', 'x');
    const dir = path.join(machine.home, 'data/neo');
    await unit('smart-agent-neo-gateway.service', `ExecStart=/x gateway\nEnvironment=SMART_AGENT_NEO_STATE_DIR=${dir}`);
    const found = (await look()).gateways.find((gateway) => gateway.stateDir === dir);
    expect(found).toMatchObject({
      configPath: `${usual}/smart-agent-neo.json`,
      configText: '{ gateway: { port: 7 } }',
    });
    expect(found?.sayings).toContainEqual({
      what: 'config',
      value: `${usual}/smart-agent-neo.json`,
      sources: ['default (the state dir holds none)'],
    });
    await state('data/neo', '{}');
    const own = (await look()).gateways.find((gateway) => gateway.stateDir === dir);
    expect(own).toMatchObject({ configPath: `${dir}/smart-agent-neo.json`, configText: '{}' });
  });

  test('with --profile look for their config nowhere else', async () => {
    await state('.smart-agent-neo');
    await machine.file('.smart-agent-neo-p/agents/main/x', 'x');
    await unit('smart-agent-neo-gateway-p.service', 'ExecStart=/x --profile p gateway');
    const found = (await look()).gateways.find((gateway) => gateway.profile === 'p');
    expect(found).toMatchObject({ configText: null });
    expect(found?.configPath).toBe(path.join(machine.home, '.smart-agent-neo-p/smart-agent-neo.json'));
  });

  test('of the other product are found by the variables, the config name and the folder of its earlier name', async () => {
    await machine.file('old/clawdbot.json', '{}');
    const dir = path.join(machine.home, 'old');
    await machine.file('real/openclaw.json', '{}');
    await symlink('real', path.join(machine.home, '.clawdbot'));
    const pid = await machine.start('openclaw-gateway', { CLAWDBOT_STATE_DIR: dir });
    const { gateways } = await look({ product: 'openclaw' });
    expect(gateways.map(({ stateDir, configPath, sources }) => ({ stateDir, configPath, sources }))).toEqual([
      { stateDir: dir, configPath: `${dir}/clawdbot.json`, sources: [`running process ${String(pid)}`] },
      {
        stateDir: path.join(machine.home, '.clawdbot'),
        configPath: path.join(machine.home, '.clawdbot/openclaw.json'),
        sources: ['default (folder of an earlier name)'],
      },
    ]);
    expect(gateways[0]?.process?.exe).toBe(process.execPath);
  });

  test('are told with the names in their .env and of what rc files export, and with no value of any', async () => {
    await state('.smart-agent-neo');
    await machine.file('.smart-agent-neo/.env', '# c\nKEY=CANARY-1\n export OTHER = "CANARY-2"\nno=CANARY\n', 0o600);
    await machine.file(
      '.bashrc',
      '[ -n "$PS1" ] || return\nexport A=CANARY-3 \nB=CANARY-4\n  export C\ndeclare -gx D=CANARY-5\n',
    );
    await machine.file('.config/fish/config.fish', 'set -gx E CANARY-6\nset F CANARY-7\n');
    await machine.file('.config/environment.d/x.conf', '#no\nG=CANARY-8\n');
    const pid = await machine.start('smart-agent-neo-gateway', { H: 'CANARY-9' });
    const facts = await look();
    const at = (file: string): string => path.join(machine.home, file);
    expect(facts.exports).toEqual([
      ...['A', 'C', 'D'].map((name) => ({ name, file: at('.bashrc') })),
      { name: 'E', file: at('.config/fish/config.fish') },
      { name: 'G', file: at('.config/environment.d/x.conf') },
    ]);
    expect(facts.gateways[0]?.dotEnv).toEqual(['KEY', 'OTHER', 'no']);
    expect(facts.gateways[0]?.process).toMatchObject({
      pid,
      variables: expect.arrayContaining(['H', 'HOME']) as string[],
    });
    expect(JSON.stringify(facts)).not.toContain('CANARY');
  });

  test('are enabled by their links where no service manager can be asked', async () => {
    await state('.smart-agent-neo');
    const file = await unit('smart-agent-neo-gateway.service', 'ExecStart=/x/smart-agent-neo gateway');
    await mkdir(path.join(machine.home, '.config/systemd/user/default.target.wants'));
    await symlink(
      file,
      path.join(machine.home, '.config/systemd/user/default.target.wants/smart-agent-neo-gateway.service'),
    );
    expect((await look()).gateways[0]?.service).toMatchObject({ enabled: true, active: false, mainPid: null });
  });

  test('in a terminal are found by their title, with the port they listen on and no secret of their environment', async () => {
    const dir = await state('data');
    const canary = 'canary-token-0001';
    const answers: Buffer[] = [];
    const pid = await machine.start('smart-agent-neo-gateway', {
      SMART_AGENT_NEO_STATE_DIR: dir,
      SMART_AGENT_NEO_PROFILE: 'p',
      SMART_AGENT_NEO_GATEWAY_TOKEN: canary,
    });
    const facts = await survey(listening(machine.host(), answers), { product, clock });
    expect(facts.gateways).toMatchObject([
      { profile: 'p', stateDir: dir, process: { pid, foundBy: 'process title smart-agent-neo-gateway' } },
    ]);
    expect(facts.gateways[0]?.process?.ports).toHaveLength(1);
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    expect(facts.gateways[0]?.process?.startTime).toBe(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    expect(answers.length).toBeGreaterThan(0);
    expect(Buffer.concat(answers).includes(canary)).toBe(false); // I5: it does not even leave the machine
  });

  test('with a lock file are known by it; a lock whose process is gone or was born later says nothing', async () => {
    const dir = await state('data');
    const pid = await machine.start('smart-agent-neo');
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    const startTime = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    const configPath = path.join(dir, 'smart-agent-neo.json');
    const name = createHash('sha256').update(configPath).digest('hex').slice(0, 8);
    const lock = `/tmp/smart-agent-neo-${String(uid)}/gateway.${name}.lock`;
    await mkdir(path.dirname(lock), { recursive: true, mode: 0o700 });
    try {
      await writeFile(lock, JSON.stringify({ pid, createdAt: 'x', configPath, startTime }));
      expect((await look()).gateways).toMatchObject([
        { stateDir: dir, process: { pid, foundBy: `lock file ${lock}` } },
      ]);
      await writeFile(lock, JSON.stringify({ pid, configPath, startTime: startTime + 1 }));
      expect((await look()).gateways).toEqual([]);
      await writeFile(lock, JSON.stringify({ pid: 99999999, configPath }));
      expect((await look()).gateways).toEqual([]);
    } finally {
      await rm(lock);
    }
  });

  test('that live in another home are somebody else’s', async () => {
    await state('.smart-agent-neo');
    await machine.start('smart-agent-neo-gateway', { HOME: path.join(machine.root, 'other') });
    expect((await look()).gateways).toMatchObject([{ sources: ['default'], process: null }]);
  });

  test('that hold a lock and live in another home are somebody else’s, whatever their processes are called', async () => {
    await state('.smart-agent-neo');
    const other = path.join(machine.root, 'other');
    const pid = await machine.start('renamed', { HOME: other });
    const configPath = path.join(other, '.smart-agent-neo/smart-agent-neo.json');
    const name = createHash('sha256').update(configPath).digest('hex').slice(0, 8);
    const lock = `/tmp/smart-agent-neo-${String(uid)}/gateway.${name}.lock`;
    await mkdir(path.dirname(lock), { recursive: true, mode: 0o700 });
    try {
      await writeFile(lock, JSON.stringify({ pid, configPath }));
      expect((await look()).gateways).toMatchObject([{ sources: ['default'], process: null }]);
    } finally {
      await rm(lock);
    }
  });
});

describe('a machine that answers badly', () => {
  test.each([
    ['too much', 'yes x | head -c 100000000'],
    ['nothing', ':'],
    ['with an error', 'echo no >&2; exit 7'],
    ['words that were not asked for', 'printf "$(id)"'],
  ])('%s is survey-failed (F52)', async (_, answer) => {
    const host = answering(machine.host(), answer);
    await expect(survey(host, { product, clock })).rejects.toMatchObject({ problem: { code: 'survey-failed' } });
  });

  test('with a config larger than 4 MiB is survey-failed', async () => {
    await state('.smart-agent-neo', `// ${'x'.repeat(5 * 1024 * 1024)}`);
    await expect(look()).rejects.toMatchObject({ problem: { code: 'survey-failed' } });
  });

  test('whose home is not absolute is survey-failed', async () => {
    const host = answering(machine.host(), "printf 'home\\0here\\0uid\\0001\\0end\\0ok\\0'");
    await expect(survey(host, { product, clock })).rejects.toThrow(/home "here"/);
  });

  test('stops being asked when the run is interrupted', async () => {
    const stop = new AbortController();
    stop.abort(new Error('interrupted by the test'));
    await expect(look({ signal: stop.signal })).rejects.toThrow(/interrupted by the test/);
  });
});

/** A Host that answers every question with what a command prints. */
function answering(host: Host, command: string): Host {
  return {
    label: host.label,
    spawn: (_, options) => host.spawn(['/bin/sh', '-c', command], options),
    close: () => host.close(),
  };
}

/** The same machine as an account sees it that is not the superuser, who may read everything. */
function asNobody(host: Host): Host {
  const become = uid === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  return {
    label: host.label,
    spawn: (argv, options) => host.spawn([...become, ...argv], options),
    close: () => host.close(),
  };
}

/** A Host whose answers are kept. */
function listening(host: Host, answers: Buffer[]): Host {
  return {
    label: host.label,
    close: () => host.close(),
    async spawn(argv, options) {
      const started = await host.spawn(argv, options);
      started.stdout.on('data', (chunk: Buffer) => answers.push(chunk));
      return started;
    },
  };
}
