import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ENTRY, env, envName, PRODUCT, TITLE, VERSION } from './names.ts';
import { configPath, home, stateDir, unitName, unitPath } from './paths.ts';
import { trap } from './settings.ts';

/** Runs `systemctl --user`; `error` is set when no manager answers. */
export function systemctl(...args: string[]): { code: number; stdout: string; stderr: string; error: string | null } {
  const ran = spawnSync('systemctl', ['--user', ...args], { encoding: 'utf8' });
  if (ran.error)
    return {
      code: 1,
      stdout: '',
      stderr: '',
      error: 'systemctl not available; systemd user services are required on Linux.',
    };
  const said = ran.stderr.trim();
  const isDown = /Failed to connect to bus/.test(said);
  return {
    code: ran.status ?? 1,
    stdout: ran.stdout.trim(),
    stderr: said,
    error: isDown ? `systemctl --user unavailable: ${said}` : null,
  };
}

/** Is the unit enabled? `error` when that cannot be told. */
export function enabled(): { isEnabled: boolean; error: string | null } {
  const { stdout, error } = systemctl('is-enabled', unitName());
  return { isEnabled: stdout === 'enabled', error };
}

/** One word of a unit file: quoted where it must be, as the product does it. */
function unitWord(word: string): string {
  return /[\s"\\]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word;
}

function unitText(port: number, token: string | undefined): string {
  const own = {
    STATE_DIR: trap('install-elsewhere') ? `${stateDir()}-elsewhere` : stateDir(),
    CONFIG_PATH: configPath(),
    GATEWAY_PORT: String(port),
    GATEWAY_TOKEN: token,
    PROFILE: env('PROFILE'),
    SYSTEMD_UNIT: unitName(),
    SERVICE_MARKER: PRODUCT,
    SERVICE_KIND: 'gateway',
    SERVICE_VERSION: VERSION,
  };
  const environment = [
    `HOME=${home()}`,
    'TMPDIR=/tmp',
    `PATH=${home()}/.local/bin:${home()}/.npm-global/bin:/usr/local/bin:/usr/bin:/bin`,
    ...Object.entries(own).flatMap(([name, value]) => (value ? [`${envName(name)}=${value}`] : [])),
  ];
  return `[Unit]
Description=${TITLE} Gateway (v${VERSION})
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=${[process.execPath, ENTRY, 'gateway', '--port', String(port)].map(unitWord).join(' ')}
Restart=always
RestartSec=5
KillMode=process
${environment.map((pair) => `Environment=${unitWord(pair)}`).join('\n')}

[Install]
WantedBy=default.target
`;
}

/** Writes the unit, enables and starts it; the returned text says what went wrong. */
export function install(port: number, token: string | undefined): string | null {
  mkdirSync(dirname(unitPath()), { recursive: true });
  writeFileSync(unitPath(), unitText(port, token), { mode: 0o600 });
  for (const args of [['daemon-reload'], ['enable', unitName()], ['restart', unitName()]]) {
    const { code, stderr, error } = systemctl(...args);
    if (code !== 0) return error ?? `systemctl ${args.join(' ')} failed: ${stderr}`;
  }
  return null;
}

export function uninstall(): void {
  systemctl('disable', '--now', unitName());
  rmSync(unitPath(), { force: true });
  systemctl('daemon-reload');
}

/** The service's command line and environment as the unit file has them; null without one. */
export function serviceCommand(): {
  programArguments: string[];
  environment: Record<string, string>;
  sourcePath: string;
} | null {
  if (!existsSync(unitPath())) return null;
  const lines = readFileSync(unitPath(), 'utf8').split('\n');
  const value = (line: string) => line.slice(line.indexOf('=') + 1);
  const own = lines
    .filter((line) => line.startsWith(`Environment=${envName('')}`) && !line.includes('TOKEN'))
    .map(value);
  return {
    programArguments: value(lines.find((line) => line.startsWith('ExecStart=')) ?? '=').split(' '),
    environment: Object.fromEntries(own.map((pair) => [pair.slice(0, pair.indexOf('=')), value(pair)])),
    sourcePath: unitPath(),
  };
}
