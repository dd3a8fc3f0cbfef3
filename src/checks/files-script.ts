import { SHELL_PRELUDE } from './shell-prelude.ts';

/** Reads files; its arguments are their absolute paths, and each starts a group `file` in the answer. See `readIncludes`. */
export const FILES_SCRIPT =
  SHELL_PRELUDE +
  `
np_main() {
  for np_path in "$@"; do
    np_put file "$np_path"
    if [ -f "$np_path" ] && [ -r "$np_path" ]; then np_stream file.text 4194304 cat "$np_path"; fi
  done
  np_put end ok
}
np_main "$@" </dev/null
exit 0
`;
