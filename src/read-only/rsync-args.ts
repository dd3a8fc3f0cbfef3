/** How many bytes the arguments of a sending rsync may have inside its protocol; ours have a hundred. */
const LONGEST = 8192;
const FLAGS = /^-s[lHtprcn]*(?:e\.[A-Za-z]*)?$/;
const OPTION =
  /^--(?:numeric-ids|timeout=\d{1,9}|bwlimit=\d{1,12}|modify-window=-?\d{1,9}|info=[A-Z0-9,]{1,100}|checksum-choice=[a-z0-9]{1,20})$/;

/** Is this, but for the program, how neo-pull starts the sending end of its copy? Pure. */
export function isSender([server, sender, flags, ...rest]: readonly string[]): boolean {
  return server === '--server' && sender === '--sender' && FLAGS.test(flags ?? '') && rest.length === 0;
}

/** The same, started by one that speaks plainly with an openrsync or an old rsync: all of its arguments are here. Pure. */
export function isPlainSender([server, sender, flags, ...rest]: readonly string[]): boolean {
  const [options, source] = [rest.slice(0, -2), rest.slice(-2)];
  const isOurs = server === '--server' && sender === '--sender' && /^-[lHtprcn]+$/.test(flags ?? '');
  return isOurs && source[0] === '.' && source[1] === './' && options.every((option) => OPTION.test(option));
}

/**
 * Where the arguments end that rsync sends before its protocol begins (`--secluded-args`: each ends with a NUL, the last is empty).
 * Null while they have not all come. Pure.
 */
export function endOfArgs(seen: Buffer): number | null {
  const at = seen.indexOf('\0\0');
  return at < 0 ? null : at + 2;
}

/** Longer than any of ours. Pure. */
export function isTooLong(seen: Buffer): boolean {
  return seen.length > LONGEST && (endOfArgs(seen) ?? seen.length) > LONGEST;
}

/**
 * The first of these arguments that neo-pull does not send, or null: it sends a few options and the directory that rsync was started
 * in. Others could delete (`--remove-source-files`), write (`--log-file`) or lead out of it. Pure.
 */
export function strangeArg(args: Buffer): string | null {
  const words = args.subarray(0, -2).toString('latin1').split('\0');
  const own = words[0] === 'rsync' ? words.slice(1, -2) : words;
  const strange = own.find((word) => !OPTION.test(word));
  if (strange !== undefined) return strange;
  const source = words.slice(-2);
  return source[0] === '.' && source[1] === './' ? null : `source ${source.join(' ')}`;
}
