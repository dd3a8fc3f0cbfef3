import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Process } from '../../src/core/host.ts';
import { OpenSshHost } from '../../src/host/openssh.ts';
import { run } from '../../src/host/run.ts';
import { openSshOptions } from '../kit/openssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { isAlive, killOne, startTimeOf } from '../kit/processes.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';
import { waitFor } from '../kit/wait.ts';

describe('by a line whose server lets one command run at a time (F24)', () => {
  let server: Sshd;
  let host: OpenSshHost;
  beforeEach(async () => {
    server = await startSshd({ config: ['MaxSessions 1'] });
    host = await OpenSshHost.connect(openSshOptions(server));
  });
  afterEach(async () => {
    await host.close();
    await server.stop();
  });

  /** A command that lives on, without its outputs too, and its number. */
  async function sleeper(): Promise<{ held: Process; pid: number; startTime: number }> {
    const held = await host.spawn(['sh', '-c', 'echo $$; exec sleep 100 >/dev/null 2>&1 </dev/null']);
    held.stderr.resume();
    const pid = Number(String((await once(held.stdout, 'data'))[0]));
    return { held, pid, startTime: startTimeOf(pid) };
  }

  it('a command is ended by a signal that another line carries, which goes again', async () => {
    const { held, ...which } = await sleeper();
    held.kill('TERM');
    expect(await held.exit).toEqual({ code: null, signal: 'TERM' });
    expect(isAlive(which)).toBe(false);
    await waitFor('the other line to go', () => server.connections().length === 1);
  });

  it('a command that heeds no TERM is ended when its time is over', async () => {
    const late = await problemFrom(run(host, ['sh', '-c', `trap '' TERM; sleep 100`], { timeoutMs: 300 }));
    expect(late).toMatchObject({ code: 'command-timeout' });
    expect((await run(host, ['echo', 'here'])).stdout.toString()).toBe('here\n');
  });

  it('several at once are, too', async () => {
    await host.close();
    await server.stop();
    server = await startSshd({ config: ['MaxSessions 3'] });
    host = await OpenSshHost.connect(openSshOptions(server));
    const all = [await sleeper(), await sleeper(), await sleeper()];
    for (const { held } of all) held.kill('KILL');
    for (const { held } of all) expect(await held.exit).toEqual({ code: null, signal: 'KILL' });
    expect(all.filter(isAlive)).toEqual([]);
  });

  it('a command that could not be signalled is not said to have ended', async () => {
    const { held, ...which } = await sleeper();
    writeFileSync(join(server.folder, 'authorized_keys'), '');
    held.kill('KILL');
    const problem = await problemFrom(held.exit);
    expect(problem).toMatchObject({ code: 'signal-undelivered' });
    expect(problem.message).toContain('may still run');
    expect(isAlive(which)).toBe(true);
    killOne(which);
  });
});
