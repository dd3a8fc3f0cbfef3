/** Characters that no shell treats as anything but themselves. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./~-]+$/;

/**
 * The command line as it is kept in the Journal: the command first, whatever stood before it, every word quoted where a shell would need
 * it, so that it can be pasted. Pure.
 */
export function calledAs(name: string, argv: readonly string[]): string {
  const at = argv.indexOf(name);
  const rest = at < 0 ? argv : argv.filter((_, index) => index !== at);
  return [name, ...rest.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))].join(' ');
}
