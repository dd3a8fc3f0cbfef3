#!/usr/bin/env bash
# The root file system that every machine of a full lab begins with: a small Debian with systemd, as this machine's apt would install it.
#   root.sh path   prints where it lies
#   root.sh make   makes it when it is not there; needs root, debootstrap and apt's mirror
set -euo pipefail
cd "$(dirname "$0")/../../.."

packages=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,openssh-server,rsync,procps,iproute2,bash,zsh,fish,tcsh,sqlite3,sudo
# shellcheck source=/dev/null
release=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
all=$PWD/.cache/full-lab
# Made anew when the release, the list, or what is done here changes.
key=$({ printf '%s\n' "$release"; cat "$PWD/test/kit/full-lab/root.sh"; } | sha256sum | cut -c 1-12)
root=$all/$key

say() { printf '%s\n' "full-lab: $*" >&2; }

# One line per component: the mirror, and the component. Apt tells only of what it has fetched the index of.
sources() { apt-get indextargets --format '$(SITE) $(COMPONENT)' 'Created-By: Packages' "Codename: $release" | sort -u; }

# What is only of use to a person, what every boot would do behind the back of a test, and what two machines may not share.
strip() {
  local timer
  rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/* "$1"/usr/share/{doc,man,locale,info}/*
  rm -f "$1"/etc/machine-id "$1"/etc/hostname "$1"/etc/resolv.conf "$1"/etc/ssh/ssh_host_*
  for timer in apt-daily apt-daily-upgrade dpkg-db-backup e2scrub_all fstrim man-db; do
    ln -sf /dev/null "$1/etc/systemd/system/$timer.timer"
  done
}

make() {
  [ ! -d "$root" ] || return 0
  local lines mirror components proxy='' part=$root.part.$$ log=$root.log.$$
  lines=$(sources)
  [ -n "$lines" ] || { apt-get update -qq && lines=$(sources); }
  [ -n "$lines" ] || { say "apt has no source of the release '$release'"; exit 1; }
  mirror=$(awk 'NR == 1 { print $1 }' <<<"$lines")
  components=$(awk -v mirror="$mirror" '$1 == mirror { print $2 }' <<<"$lines" | paste -sd ,)
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  [ -z "$proxy" ] || export http_proxy=$proxy
  say "debootstrap $release, once: $root"
  mkdir -p "$all"
  if ! debootstrap --variant=minbase --components="$components" --include="$packages" "$release" "$part" "$mirror" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    say "debootstrap failed; the end of what it said stands above"
    rm -rf "$part" "$log"
    exit 1
  fi
  strip "$part"
  # Another one may have been faster.
  mv -T "$part" "$root" 2>/dev/null || rm -rf "$part"
  rm -f "$log"
}

case ${1:-} in
  path) printf '%s\n' "$root" ;;
  make) make ;;
  *) say 'root.sh path | make'; exit 2 ;;
esac
