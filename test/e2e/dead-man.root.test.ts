import { afterEach, expect, it, vi } from 'vitest';
import { makeLightLab, type LightLab } from '../kit/light-lab/light-lab.ts';
import { IMPATIENT, neoPull, type Ended } from '../kit/neo-pull.ts';
import { waitFor } from '../kit/wait.ts';

vi.setConfig({ testTimeout: 150_000 });

const UNIT = 'smart-agent-neo-gateway.service';
const PULSE = ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=2', '--connect-timeout', '2'];

let lab: LightLab | undefined;
afterEach(async () => {
  await lab?.destroy();
  lab = undefined;
});

function call(at: LightLab, words: readonly string[], onOutput?: (text: string) => void): Promise<Ended> {
  const { identity, knownHosts, new: here } = at;
  const argv = [...words, '--json', '--yes', '-i', identity, '--known-hosts', knownHosts, ...PULSE];
  return neoPull(argv, { env: here.env, ...(onOutput && { onOutput }) });
}

it('a line that is cut for good behind the fence brings the old gateway back by its own machine, as it was found (F20, F101, F104)', async () => {
  const at = (lab = await makeLightLab({ runsAs: 'service' }));
  const enabled = (): string => at.exec(['systemctl', '--user', 'is-enabled', UNIT]).stdout.trim();
  expect(enabled()).toBe('enabled');
  let seen = '';
  let isCut = false;
  const words = [`${at.user}@${at.address}`, ...IMPATIENT, '--reconnect-timeout', '3', '--dead-man', '6s'];
  const ended = await call(at, words, (text) => {
    seen += text;
    if (isCut || !/"type":"step.applied","step":"fence-old"/.test(seen)) return;
    isCut = true;
    at.linkDown();
  });
  expect(ended.events.some(({ type }) => type === 'run.armed')).toBe(true);
  expect(ended.events.at(-1)).toMatchObject({ outcome: 'failed', exitCode: 10 });
  await waitFor('the old machine has started its gateway', () => at.running().length === 1, 60_000);
  expect(enabled()).toBe('enabled');
  const status = await neoPull(['status'], { env: at.new.env });
  expect(status.stdout).toMatch(/Switch +armed: the old machine may have started its gateway again/);
  at.linkUp();
  const back = await call(at, ['rollback']);
  expect(back.events.at(-1)).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 0 });
  expect(at.running()).toHaveLength(1);
  expect(enabled()).toBe('enabled');
  expect(at.exec(['ls', '-A', at.user === 'root' ? '/root' : `/home/${at.user}`]).stdout).not.toContain(
    '.neo-pull-old',
  );
  expect(at.hub.violations()).toEqual([]);
});
