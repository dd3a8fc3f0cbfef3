import { posix as path } from 'node:path';
import { z } from 'zod';
import type { Supervisor } from '../core/plan.ts';
import { printable } from '../host/printable.ts';
import { call, lastWord, pidIn, type Driver, type Place, type Verb } from './driver.ts';
import { readJsonAnswer } from './json-answer.ts';
import { PROGRAM_TEXT } from './pm2-program.generated.ts';

const answer = z.object({
  status: z.string().nullable(),
  pid: z.number().nullable(),
  saved: z.string().nullable(),
});

const RESTING = ['stopped', 'errored'];

/**
 * An app of pm2. What brings it back is the list that pm2 has saved: there alone it is marked as stopped, and nothing else in it is
 * changed. The list holds the secrets of every app, so it is read and changed on its own machine.
 */
export function pm2(supervisor: Supervisor & { kind: 'pm2' }): Driver {
  const { name, bin } = supervisor;
  return {
    async look(place) {
      const seen = answer.safeParse(await ask(place, supervisor, 'look'));
      if (!seen.success) return null;
      const { status, pid, saved } = seen.data;
      const enabled = saved !== null && saved !== 'stopped';
      return {
        unit: name,
        installed: status !== null || saved !== null,
        enabled,
        enabledAs: enabled ? printable(saved, 40) : null,
        active: status !== null && !RESTING.includes(status),
        activeState: status === 'online' ? 'active' : printable(status ?? 'not running', 40),
        mainPid: pidIn(String(pid)),
      };
    },
    async tell({ verb, as, timeoutMs }, place) {
      if (verb === 'enable') await ask(place, supervisor, `save-${as ?? 'online'}`);
      else if (verb === 'disable') await ask(place, supervisor, 'save-stopped');
      else return lastWord(await call(place, [bin, verb, name], { env: envOf(supervisor, place), timeoutMs }));
      return '';
    },
    byHand: (verb: Verb) => {
      const save = verb === 'enable' || verb === 'disable' ? ' && pm2 save' : '';
      return `pm2 ${verb === 'enable' || verb === 'start' ? 'start' : 'stop'} ${name}${save}`;
    },
  };
}

async function ask(place: Place, { name, bin, home }: Supervisor & { kind: 'pm2' }, what: string): Promise<unknown> {
  const argv = [place.gateway.node, '-', what, bin, home, name];
  const said = await call(place, argv, { stdin: PROGRAM_TEXT, env: { NODE_OPTIONS: '' } });
  return said?.code === 0 ? readJsonAnswer(said.stdout) : null;
}

/** Its own directory first, for it is a script of the Node beside it. */
function envOf({ bin, home }: Supervisor & { kind: 'pm2' }, { gateway }: Place): Record<string, string> {
  const folders = [path.dirname(bin), path.dirname(gateway.node), '/usr/local/bin', '/usr/bin', '/bin'];
  return { PM2_HOME: home, HOME: gateway.home, PATH: folders.join(':') };
}
