#!/bin/sh
# First program of a light lab's machine, in fresh mount, PID, UTS and IPC namespaces and in its network namespace:
# puts the machine's file system together and becomes its sshd. Arguments: the lab's folder, the host name, where homes are.
set -eu
lab=$1
name=$2
homes=$3
root=$lab/root

mount -t overlay overlay -o "lowerdir=/,upperdir=$lab/upper,workdir=$lab/work" "$root"
mount -t proc proc "$root/proc"
mount --bind "$lab/boot_id" "$root/proc/sys/kernel/random/boot_id"

# Devices of its own: the ones of this machine that are safe to share, nothing else.
mount -t tmpfs -o mode=755,size=1m tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"

# As Debian does at boot: /tmp and /run begin empty. Homes stay what they were.
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir "$root/run/sshd"
mount --bind "$lab/home" "$root$homes"
mkdir -p "$root$lab/hub"
mount --bind "$lab/hub" "$root$lab/hub"

hostname "$name"
cd "$root"
mkdir -p .former
pivot_root . .former
umount -l /.former
exec /usr/sbin/sshd -D -f /etc/ssh/light_lab_config -E /var/log/light_lab_sshd.log
