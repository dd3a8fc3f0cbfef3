import { fail } from '../core/problem.ts';
import { pasteable } from '../host/pasteable.ts';
import type { Command } from './command.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Where a command is run from: as the user that `--owner` names, or as it was called. A command that moves something is not run as root
 * by way of sudo unless it is said whose gateway it is: a state dir that is root's locks a gateway of anybody else out.
 * Throws `owner-unsaid`, `option-invalid`.
 */
export function asOwner({ flags }: Pick<Command, 'flags'>, owner: unknown, around: Surroundings): Surroundings {
  if (typeof owner === 'string') return { ...around, ...around.become(owner) };
  const { account, env } = around;
  const by = env['SUDO_USER'] ?? '';
  const isMove = 'to-state-dir' in flags;
  if (!isMove || account.uid !== 0 || by === '' || by === 'root') return around;
  throw fail('owner-unsaid', {
    message: `This is run as root by ${by}, and root would own all that is put here: a gateway of another user could not read it.`,
    hint: `Say whose gateway it is: --owner ${pasteable(by)}, or --owner root if root itself runs it.`,
    detail: { sudoUser: by },
  });
}
