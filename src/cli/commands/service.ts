import { fail } from '../../core/problem.ts';
import type { Called, Command } from '../command.ts';
import {
  CONNECTION_FLAGS,
  GATEWAY_FLAGS,
  LIMIT_FLAGS,
  OUTPUT_FLAGS,
  SETTINGS_FLAGS,
  type OutputFlags,
} from '../flags.ts';
import { requestOf } from '../request.ts';
import { readSettings } from '../settings-file.ts';
import type { Surroundings } from '../surroundings.ts';
import type { FollowFlags } from '../unit-for.ts';
import { targetOf } from '../words.ts';

const FLAGS = { ...CONNECTION_FLAGS, ...GATEWAY_FLAGS, ...SETTINGS_FLAGS, ...LIMIT_FLAGS } as const;

type Flags = FollowFlags & Pick<OutputFlags, 'owner'> & { verb?: string };

export const service: Command<Flags> = {
  name: 'service',
  verbs: ['print', 'install'],
  word: 'target',
  describe: 'Have systemd keep a neo-pull that follows running: print its unit, or install and start it',
  flags: { ...FLAGS, owner: OUTPUT_FLAGS.owner },
  async run(called, around) {
    const { name, text } = await unitOf(called, around);
    if (called.verb === 'print') around.stdout.write(text);
    else await install({ name, text }, around);
    return 0;
  },
};

/** What the unit will be called with is refused now, and not in a journal. */
async function unitOf(called: Called<Flags>, around: Surroundings): Promise<{ name: string; text: string }> {
  const target = targetOf(called.word);
  const { products } = await readSettings(called, around);
  const { asked, allProfiles = false } = requestOf(target, called, { ...around, products });
  if (allProfiles || (asked.profiles?.length ?? 0) > 1) {
    throw fail('option-invalid', {
      message: 'A unit follows one gateway, and several were named. Nothing was changed.',
      hint: 'Install one for each: neo-pull service install user@old --profile NAME',
    });
  }
  const [{ unitName, unitPartsFor }, { unitText }] = await Promise.all([
    import('../unit-for.ts'),
    import('../unit.ts'),
  ]);
  const program = [process.execPath, process.argv[1] ?? ''];
  const parts = unitPartsFor(target, { flags: called, table: FLAGS, program }, around);
  return { name: unitName(target, called), text: unitText(parts) };
}

async function install(unit: { name: string; text: string }, around: Surroundings): Promise<void> {
  const [{ installUnit }, { hostHere }, { pasteable }] = await Promise.all([
    import('../install-unit.ts'),
    import('../tools.ts'),
    import('../../host/pasteable.ts'),
  ]);
  const { path, linger } = await installUnit(hostHere(around), unit, around);
  const name = pasteable(unit.name);
  const user = pasteable(around.account.user);
  const lines = [
    `It follows, and does so again after a reboot: ${path}`,
    '  neo-pull status     what it does, and what a cutover would cost',
    '  neo-pull cutover    have it move the gateway',
    `  systemctl --user disable --now ${name}    end it for good; the copy is kept`,
    ...(linger === true
      ? []
      : [
          `${linger === null ? 'It is not known whether services' : 'Services'} of ${user} ${linger === null ? '' : 'do not '}start at boot and outlive the last login${linger === null ? '' : ' (linger is off)'}. To have them do so: sudo loginctl enable-linger ${user}`,
        ]),
  ];
  around.stdout.write(`${lines.join('\n')}\n`);
}
