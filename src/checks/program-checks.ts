import type { Inventory, MachineFacts, RsyncFacts } from '../core/inventory.ts';
import type { AnyProduct } from '../core/product.ts';
import { problem, type Problem } from '../core/problem.ts';
import { readConfig } from '../core/config-text.ts';
import { printable } from '../host/printable.ts';
import { productNames } from '../gateway/product.ts';
import { member } from './gateway-config.ts';
import { versionIn } from './product-seen.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';
import { compareVersions, judgeRsync } from './rsync-version.ts';

/** Are the programs there on both machines that a move needs, and fit for it? Needs no Plan. */
export function programChecks(inventory: Inventory, product: AnyProduct): readonly PureCheck[] {
  return [
    pureCheck('product-old', 'The product is on the old machine', () => productOld(inventory.old, product)),
    pureCheck('node-old', 'Its Node is on the old machine', () => nodeOld(inventory.old, product)),
    pureCheck('product-new', 'The product is on this machine', () => productNew(inventory, product)),
    pureCheck('product-versions', 'The product here is not older', () => versions(inventory, product)),
    pureCheck('rsync-old', 'rsync is on the old machine', () => rsyncMissing(inventory.old, 'rsync-missing-old')),
    pureCheck('rsync-new', 'rsync is on this machine', () => rsyncMissing(inventory.new, 'rsync-missing-new')),
    pureCheck('rsync-flavour', 'Both rsyncs understand each other', () => flavours(inventory)),
    pureCheck('rsync-version', 'The receiving rsync is safe', () => rsyncVersion(inventory.new)),
    pureCheck('sqlite-new', 'The paths in databases can be rewritten here', () => sqliteMissing(inventory)),
  ];
}

function productOld({ product, user, hostname }: MachineFacts, name: AnyProduct): Problem[] {
  if (product !== null) return [];
  const { title, command } = productNames(name);
  return [
    problem('product-missing-old', {
      message: `${title} was not found for ${printable(`${user}@${hostname}`)}: not by a service, on PATH, in a login shell or where version managers put it.`,
      hint: `Name its program: --remote-gateway-bin /path/to/${command} (what \`command -v ${command}\` prints in a terminal there).`,
    }),
  ];
}

function nodeOld({ product }: MachineFacts, name: AnyProduct): Problem[] {
  if (product === null || product.node !== null) return [];
  return [
    problem('node-missing-old', {
      message: `${productNames(name).title} is there as ${printable(product.path)}, but no Node that runs was found in ${printable(product.binDir)} or on PATH.`,
      hint: 'Log in there and see what `command -v node` prints, then name the program beside it with --remote-gateway-bin.',
    }),
  ];
}

function productNew({ old, new: here }: Inventory, name: AnyProduct): Problem[] {
  const { title, command } = productNames(name);
  if (here.product?.node) return [];
  const version = versionIn(old.product?.version ?? '');
  const install = `npm install --global ${command}${version === null ? '' : `@${version}`}`;
  const message =
    here.product === null
      ? `${title} is not installed for ${printable(here.user)} on this machine.`
      : `${title} is here as ${printable(here.product.path)}, but no Node that runs was found for it.`;
  return [
    problem('product-missing-new', {
      message,
      hint: `Install Node 22 or newer (with nvm: \`nvm install 22\`), then \`${install}\`. If it is installed: --gateway-bin /path/to/${command}`,
    }),
  ];
}

function versions(inventory: Inventory, name: AnyProduct): Problem[] {
  const { old, new: here } = inventory;
  const silent = [
    ...(old.product !== null && old.product.version === null ? [unknownVersion('the old machine', old, name)] : []),
    ...(here.product !== null && here.product.version === null ? [unknownVersion('this machine', here, name)] : []),
  ];
  const [runs, touched] = [old.product?.version ?? null, touchedBy(inventory)];
  const needed = newest([runs, touched]);
  const has = here.product?.version ?? null;
  if (needed === null || has === null || compareVersions(has, needed) >= 0) return silent;
  const { title, command } = productNames(name);
  return [
    ...silent,
    problem('product-older-new', {
      message: `${writtenBy(title, { runs, touched, needed })}; this machine has ${printable(has)}, which may not read the state.`,
      hint: `npm install --global ${command}@${printable(needed)}`,
      detail: { needed, has, old: runs, lastTouched: touched },
    }),
  ];
}

/** Where the mark in the config decides, it is named: the program there may be older than the state that it serves. */
function writtenBy(title: string, of: { runs: string | null; touched: string | null; needed: string }): string {
  const { runs, touched, needed } = of;
  if (runs !== null && compareVersions(runs, needed) === 0) return `The old machine runs ${title} ${printable(runs)}`;
  const there = runs === null ? 'the old machine does not tell its version' : `the old machine runs ${printable(runs)}`;
  return `The config was last written by ${title} ${printable(touched ?? needed)} (meta.lastTouchedVersion), and ${there}`;
}

function unknownVersion(where: string, { product }: MachineFacts, name: AnyProduct): Problem {
  return problem('product-version-unknown', {
    message: `${productNames(name).title} on ${where} (${printable(product?.path ?? '')}) did not tell its version, so it cannot be seen whether this machine has an older one.`,
    hint: 'Run it there with --version and compare by hand.',
  });
}

/** The product notes in its config which release wrote it last: that may be newer than what is installed now. */
function touchedBy({ gateway }: Inventory): string | null {
  try {
    const touched = member(readConfig(gateway.configText ?? '{}'), 'meta', 'lastTouchedVersion');
    return typeof touched === 'string' ? versionIn(touched) : null;
  } catch {
    // A config that cannot be read is the business of another check.
    return null;
  }
}

function newest(found: readonly (string | null)[]): string | null {
  const told = found.filter((version) => version !== null);
  return told.sort(compareVersions).at(-1) ?? null;
}

const INSTALL_RSYNC =
  'Install it: `sudo apt-get install rsync`, `sudo dnf install rsync`, `sudo apk add rsync` or `brew install rsync`.';

function rsyncMissing(
  { rsync, user, hostname }: MachineFacts,
  code: 'rsync-missing-old' | 'rsync-missing-new',
): Problem[] {
  if (rsync !== null) return [];
  return [
    problem(code, {
      message: `There is no rsync on PATH for ${printable(`${user}@${hostname}`)}.`,
      hint: INSTALL_RSYNC,
    }),
  ];
}

function rsyncVersion({ rsync }: MachineFacts): Problem[] {
  if (rsync === null || rsync.flavour === 'openrsync') return [];
  const verdict = judgeRsync(rsync.version, rsync.packageVersion);
  if (verdict === 'safe') return [];
  const packaged = rsync.packageVersion === null ? '' : ` (package ${printable(rsync.packageVersion)})`;
  const seen = `${printable(rsync.path)} is ${printable(rsync.version ?? 'of unknown version')}${packaged}`;
  const detail = { version: rsync.version, packageVersion: rsync.packageVersion };
  if (verdict === 'dated') {
    const message = `${seen}; 3.5.0 and newer have further repairs for the receiving side.`;
    return [problem('rsync-dated', { message, hint: 'Update rsync on this machine when you can.', detail })];
  }
  return [
    problem('rsync-unsafe', {
      message: `${seen}; before 3.4.1 an old machine in wrong hands can write and read files on this one.`,
      hint: 'Update rsync on this machine: `sudo apt-get update && sudo apt-get install rsync`, or `brew install rsync`.',
      detail,
    }),
  ];
}

function sqliteMissing({ databases, new: { product } }: Inventory): Problem[] {
  if (!databases || databases.failure === null) return [];
  const { files, failure } = databases;
  return [
    problem('sqlite-missing-new', {
      message: `${printable(files[0] ?? '')}${files.length > 1 ? ` and ${String(files.length - 1)} more databases hold` : ' holds'} paths that have to be rewritten here, and nothing on this machine can: ${failure}.`,
      hint: `Install the sqlite3 command (\`sudo apt-get install sqlite3\`), or let the product here run on Node 22.13 or newer (now ${printable(product?.node ?? 'none')}), which has SQLite built in.`,
      detail: { files: files.slice(0, 100) },
    }),
  ];
}

/** The oldest protocol that a receiving rsync of today can be sure of. */
const OLDEST_PROTOCOL = 29;

function flavours({ old, new: here }: Inventory): Problem[] {
  return [
    ...(here.rsync?.flavour === 'openrsync' ? [cannotReceive(here.rsync)] : []),
    ...((old.rsync?.protocol ?? OLDEST_PROTOCOL) < OLDEST_PROTOCOL ? [cannotSend(old)] : []),
  ];
}

function cannotReceive({ path }: RsyncFacts): Problem {
  return problem('rsync-not-gnu', {
    message: `${printable(path)} is openrsync, which cannot receive as safely as is needed here: it has no private arguments, no limit to what a sender may delete that was proven, and times in whole seconds.`,
    hint: 'Install the rsync of samba.org on this machine: `brew install rsync`, or `sudo apt-get install rsync`. The old machine may keep its openrsync.',
  });
}

function cannotSend({ rsync }: MachineFacts): Problem {
  return problem('rsync-too-old', {
    message: `${printable(rsync?.path ?? '')} on the old machine speaks protocol ${String(rsync?.protocol)}; ${String(OLDEST_PROTOCOL)} is the oldest that does.`,
    hint: INSTALL_RSYNC,
  });
}
