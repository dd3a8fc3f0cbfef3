/**
 * What rsync may ask its remote shell to run: `old rsync --server --sender -s<flags>`, and nothing else. All its other options and
 * the source travel inside the protocol (`--secluded-args`), so whatever looks different is not our rsync speaking.
 *
 * Returns the argv to start on the old machine, with rsync's absolute path, or null to refuse. Pure.
 */
export function remoteArgv(asked: readonly string[], rsync: string): readonly string[] | null {
  const [host, program, server, sender, flags, ...rest] = asked;
  if (host !== 'old' || program !== 'rsync' || server !== '--server' || sender !== '--sender') return null;
  if (flags === undefined || !/^-s[A-Za-z]*(\.[A-Za-z]*)?$/.test(flags) || rest.length > 0) return null;
  return [rsync, '--server', '--sender', flags];
}
