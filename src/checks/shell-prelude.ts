/**
 * The first part of every script that neo-pull asks a machine with: functions for answering and for bounding.
 * Written for any POSIX `sh` (dash, busybox, bash, the one of macOS). Changes nothing, makes no file.
 *
 * - `np_put KEY VALUE` answers one record, `KEY NUL VALUE NUL`; values cannot hold a NUL.
 * - `np_stream KEY MAX COMMAND...` answers at most MAX bytes of what the command says.
 * - `np_list KEY MAX` answers NUL-separated names on stdin as lines; a newline inside a name becomes the byte 1.
 * - `np_bounded SECONDS COMMAND...` ends the command when the time is over.
 * - `np_real DIR` sets `np_r` to the directory with every symlink resolved, or to nothing.
 * - `np_count KEY DIR` answers `KEY.entries` and `KEY.bytes`, empty when counting took too long.
 * - `np_unreadable DIR` says which files and directories below this account cannot read, NUL-separated.
 */
export const SHELL_PRELUDE = `
LC_ALL=C
export LC_ALL
unset CDPATH
umask 077
np_nl='
'
np_put() { printf '%s\\0%s\\0' "$1" "$2"; }
np_stream() {
  printf '%s\\0' "$1"
  np_max=$2
  shift 2
  "$@" 2>/dev/null </dev/null | head -c "$np_max" | tr -d '\\000'
  printf '\\0'
}
np_list() {
  printf '%s\\0' "$1"
  tr '\\n\\000' '\\001\\n' | head -c "$2"
  printf '\\0'
}
if timeout -s KILL 5 true </dev/null >/dev/null 2>&1; then
  np_bounded() { timeout -s KILL "$@"; }
elif perl -e 1 </dev/null >/dev/null 2>&1; then
  np_bounded() { perl -e 'alarm shift; exec { $ARGV[0] } @ARGV; exit 127' "$@"; }
else
  np_bounded() {
    np_s=$1
    shift
    "$@" &
    np_p=$!
    (sleep "$np_s" && kill -9 "$np_p") >/dev/null 2>&1 </dev/null &
    np_k=$!
    wait "$np_p"
    np_c=$?
    kill "$np_k" 2>/dev/null
    return "$np_c"
  }
fi
np_real() {
  np_r=$(cd -P -- "$1" 2>/dev/null && pwd -P && printf x) || np_r=
  np_r=\${np_r%"$np_nl"x}
}
np_sizes() {
  if find "$1" -prune -printf '' >/dev/null 2>&1; then
    np_bounded 300 find "$1" -printf '%s\\n' 2>/dev/null
  else
    np_bounded 300 find "$1" -exec sh -c 'for f do echo 0; done' sh {} + 2>/dev/null
    np_c=$?
    np_bounded 300 du -sk "$1" 2>/dev/null | awk '{ printf "kib %s\\n", $1 }'
    (exit "$np_c")
  fi
  echo "rc $?"
}
np_count() {
  np_sums=$(np_sizes "$2" </dev/null | awk '
    $1 == "rc" { rc = $2; next }
    $1 == "kib" { bytes += $2 * 1024; next }
    { entries++; bytes += $1 }
    END { if (rc < 100) printf "%.0f %.0f", entries, bytes }')
  np_put "$1.entries" "\${np_sums% *}"
  np_put "$1.bytes" "\${np_sums#* }"
}
np_unreadable() {
  np_bounded 300 find "$1" \\( -type f -o -type d \\) -exec sh -c '
    for f do
      if [ -r "$f" ] && { [ ! -d "$f" ] || [ -x "$f" ]; }; then continue; fi
      [ ! -e "$f" ] || printf "%s\\0" "$f"
    done' sh {} + 2>/dev/null </dev/null
}
`;

/** `np_device PATH` prints the number of its file system; `np_mount DIRECTORY` says by its status whether it is the mount of one. */
export const MOUNT_FUNCTIONS = `
np_device() { stat -c %d "$1" 2>/dev/null || stat -f %d "$1" 2>/dev/null; }
np_mount() {
  if command -v mountpoint >/dev/null 2>&1; then
    mountpoint -q "$1" 2>/dev/null </dev/null
  else
    [ "$(np_device "$1")" != "$(np_device "$1/..")" ]
  fi
}
`;
