import { SHELL_PRELUDE } from './shell-prelude.ts';

/** The last name and text of a list that is whole. No link is called so. */
export const LINKS_END: readonly [string, string] = ['/', 'whole'];

/**
 * Lists symlinks whose text is absolute or goes up; its arguments are absolute directories, and each starts a group `root` in the answer:
 * one list of names and texts in turn, which ends with `LINKS_END` unless it was cut for its length or the time that it took. See
 * `strayLinks`.
 */
export const LINKS_SCRIPT =
  SHELL_PRELUDE +
  `
np_links() {
  if find "$1" -prune -lname x -printf '' >/dev/null 2>&1; then
    np_bounded 300 find "$1" -type l \\( -lname '/*' -o -lname '..' -o -lname '../*' -o -lname '*/../*' -o -lname '*/..' \\) -printf '%p\\0%l\\0' 2>/dev/null
  else
    np_bounded 300 find "$1" -type l -exec sh -c '
      for f do
        t=$(readlink "$f" && printf x)
        case $t in /* | .. | ../* | */../* | */..) printf "%s\\0%s\\0" "$f" "\${t%??}" ;; esac
      done' sh {} + 2>/dev/null
  fi
}
np_main() {
  for np_path in "$@"; do
    np_put root "$np_path"
    { np_links "$np_path"; [ $? -ge 100 ] || printf '/\\0whole\\0'; } | np_list root.links 33554432
  done
  np_put end ok
}
np_main "$@" </dev/null
exit 0
`;
