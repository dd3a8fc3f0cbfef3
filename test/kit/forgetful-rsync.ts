import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Puts an rsync there that is the one of this machine, but cannot be told that a listed name is gone, as the repaired 3.2.7 of Debian 12. */
export function forgetfulRsync(folder: string): string {
  const path = join(folder, 'forgetful-rsync');
  const refuses = 'for word; do [ "$word" != --delete-missing-args ] || exit 2; done';
  writeFileSync(path, `#!/bin/sh\n${refuses}\nexec /usr/bin/rsync "$@"\n`, { mode: 0o755 });
  return path;
}
