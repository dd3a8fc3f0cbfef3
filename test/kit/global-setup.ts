import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { hasRootFileSystem } from './full-lab/disk.ts';
import { REPOSITORY } from './repository.ts';
import { NODE_22 } from './stand-in/install.ts';

function isInstalled(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** Before any test: neo-pull is built fresh, and the real parts that tests need are there. */
export default function setup(): void {
  const missing = ['rsync', 'sshd', 'ssh-keygen', 'git', 'strace', 'zsh', 'fish', 'tcsh'].filter(
    (program) => !isInstalled(program),
  );
  if (!existsSync(NODE_22)) missing.push('Node 22');
  const isRoot = process.getuid?.() === 0;
  if (isRoot && !isInstalled('systemd-nspawn')) missing.push('systemd-nspawn');
  if (isRoot && !hasRootFileSystem()) missing.push("the full lab's root file system");
  if (missing.length > 0)
    throw new Error(`The tests need ${missing.join(', ')}. Run scripts/setup: it installs what is missing.`);
  if (!isRoot) {
    process.stderr.write(
      '\nNOT ROOT: the tests of whole machines, real systemd among them (test/**/*.root.test.ts), are left out. `sudo scripts/test` runs them too.\n\n',
    );
  }
  execFileSync('node', ['scripts/build.mjs'], { cwd: REPOSITORY, stdio: ['ignore', 'ignore', 'inherit'] });
}
