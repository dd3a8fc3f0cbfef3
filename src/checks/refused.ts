import type { MachineFacts } from '../core/inventory.ts';
import { problem, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';

/** Directories that hold a system or other people's homes. Those in `DEEP` with everything below them. */
const SYSTEM =
  `/ /Applications /Library /Network /System /Users /Volumes /bin /boot /cores /dev /etc /home /lib /lib32 /lib64 /libx32
  /lost+found /media /mnt /opt /opt/homebrew /private /private/etc /private/tmp /private/var /proc /root /run /sbin /snap /srv /sys
  /tmp /usr /usr/local /usr/local/bin /usr/local/lib /var /var/lib /var/log /var/tmp`.split(/\s+/);
const DEEP =
  '/System /bin /boot /dev /etc /lib /lib32 /lib64 /private/etc /proc /sbin /sys /usr/bin /usr/lib /usr/sbin'.split(
    ' ',
  );

/** A directory by the path it was named with, and by its real one. */
interface Named {
  readonly path: string;
  readonly realPath: string;
}

/** `root-refused` for a home, what holds one, and all that is the system's; null for anything else. `where` says on which machine. Pure. */
export function refusal(dir: Named, machine: Pick<MachineFacts, 'home' | 'realHome'>, where: string): Problem | null {
  const isSystem = (path: string): boolean => SYSTEM.includes(path) || DEEP.some((top) => isWithin(path, top));
  return refusedFor(dir, machine, { isSystem, where });
}

/** As `refusal`, but not for what lies deep in the system: a config may well name something there that need not move. Pure. */
export function wholeRefusal(dir: Named, machine: Pick<MachineFacts, 'home' | 'realHome'>, by: string): Problem | null {
  return refusedFor(dir, machine, { isSystem: (path) => SYSTEM.includes(path), where: `(named by ${printable(by)})` });
}

function refusedFor(
  dir: Named,
  machine: Pick<MachineFacts, 'home' | 'realHome'>,
  { isSystem, where }: { isSystem: (path: string) => boolean; where: string },
): Problem | null {
  const homes = [machine.home, machine.realHome];
  const reason = [...new Set([dir.path, dir.realPath])]
    .map((path) => {
      if (homes.includes(path)) return 'is a whole home';
      if (homes.some((home) => isWithin(home, path))) return 'holds the home of the account';
      return isSystem(path) ? 'is a directory of the system' : null;
    })
    .find((one) => one !== null);
  if (reason === undefined) return null;
  return problem('root-refused', {
    message: `${printable(dir.path)} ${where} ${reason}, and cannot be moved or replaced.`,
    hint: 'Give the agent a directory of its own (agents.defaults.workspace in the config, --workspace, --to-state-dir), then try again.',
    detail: { path: dir.path, realPath: dir.realPath },
  });
}

/** Is `path` below `top`, or `top` itself? By whole segments. */
function isWithin(path: string, top: string): boolean {
  return path === top || path.startsWith(top === '/' ? '/' : `${top}/`);
}
