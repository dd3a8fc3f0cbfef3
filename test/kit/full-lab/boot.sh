#!/bin/sh
# Boots a machine of a full lab, in a mount namespace of its own: puts its file system together and becomes the systemd-nspawn in which
# systemd is the first process. Arguments: the lab's name for it, its folder, the root file system below, its network namespace, and
# further options of systemd-nspawn.
set -eu
name=$1
folder=$2
below=$3
namespace=$4
shift 4

# systemd wants a control group that is its own, in every tree of which it may use one.
awk '$3 == "cgroup2" || ($3 == "cgroup" && $4 ~ /(^|,)name=systemd(,|$)/) { print $2 }' /proc/mounts | while read -r tree; do
  mkdir -p "$tree/$name"
  echo $$ >"$tree/$name/cgroup.procs"
done

mount -t overlay overlay -o "lowerdir=$below,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"

# Of the host it has nothing: no name server, no time zone, no memory-backed /tmp, and no seat in a register.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_TMPFS_TMP=0
exec systemd-nspawn --quiet --boot --directory="$folder/root" --machine="$name" --hostname="$(cat "$folder/upper/etc/hostname")" \
  --register=no --keep-unit --network-namespace-path="/run/netns/$namespace" --bind="$folder/home:/home" \
  --resolv-conf=off --timezone=off --console=pipe "$@"
