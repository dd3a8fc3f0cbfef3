import type { AnyProduct } from '../core/product.ts';
import { productNames } from '../gateway/product.ts';
import { SHELL_PRELUDE } from './shell-prelude.ts';

/**
 * Asks a machine what keeps gateways running there, apart from units of the account itself; see `keepersSeen` for who reads it.
 * Arguments: the names of the product (separated by spaces), then the pids of its processes. Asks no pm2, for that would start one.
 */
export const KEEPERS_SCRIPT =
  SHELL_PRELUDE +
  `
# Sets np_hits to those of the files that name the product, one a line: one look at all of them.
np_naming() {
  np_patterns=
  for np_name in $np_names; do np_patterns="$np_patterns$np_name$np_nl"; done
  np_hits=$np_nl$(grep -l -F -e "\${np_patterns%"$np_nl"}" "$@" 2>/dev/null </dev/null)$np_nl
}
np_is_hit() { case $np_hits in *"$np_nl$1$np_nl"*) [ -f "$1" ] ;; *) return 1 ;; esac; }
np_args() { tr '\\n\\000' '  ' <"/proc/$1/cmdline" | head -c 300; }
np_parents() {
  np_p=$1
  for np_n in 1 2 3 4 5 6 7 8 9 10 11 12; do
    np_p=$(sed -n 's/.*) [A-Za-z] \\([0-9]*\\) .*/\\1/p' "/proc/$np_p/stat" 2>/dev/null)
    case $np_p in '' | 0 | 1) return 0 ;; esac
    printf '%s %s\\n' "$np_p" "$(np_args "$np_p")"
  done
}
np_app() { tr '\\n\\000' '\\001\\n' <"/proc/$1/environ" | grep -E '^(name|PM2_HOME|HOME|[A-Z][A-Z_]*_(HOME|STATE_DIR|PROFILE))='; }
np_process() {
  np_put process "$1"
  np_stream process.cgroup 4096 cat "/proc/$1/cgroup"
  np_stream process.parents 8192 np_parents "$1"
  np_stream process.app 4096 np_app "$1"
}
np_pm() {
  np_put pm.bin "$(command -v pm2)"
  for np_g in /proc/[0-9]*; do
    [ -O "$np_g" ] || continue
    np_comm=
    { read -r np_comm <"$np_g/comm"; } 2>/dev/null
    case $np_comm in PM2*) ;; *) continue ;; esac
    case $(np_args "\${np_g#/proc/}" 2>/dev/null) in 'PM2 '*'God Daemon'*) ;; *) continue ;; esac
    np_v=$(readlink "$np_g/exe")
    if [ -x "\${np_v%/*}/pm2" ]; then np_put pm.bin "\${np_v%/*}/pm2"; fi
  done
  if [ -f "$HOME/.pm2/dump.pm2" ]; then np_stream pm.saved 8192 np_saved "$HOME/.pm2/dump.pm2"; fi
}
np_saved() {
  awk -v names="$np_names" '
    /^  [{]/ { name = ""; status = ""; hit = 0 }
    /^    "name": / { name = $0; sub(/^    "name": "/, "", name); sub(/",?$/, "", name) }
    /^    "status": / { status = $2; gsub(/[",]/, "", status) }
    /^    "pm_exec_path": / { n = split(names, one, " "); for (i = 1; i <= n; i++) if (index($0, one[i])) hit = 1 }
    /^  [}]/ { if (hit && status != "stopped") print name }' "$1"
}
np_systemctl() { np_bounded 10 systemctl "$@" </dev/null 2>/dev/null; }
np_unit() {
  np_put unit "$1"
  np_put unit.path "$2"
  np_stream unit.text 65536 cat "$2"
  for np_f in "$2.d"/*.conf; do
    if [ -f "$np_f" ]; then np_stream unit.drop-in 65536 cat "$np_f"; fi
  done
  np_put unit.enabled "$(np_systemctl is-enabled "$1")"
  np_put unit.active "$(np_systemctl is-active "$1")"
  np_v=$(np_systemctl show -p MainPID "$1")
  np_put unit.pid "\${np_v#MainPID=}"
  if [ "$(id -u)" = 0 ]; then
    np_put unit.root root
  elif np_bounded 10 sudo -n systemctl show "$1" --property=Id </dev/null >/dev/null 2>&1 ||
    np_bounded 10 sudo -n -l </dev/null 2>/dev/null | grep -q "NOPASSWD:.*systemctl.*\${1%.service}"; then
    np_put unit.root sudo
  fi
}
np_units() {
  np_v=$(np_systemctl show --property=UnitPath)
  np_v=\${np_v#UnitPath=}
  np_n=0
  np_seen=' '
  for np_dir in \${np_v:-/etc/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system}; do
    np_naming "$np_dir"/[!-]*.service
    for np_u in "$np_dir"/[!-]*.service; do
      np_is_hit "$np_u" || continue
      np_base=\${np_u##*/}
      case $np_seen in *" $np_base "*) continue ;; esac
      if [ "$np_n" -ge 32 ]; then continue; fi
      np_seen="$np_seen$np_base "
      np_n=$((np_n + 1))
      np_unit "$np_base" "$np_u"
    done
  done
}
np_xml() {
  case $(head -c 5 "$1" | tr -d '\\000') in
    bplis) np_bounded 10 plutil -convert xml1 -o - "$1" ;;
    *) cat "$1" ;;
  esac
}
np_plist() {
  np_put plist "$2"
  np_put plist.domain "$1"
  np_stream plist.text 65536 np_xml "$2"
  np_v=\${2##*/}
  np_stream plist.shown 8192 np_bounded 10 launchctl print "$1/\${np_v%.plist}"
  np_stream plist.disabled 65536 np_bounded 10 launchctl print-disabled "$1"
  if [ "$(id -u)" = 0 ]; then np_put plist.root root; elif np_bounded 10 sudo -n true </dev/null >/dev/null 2>&1; then np_put plist.root sudo; fi
}
np_plists() {
  for np_dir in "$HOME/Library/LaunchAgents" /Library/LaunchAgents /Library/LaunchDaemons; do
    np_domain=gui/$(id -u)
    case $np_dir in *Daemons) np_domain=system ;; esac
    np_naming "$np_dir"/*.plist
    for np_u in "$np_dir"/*.plist; do
      if np_is_hit "$np_u"; then np_plist "$np_domain" "$np_u"; fi
    done
  done
}
np_listed() { np_bounded 10 "$1" ps -a --no-trunc --format '{{.ID}}\\t{{.Names}}\\t{{.State}}\\t{{.Command}}\\t{{.Mounts}}'; }
np_inspected() { np_bounded 10 "$np_engine" inspect --type container --format '{{.Id}}|{{.HostConfig.RestartPolicy.Name}}|{{.HostConfig.NetworkMode}}|{{json .Mounts}}' "$@"; }
np_containers() {
  for np_engine in docker podman; do
    command -v "$np_engine" >/dev/null 2>&1 || continue
    np_stream "containers.$np_engine" 262144 np_listed "$np_engine"
    np_n=0
    for np_id in $(np_listed "$np_engine" 2>/dev/null </dev/null | sed -n 's/^\\([0-9A-Za-z]\\{12,\\}\\)[^0-9A-Za-z].*/\\1/p' | head -n 64); do
      [ $np_n -gt 0 ] || set --
      np_n=$((np_n + 1))
      set -- "$@" "$np_id"
    done
    if [ $np_n -gt 0 ]; then np_stream "inspected.$np_engine" 1048576 np_inspected "$@"; fi
  done
}
np_cron() {
  np_bounded 10 crontab -l | awk -v names="$np_names" '
    /^[ \\t]*#/ { next }
    { n = split(names, one, " "); for (i = 1; i <= n; i++) if (index($0, one[i]) && /@reboot|gateway/) { print substr($0, 1, 200); next } }'
}
np_main() {
  np_names=$1
  shift
  [ -n "\${HOME:-}" ] || HOME=/
  np_put self "$(id -u)"
  np_stream self.cgroup 4096 cat /proc/self/cgroup
  for np_pid in "$@"; do
    case $np_pid in '' | *[!0-9]*) ;; *) if [ -r "/proc/$np_pid/stat" ]; then np_process "$np_pid"; fi ;; esac
  done
  np_put pm yes
  np_pm
  np_units
  np_plists
  np_put containers yes
  np_containers
  np_stream cron 4096 np_cron
  np_put end ok
}
np_main "$@" </dev/null
exit 0
`;

/** The first argument of `KEEPERS_SCRIPT`. Pure. */
export function keeperNames(product: AnyProduct): string {
  const { command, legacyUnitBases } = productNames(product);
  return [command, ...legacyUnitBases.map((base) => base.replace(/-gateway$/, ''))].join(' ');
}
