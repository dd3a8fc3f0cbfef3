import { afterEach, describe, expect, it } from 'vitest';
import { pull } from '../../src/visits/pull.ts';
import { moverFor } from '../kit/mover.ts';
import { installKeepers, KEPT_BY, keptBy, say } from '../kit/supervised.ts';
import { setTraps } from '../kit/stand-in/install.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { waitFor } from '../kit/wait.ts';

// Root needs no sudo, and these tests may be root's: changes by sudo are in test/gateway/supervisors.test.ts.
const ALL = KEPT_BY.filter((kind) => kind !== 'system unit by sudo');
/** Whole moves for every other kind; each kind has the contract suite in every run. */
const KINDS = process.env['SLOW'] === '1' ? ALL : ALL.filter((_, at) => at % 2 === 0);

let lab: TempLab | null = null;
afterEach(async () => {
  await lab?.destroy();
  lab = null;
});

it('a gateway in a container with paths and a network of its own is refused before anything is stopped (F94)', async () => {
  lab = await makeTempLab({ runsAs: 'stopped', sessions: 2 });
  await installKeepers(lab.old);
  const { home, product } = lab.old;
  const mount = `${home}/.smart-agent-neo:/home/node/.smart-agent-neo`;
  const flags = ['--name', 'neo', '--restart', 'always', '-v', mount, '-e', `HOME=${home}`];
  say(lab.old, 'docker', 'create', ...flags, 'smart-agent-neo', product.node, product.entry, 'gateway');
  say(lab.old, 'docker', 'start', 'neo');
  const old = lab;
  await waitFor('the gateway in the container runs', () => old.running('old').length === 1);
  const { tools, request, events } = moverFor(lab);
  const verdict = await pull(tools, request);
  expect(verdict).toMatchObject({ outcome: 'refused', running: 'old', exitCode: 3 });
  expect(verdict.problem).toMatchObject({ code: 'container-apart' });
  expect(verdict.problem?.message).toMatch(/as \/home\/node\/\.smart-agent-neo.*network of its own \(bridge\)/);
  expect(events.some(({ type }) => type === 'step.before')).toBe(false);
  expect(lab.running('old')).toHaveLength(1);
}, 120_000);

// F94, F107
describe('a gateway that is kept running by', () => {
  it.each(KINDS)(
    '%s is found, put back as it was when the move fails, and stays down when it succeeds',
    async (kind) => {
      lab = await makeTempLab({ runsAs: 'stopped', sessions: 2 });
      const kept = await keptBy(lab, kind);
      const notes = kept.notes();
      const { supervisor } = kept;
      const commands = supervisor.kind === 'commands' ? supervisor : null;
      const own = commands && { old: { stop: commands.stop, start: commands.start }, new: null };
      const { tools, request, events } = moverFor(lab, own ? { asked: { commands: own } } : {});

      setTraps(lab.new.product.prefix, { 'doctor-fails': true });
      const failed = await pull(tools, request);
      expect(failed).toMatchObject({ outcome: 'rolled-back', running: 'old' });
      const [planned] = events.flatMap((event) => (event.type === 'plan.made' ? [event.plan] : []));
      expect(planned?.old.gateway.supervisor).toEqual(supervisor);
      expect(kept.notes()).toBe(notes);
      expect(lab.running('old')).toHaveLength(1);
      expect(lab.running('new')).toEqual([]);

      setTraps(lab.new.product.prefix, {});
      const moved = await pull(tools, request);
      expect(moved).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
      if (commands === null) kept.boot();
      expect(lab.running('old')).toEqual([]);
      expect(lab.hub.violations()).toEqual([]);
      const fences = events.flatMap((event) => (event.type === 'run.fenced' ? [event.fence] : []));
      expect(fences.at(-1)).toBe(commands === null ? 'enforced' : 'advisory');
    },
    240_000,
  );
});
