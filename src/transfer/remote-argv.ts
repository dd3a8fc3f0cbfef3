/** What a plainly spoken rsync may be asked for, and what openrsync and rsync 2.6.9 know of it. */
const PLAIN_FLAGS = /^-([lHtprcn]+)(?:e[\d.A-Za-z]*)?$/;
const PLAIN_OPTION = /^--(?:numeric-ids|timeout=\d{1,4}|bwlimit=\d{1,12})$/;
/** Asked for by a newer rsync, and of no use to an older one: what it tells is not shown, and how times compare is decided here. */
const NEWER_OPTION = /^--(?:info=[A-Z0-9,]{1,100}|modify-window=-?\d{1,9}|checksum-choice=[a-z0-9]{1,20})$/;

/**
 * What rsync may ask its remote shell to run: `old rsync --server --sender -s<flags>`, and nothing else. All its other options and
 * the source travel inside the protocol (`--secluded-args`), so whatever looks different is not our rsync speaking. To one that is
 * spoken to plainly (`speaksPlainly`) options and source go as arguments: those that it knows, and the source is always `./`.
 *
 * Returns the argv to start on the old machine, with rsync's absolute path, or null to refuse. Pure.
 */
export function remoteArgv(
  asked: readonly string[],
  rsync: string,
  { plain = false }: { plain?: boolean } = {},
): readonly string[] | null {
  const [host, program, server, sender, flags, ...rest] = asked;
  if (host !== 'old' || program !== 'rsync' || server !== '--server' || sender !== '--sender') return null;
  if (plain) return plainArgv(flags ?? '', rest, rsync);
  if (flags === undefined || !/^-s[A-Za-z]*(\.[A-Za-z]*)?$/.test(flags) || rest.length > 0) return null;
  return [rsync, '--server', '--sender', flags];
}

function plainArgv(flags: string, rest: readonly string[], rsync: string): readonly string[] | null {
  const letters = PLAIN_FLAGS.exec(flags)?.[1];
  const [options, source] = [rest.slice(0, -2), rest.slice(-2)];
  if (letters === undefined || source[0] !== '.' || source[1] !== './') return null;
  if (!options.every((option) => PLAIN_OPTION.test(option) || NEWER_OPTION.test(option))) return null;
  const known = options.filter((option) => PLAIN_OPTION.test(option));
  return [rsync, '--server', '--sender', `-${letters}`, ...known, '.', './'];
}
