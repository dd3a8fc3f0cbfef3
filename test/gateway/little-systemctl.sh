#!/bin/sh
# As much of `systemctl --user` as one unit shows. Beside it lies its state: files `enabled`, `active` (its text is ActiveState),
# `installed`; `no-bus` wants XDG_RUNTIME_DIR; `lies` says done and does nothing; `fails` does what it is told and ends with 1.
here=$(dirname "$0")/unit
[ "$1" = --user ] || exit 64
echo "$*" >>"$here/calls"
if [ -e "$here/no-bus" ] && [ -z "$XDG_RUNTIME_DIR" ]; then
  echo 'Failed to connect to bus: No medium found' >&2
  exit 1
fi
[ -e "$here/lies" ] || case $2 in
  enable) : >"$here/enabled" ;;
  disable) rm -f "$here/enabled" ;;
  start) echo active >"$here/active" ;;
  stop) echo inactive >"$here/active" ;;
esac
case $2 in
  show)
    if [ -e "$here/installed" ]; then echo LoadState=loaded; else echo LoadState=not-found; fi
    echo "ActiveState=$(cat "$here/active")"
    [ ! -e "$here/restart" ] || echo "RestartUSec=$(cat "$here/restart")"
    echo "MainPID=$(cat "$here/pid" 2>/dev/null || echo 0)"
    ;;
  is-enabled)
    if [ -e "$here/enabled" ]; then echo enabled; else echo disabled && exit 1; fi
    ;;
esac
if [ -e "$here/fails" ] && [ "$2" != show ]; then
  echo 'Job failed. See the journal.' >&2
  exit 1
fi
exit 0
