import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../repository.ts';
import { bundle } from './bundle.ts';
import type { ManagerSettings } from './systemctl/settings.ts';

export type { ManagerSettings };

export interface SystemctlOptions {
  /** Directory for the commands, and one for what they run; as their own machine names them. */
  readonly binDir: string;
  readonly libDir: string;
  /** The Node that runs them. */
  readonly node: string;
  /** Where that machine's root lies on this disk. Default: it is this machine. */
  readonly at?: string;
}

/** Puts `systemctl` and `loginctl` of the stand-in service manager into a bin directory. */
export async function installSystemctl({ binDir, libDir, node, at = '' }: SystemctlOptions): Promise<void> {
  const script = join(libDir, 'stand-in-systemctl.cjs');
  mkdirSync(at + binDir, { recursive: true });
  mkdirSync(at + libDir, { recursive: true });
  writeFileSync(at + script, await bundle('systemctl/main.ts'));
  const client = readFileSync(join(REPOSITORY, 'test/kit/stand-in/systemctl/client.pl'), 'utf8');
  const text = `#!/usr/bin/perl\nour ($node, $script) = ('${node}', '${script}');\n${client}`;
  for (const name of ['systemctl', 'loginctl']) writeFileSync(join(at + binDir, name), text, { mode: 0o755 });
}

/** Sets how the service manager of a home behaves; `at` is where that home lies on this disk. */
export function setManager(at: string, settings: Partial<ManagerSettings>): void {
  mkdirSync(join(at, '.stand-in-systemd'), { recursive: true });
  writeFileSync(join(at, '.stand-in-systemd/settings.json'), JSON.stringify(settings));
}
