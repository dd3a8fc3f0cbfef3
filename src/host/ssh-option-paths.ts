import { resolve } from 'node:path';

/** Keywords whose values are files, and whether ssh fills in their tokens. */
const PATHS = new Map([
  ['identityfile', true],
  ['certificatefile', true],
  ['userknownhostsfile', true],
  ['identityagent', true],
  ['globalknownhostsfile', false],
  ['revokedhostkeys', false],
]);
const OPTION = /^(\s*([A-Za-z0-9]+)\s*[=\s]\s*)(\S.*)$/;
/** A path that is whole, begins with what only ssh can fill in, or is no path at all. */
const WHOLE = /^(?:[/~$]|%d|(?:none|SSH_AUTH_SOCK)$)/i;

/**
 * A line of ssh_config with the relative paths in its value made whole, as ssh understands them when it is started in `cwd`: a later
 * visit begins elsewhere. What is no path, or is quoted in a way that cannot be kept, stays as it is. Pure.
 */
export function withWholePaths(option: string, cwd: string): string {
  const [, head = '', keyword = '', value = ''] = OPTION.exec(option) ?? [];
  const hasTokens = PATHS.get(keyword.toLowerCase());
  if (hasTokens === undefined || /['\\]/.test(value) || /["\\]|\$\{/.test(cwd)) return option;
  const words = value.match(/"[^"]*"|[^\s"]+/g) ?? [];
  const base = hasTokens ? cwd.replaceAll('%', '%%') : cwd;
  const whole = words.map((word) => {
    const plain = word.replaceAll('"', '');
    if (WHOLE.test(plain)) return word;
    const path = resolve(base, plain);
    return /\s/.test(path) ? `"${path}"` : path;
  });
  return `${head}${whole.join(' ')}`;
}
