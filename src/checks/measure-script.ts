import { MOUNT_FUNCTIONS, SHELL_PRELUDE } from './shell-prelude.ts';

/** Measures directories; its arguments are their absolute paths, and each starts a group `dir` in the answer. See `measure`. */
export const MEASURE_SCRIPT =
  SHELL_PRELUDE +
  MOUNT_FUNCTIONS +
  `
np_above() {
  np_a=\${1%/*}
  [ -n "$np_a" ] || np_a=/
}
np_existing() {
  np_above "$1"
  while [ ! -d "$np_a" ] && [ "$np_a" != / ]; do
    # Something that is no directory is in the way: nothing can be made below it.
    if [ -e "$np_a" ] || [ -h "$np_a" ]; then np_blocked=yes; fi
    np_above "$np_a"
  done
}
np_tree() {
  np_put dir.owner "$(ls -ldn "$1" 2>/dev/null | awk 'NR == 1 { print $3 }')"
  if [ ! -d "$1" ]; then
    np_put dir.entries 1
    np_put dir.bytes "$({ wc -c <"$1"; } 2>/dev/null | tr -d ' ' | grep . || echo 0)"
    return 0
  fi
  if np_mount "$1"; then np_put dir.mount yes; fi
  np_count dir "$1"
  np_unreadable "$1" | np_list dir.unreadable 8192
}
np_dir() {
  np_put dir "$1"
  np_here=$1
  if [ -e "$1" ] || [ -h "$1" ]; then
    np_real "$1"
    [ -z "$np_r" ] || np_here=$np_r
    np_put dir.real "$np_here"
    np_tree "$np_here"
  fi
  np_blocked=no
  np_existing "$np_here"
  np_real "$np_a"
  np_p=\${np_r:-$np_a}
  np_put dir.parent "$np_p"
  if [ $np_blocked = no ] && [ -w "$np_p" ] && [ -x "$np_p" ]; then np_put dir.parent-writable yes; fi
  np_put dir.parent-owner "$(ls -ldn "$np_p" 2>/dev/null | awk 'NR == 1 { print $3 }')"
  np_put dir.device "$(np_device "$np_p")"
  np_stream dir.blocks 4096 np_bounded 20 df -P -k "$np_p"
  np_stream dir.inodes 4096 np_bounded 20 df -P -i "$np_p"
}
np_main() {
  for np_path in "$@"; do np_dir "$np_path"; done
  np_put end ok
}
np_main "$@" </dev/null
exit 0
`;
