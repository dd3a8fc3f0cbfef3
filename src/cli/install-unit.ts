import { mkdir, rename, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { fail } from '../core/problem.ts';
import type { Host } from '../core/host.ts';
import { userBus } from '../gateway/driver-systemd.ts';
import { lastWord } from '../gateway/driver.ts';
import { pasteable } from '../host/pasteable.ts';
import { isCommandNotFound, run, type RunResult } from '../host/run.ts';
import type { Surroundings } from './surroundings.ts';

/** A unit of this account that was put in place. */
export interface Installed {
  readonly path: string;
  /** Do services of the account start at boot and outlive its last login? Null where nobody tells. */
  readonly linger: boolean | null;
}

/** From a start to READY: both machines are looked at. */
const START_MS = 16 * 60_000;

/**
 * Writes a unit (0600), enables it and starts it anew; resolves when it says that it is ready. Repeatable. Throws `service-unavailable` where
 * no service manager of the account answers, `service-failed` when the unit does not come up; it is in place then, and tried again.
 */
export async function installUnit(
  here: Host,
  { name, text }: { name: string; text: string },
  around: Pick<Surroundings, 'account' | 'env'>,
): Promise<Installed> {
  const env = await busOf(here, around.account.uid);
  const path = join(folderOf(around), name);
  await mkdir(folderOf(around), { recursive: true });
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
  for (const [verb, ...names] of [['daemon-reload'], ['enable', name], ['restart', name]]) {
    const said = await systemctl(here, [verb ?? '', ...names], env);
    if (said?.code !== 0) throw failed(name, lastWord(said));
  }
  return { path, linger: await lingers(here, around.account.user) };
}

/** Keeps a unit from starting again by itself; it runs on to its end. Throws nothing: what is not disabled only starts in vain. */
export async function disableUnit(here: Host, name: string, uid: number): Promise<void> {
  const env = await busOf(here, uid).catch(() => null);
  if (env) await systemctl(here, ['disable', name], env).catch(() => null);
}

function folderOf({ env, account }: Pick<Surroundings, 'account' | 'env'>): string {
  const told = env['XDG_CONFIG_HOME'];
  return join(told !== undefined && isAbsolute(told) ? told : join(account.home, '.config'), 'systemd', 'user');
}

/** The environment in which the service manager of the account answers. */
async function busOf(here: Host, uid: number): Promise<Readonly<Record<string, string>>> {
  for (const env of [{}, userBus(uid)]) {
    if ((await systemctl(here, ['show', '--property=Version'], env))?.code === 0) return env;
  }
  throw fail('service-unavailable', {
    message:
      'No systemd service manager of this account answers, so there is nothing that could run a unit. Nothing was changed.',
    hint: 'Follow in a terminal: neo-pull sync user@old --follow. Or see why: systemctl --user status',
  });
}

async function systemctl(
  here: Host,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<RunResult | null> {
  try {
    return await run(here, ['systemctl', '--user', ...words], { env: { ...env, LC_ALL: 'C' }, timeoutMs: START_MS });
  } catch (error) {
    if (isCommandNotFound(error)) return null;
    throw error;
  }
}

async function lingers(here: Host, user: string): Promise<boolean | null> {
  const asked = ['loginctl', 'show-user', user, '--property=Linger', '--value'];
  const said = await run(here, asked, { env: { LC_ALL: 'C' } }).catch(() => null);
  const word = said?.stdout.toString().trim();
  return word === 'yes' ? true : word === 'no' ? false : null;
}

function failed(name: string, said: string): Error {
  return fail('service-failed', {
    message: `The unit is in place, but did not come up${said && `: ${said}`}`,
    hint: `See why: journalctl --user -n 30 -u ${pasteable(name)}. When that is put right: systemctl --user restart ${pasteable(name)}`,
  });
}
