import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Supervisor } from '../../src/core/plan.ts';
import { bundle } from './stand-in/bundle.ts';
import type { Side } from './side.ts';
import type { TempLab } from './temp-lab.ts';
import { waitFor } from './wait.ts';

/** What a gateway can be kept by. `system unit by sudo` is one that only root may change. */
export const KEPT_BY = [
  'system unit',
  'system unit by sudo',
  'LaunchAgent',
  'pm2',
  'docker',
  'podman',
  'own commands',
] as const;

export type KeptBy = (typeof KEPT_BY)[number];

/** A gateway that something keeps running on a side. */
export interface Kept {
  readonly supervisor: Supervisor;
  /** All that a supervisor has noted about coming back, as text: to be found again byte for byte. */
  readonly notes: () => string;
  /** What a boot or a login does: whatever is enabled is started. */
  readonly boot: () => void;
}

/** Puts the stand-ins of launchctl, pm2, docker, podman and sudo on a side's PATH. */
export async function installKeepers(side: Side): Promise<void> {
  const script = join(side.path, 'lib/stand-in-keepers.cjs');
  writeFileSync(script, await bundle('keepers/main.ts'));
  for (const name of ['launchctl', 'pm2', 'docker', 'podman', 'sudo']) {
    const text = `#!/bin/sh\nexec '${side.product.node}' '${script}' ${name} "$@"\n`;
    writeFileSync(join(side.path, 'bin', name), text, { mode: 0o755 });
  }
}

/** Runs one of them as its owner would. */
export function say(side: Side, ...argv: string[]): string {
  const [program = '', ...args] = argv;
  const ran = spawnSync(join(side.path, 'bin', program), args, {
    env: { ...side.env },
    encoding: 'utf8',
    cwd: side.home,
  });
  if (ran.status !== 0) throw new Error(`${argv.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}

/** Has the old gateway of a lab, which does not run, kept by something, and waits until it listens. */
export async function keptBy(lab: TempLab, kind: KeptBy): Promise<Kept> {
  await installKeepers(lab.old);
  const kept = KINDS[kind](lab.old);
  await waitFor('the gateway listens', () =>
    fetch(`http://127.0.0.1:${String(lab.port)}/`).then(
      (page) => page.ok,
      () => false,
    ),
  );
  return kept;
}

const argvOf = ({ product }: Side): string[] => [product.node, product.entry, 'gateway'];
const environmentOf = ({ home, product }: Side): Record<string, string> => ({
  HOME: home,
  PATH: `${product.binDir}:/usr/bin:/bin`,
});

function systemUnit(side: Side, sudo: boolean): Kept {
  const folder = join(side.home, '.stand-in-systemd-system');
  const unit = 'neo.service';
  mkdirSync(join(folder, 'units'), { recursive: true });
  writeFileSync(join(folder, 'settings.json'), '{"timeScale":0.1}');
  const environment = Object.entries(environmentOf(side)).map(([name, value]) => `Environment=${name}=${value}\n`);
  writeFileSync(
    join(folder, 'units', unit),
    `[Unit]\nDescription=neo\n\n[Service]\nUser=olga\nExecStart=${argvOf(side).join(' ')}\nRestart=always\nRestartSec=5\n${environment.join('')}\n[Install]\nWantedBy=multi-user.target\n`,
  );
  if (sudo) {
    writeFileSync(join(folder, 'needs-root'), '');
    writeFileSync(join(side.home, '.sudo-allowed'), '');
  }
  const root = sudo ? ['sudo', '-n'] : [];
  say(side, ...root, 'systemctl', 'enable', unit);
  say(side, ...root, 'systemctl', 'start', unit);
  return {
    supervisor: { kind: 'systemd-system', unit, sudo },
    notes: () => spawnSync('find', [join(folder, 'units'), '-printf', '%p %l %m\n'], { encoding: 'utf8' }).stdout,
    boot: () => void say(side, ...root, 'systemctl', 'start', 'default.target'),
  };
}

function launchAgent(side: Side): Kept {
  const label = 'ai.smart-agent-neo.gateway';
  const domain = `gui/${String(process.getuid?.() ?? 0)}`;
  const plist = join(side.home, 'Library/LaunchAgents', `${label}.plist`);
  mkdirSync(dirname(plist), { recursive: true });
  const words = argvOf(side).map((word) => `    <string>${word}</string>`);
  const pairs = Object.entries(environmentOf(side)).map(
    ([key, value]) => `    <key>${key}</key><string>${value}</string>`,
  );
  writeFileSync(
    plist,
    `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
  <key>Label</key><string>${label}</string>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><true/>
  <key>ProgramArguments</key><array>
${words.join('\n')}
  </array>
  <key>EnvironmentVariables</key><dict>
${pairs.join('\n')}
  </dict>
</dict></plist>
`,
  );
  say(side, 'launchctl', 'bootstrap', domain, plist);
  const isOff = (): boolean => say(side, 'launchctl', 'print-disabled', domain).includes(`"${label}" => disabled`);
  return {
    supervisor: { kind: 'launchd', label, domain, plist, sudo: false },
    notes: () => `${String(isOff())} ${readFileSync(plist, 'utf8')}`,
    boot: () => {
      if (!isOff()) say(side, 'launchctl', 'bootstrap', domain, plist);
    },
  };
}

function pm2App(side: Side): Kept {
  const home = join(side.home, '.pm2');
  const [program = '', ...args] = argvOf(side);
  say(side, 'pm2', 'start', program, '--name', 'neo', '--', ...args);
  say(side, 'pm2', 'save');
  return {
    supervisor: { kind: 'pm2', name: 'neo', bin: join(side.path, 'bin/pm2'), home },
    notes: () => readFileSync(join(home, 'dump.pm2'), 'utf8'),
    boot: () => void say(side, 'pm2', 'resurrect'),
  };
}

function containerOf(side: Side, engine: 'docker' | 'podman'): Kept {
  const environment = Object.entries(environmentOf(side)).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const state = join(side.home, '.smart-agent-neo');
  const flags = [
    '--name',
    'neo',
    '--restart',
    'on-failure:5',
    '--network',
    'host',
    ...environment,
    '-v',
    `${state}:${state}`,
  ];
  say(side, engine, 'create', ...flags, 'smart-agent-neo', ...argvOf(side));
  say(side, engine, 'start', 'neo');
  const policy = (): string =>
    say(
      side,
      engine,
      ...['inspect', '--type', 'container', '--format'],
      '{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}',
      'neo',
    );
  return {
    supervisor: { kind: 'container', engine, name: 'neo' },
    notes: policy,
    boot: () => {
      if (!policy().startsWith('no:')) say(side, engine, 'start', 'neo');
    },
  };
}

/** Something that neo-pull knows nothing of: to see that only the commands are used, it is docker under another name. */
function ownCommands(side: Side): Kept {
  const { notes, boot } = containerOf(side, 'docker');
  const docker = join(side.path, 'bin/docker');
  return {
    supervisor: { kind: 'commands', stop: `'${docker}' stop -t 60 neo`, start: `'${docker}' start neo` },
    notes,
    boot,
  };
}

const KINDS: Readonly<Record<KeptBy, (side: Side) => Kept>> = {
  'system unit': (side) => systemUnit(side, false),
  'system unit by sudo': (side) => systemUnit(side, true),
  LaunchAgent: launchAgent,
  pm2: pm2App,
  docker: (side) => containerOf(side, 'docker'),
  podman: (side) => containerOf(side, 'podman'),
  'own commands': ownCommands,
};
