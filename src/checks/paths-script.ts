import { MOUNT_FUNCTIONS, SHELL_PRELUDE } from './shell-prelude.ts';

/** Says what paths are; its arguments are absolute paths, and each starts a group `path` in the answer. See `seePaths`. */
export const PATHS_SCRIPT =
  SHELL_PRELUDE +
  MOUNT_FUNCTIONS +
  `
np_place() {
  np_d=\${1%/*}
  np_real "\${np_d:-/}"
  [ -z "$np_r" ] || np_put path.real "\${np_r%/}/\${1##*/}"
}
np_file() {
  np_put path.bytes "$({ wc -c <"$1"; } 2>/dev/null | tr -d ' ')"
  case $(head -c 4 "$1" 2>/dev/null | od -An -tx1 2>/dev/null | tr -d ' \\n') in
  7f454c46 | feedface | feedfacf | cefaedfe | cffaedfe | cafebabe) np_put path.binary yes ;;
  esac
}
np_path() {
  np_put path "$1"
  if [ -h "$1" ]; then
    np_t=$(readlink "$1" && printf x)
    np_put path.link "\${np_t%"$np_nl"x}"
  fi
  if [ -d "$1" ]; then
    np_put path.kind dir
    np_real "$1"
    [ -z "$np_r" ] || np_put path.real "$np_r"
    if [ -r "$1" ] && [ -x "$1" ]; then np_put path.readable yes; fi
    if [ -z "$(ls -A "$1" 2>/dev/null | head -n 1)" ]; then np_put path.empty yes; fi
    if np_mount "$1"; then np_put path.mount yes; fi
    return 0
  fi
  np_place "$1"
  if [ -f "$1" ]; then
    np_put path.kind file
    if [ -r "$1" ]; then
      np_put path.readable yes
      np_file "$1"
    fi
  elif [ -e "$1" ]; then
    np_put path.kind other
  else
    np_put path.kind none
  fi
}
np_main() {
  for np_path in "$@"; do np_path "$np_path"; done
  np_put end ok
}
np_main "$@" </dev/null
exit 0
`;
