import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Gateway, Plan } from '../core/plan.ts';
import { problem } from '../core/problem.ts';
import type { Check } from '../core/step.ts';
import { envName, type EnvSuffix } from '../gateway/product.ts';
import { printable } from '../host/printable.ts';
import { parseUnit } from './unit-file.ts';

/**
 * Nothing that outlives `gateway install --force` leads the service away from what was moved: its drop-ins on this machine, which
 * beat the unit that the product writes. Looked at before the commit, for the service itself starts only after it. Read-only.
 */
export function servesMoved(plan: Plan): Check {
  const { gateway } = plan.new;
  return {
    id: 'serves-moved',
    title: 'The service will serve the moved state',
    async run() {
      if (gateway.unit === null) return [];
      const found = await dropInsOf(gateway, gateway.unit);
      const names = { unit: gateway.unit, home: gateway.home, user: plan.new.user, uid: gateway.uid };
      const { environment, setIn } = parseUnit(
        found.map(({ text }) => text),
        names,
      );
      return wantedOf(gateway).flatMap(([name, wanted]) => {
        const is = environment[name];
        if (is === undefined || is === wanted) return [];
        const file = found[setIn[name] ?? 0]?.file ?? '';
        return [
          problem('new-serves-elsewhere', {
            message: `${printable(file)} on this machine sets ${name} to ${printable(is)}, so the service would not serve ${wanted}.`,
            hint: `Take that line out of it (systemctl --user edit ${gateway.unit}), then try again.`,
          }),
        ];
      });
    },
  };
}

function wantedOf(gateway: Gateway): (readonly [name: string, value: string])[] {
  const own = (suffix: EnvSuffix): string => envName(gateway.product, suffix);
  return [
    ['HOME', gateway.home],
    [own('HOME'), gateway.home],
    [own('STATE_DIR'), gateway.stateDir],
    [own('CONFIG_PATH'), gateway.configPath],
    [own('PROFILE'), gateway.profile],
    [own('GATEWAY_PORT'), String(gateway.port)],
  ];
}

/** In the order in which the manager reads them; none where there is no such folder. */
async function dropInsOf(gateway: Gateway, unit: string): Promise<{ file: string; text: string }[]> {
  const folder = join(gateway.home, '.config', 'systemd', 'user', `${unit}.d`);
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith('.conf')).sort();
  return Promise.all(
    files.map(async (name) => ({ file: join(folder, name), text: await readFile(join(folder, name), 'utf8') })),
  );
}
