import type { CutoverOrder } from '../../core/order.ts';
import { fail } from '../../core/problem.ts';
import type { RunFolder } from '../../core/step.ts';
import type { Called, Command } from '../command.ts';
import {
  CONNECTION_FLAGS,
  CONSENT_FLAGS,
  CUTOVER_FLAGS,
  DRAIN_FLAGS,
  OUTPUT_FLAGS,
  type ConnectionFlags,
  type ConsentFlags,
  type CutoverFlags,
  type DrainFlags,
  type OutputFlags,
} from '../flags.ts';
import { homeOf } from '../home.ts';
import { drainOf, momentOf, whileOf } from '../moment.ts';
import { connectOf, deadManOf } from '../request.ts';
import type { Surroundings } from '../surroundings.ts';

type Flags = ConnectionFlags & ConsentFlags & CutoverFlags & DrainFlags & OutputFlags;

export const cutover: Command<Flags> = {
  name: 'cutover',
  word: 'run',
  describe: 'Move now what sync has staged: look again, copy the rest, cut over',
  flags: { ...CONNECTION_FLAGS, ...CONSENT_FLAGS, ...CUTOVER_FLAGS, ...DRAIN_FLAGS, ...OUTPUT_FLAGS },
  async run(called, around) {
    const connect = connectOf(called, around);
    const order = orderOf(called, around);
    const deadManMs = deadManOf(called, around);
    const followed = await followedRun(called.word, around);
    if (followed) return orderThere(called, around, { run: followed, order });
    refuseLater(called);
    const drain = drainOf(called);
    const [{ perform }, visits] = await Promise.all([import('../perform.ts'), import('../../visits/cutover.ts')]);
    return perform(around, {
      flags: called,
      name: 'cutover',
      planIs: 'question',
      visit: (tools) => visits.cutover({ ...tools, drain }, called.word, { connect, deadManMs }),
    });
  },
};

/** The run that is meant, where a neo-pull follows for it. Which run there is not, the visit says. */
async function followedRun(word: string | null, around: Surroundings): Promise<RunFolder | null> {
  const [{ openRun }, { daemonOf }] = await Promise.all([
    import('../../run/runs.ts'),
    import('../../run/control-client.ts'),
  ]);
  const run = await openRun(homeOf(around), word).catch(() => null);
  return run && (await daemonOf(run)) ? run : null;
}

async function orderThere(
  called: Called<Flags>,
  around: Surroundings,
  { run, order }: { run: RunFolder; order: Omit<CutoverOrder, 'yes'> },
): Promise<number> {
  if (called.drain !== undefined)
    throw fail('usage', {
      message:
        'A neo-pull follows for this run, and takes over when no session was written for a while: --drain is not for it.',
      hint: 'neo-pull cutover --when-idle 60s',
    });
  if (called['dead-man'] !== undefined)
    throw fail('usage', {
      message: 'A neo-pull follows for this run, and has its own --dead-man.',
      hint: `End it first: neo-pull stop ${run.id}. Then: neo-pull sync --follow --dead-man ${called['dead-man']}`,
    });
  if (called['fail-step'] !== undefined)
    throw fail('usage', {
      message: 'A neo-pull follows for this run, and no step of its cutover can be made to fail from here.',
      hint: `End it first: neo-pull stop ${run.id}`,
    });
  const [{ perform }, visits] = await Promise.all([import('../perform.ts'), import('../../visits/order-cutover.ts')]);
  return perform(around, {
    flags: called,
    name: 'cutover',
    planIs: 'question',
    isElsewhere: true,
    visit: (tools) => visits.orderCutover(tools, run, order),
  });
}

function orderOf(flags: CutoverFlags & DrainFlags, { clock }: Surroundings): Omit<CutoverOrder, 'yes'> {
  return {
    order: 'cutover',
    at: flags.at === undefined ? null : momentOf('--at', flags.at, clock.now()),
    whenIdleMs: flags['when-idle'] === undefined ? null : whileOf('--when-idle', flags['when-idle']),
    force: flags.force === true,
    paranoid: flags.paranoid === true,
  };
}

function refuseLater(flags: CutoverFlags): void {
  const name = flags.at !== undefined ? '--at' : '--when-idle';
  if (flags.at === undefined && flags['when-idle'] === undefined) return;
  throw fail('daemon-not-running', {
    message: `${name} needs a neo-pull that follows the old machine, and none does for this run. Nothing was done.`,
    hint: 'Follow it first: neo-pull sync user@old --follow. To move now: neo-pull cutover',
  });
}
