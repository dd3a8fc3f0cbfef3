import type { AnyProduct } from '../core/product.ts';
import { lockFolder, productNames } from '../gateway/product.ts';
import { SHELL_PRELUDE } from './shell-prelude.ts';

/**
 * Asks a machine for everything but the product and the state dirs; see `machineSeen` for who reads it.
 * Arguments: the product's command, the prefixes of its environment variables (between bars, the present one first), its lock folder without the uid, its unit names
 * (separated by spaces, without `.service`), then its state dir names. With an empty command it tells the machine's identity only. Of a process's environment only the few variables that
 * say where its state lies are ever printed.
 */
export const MACHINE_SCRIPT =
  SHELL_PRELUDE +
  `
np_passwd() {
  { getent passwd "$np_uid" || cat /etc/passwd; } 2>/dev/null |
    awk -F: -v uid="$np_uid" -v field="$1" '$3 == uid { print $field; exit }'
}
np_identity() {
  np_put clock.first "$(date +%s%N)"
  np_put uname.s "$(uname -s)"
  np_put uname.m "$(uname -m)"
  np_put hostname "$(uname -n)"
  np_uid=$(id -u)
  np_put uid "$np_uid"
  np_put user "$(id -un)"
  [ -n "\${HOME:-}" ] || HOME=$(np_passwd 6)
  np_real "$HOME"
  np_put home "$HOME"
  np_put home.real "$np_r"
  np_put shell "\${SHELL:-$(np_passwd 7)}"
  for np_f in /etc/machine-id /var/lib/dbus/machine-id; do
    np_v=$(head -c 128 "$np_f" 2>/dev/null | head -n 1)
    [ -z "$np_v" ] || break
  done
  [ -n "$np_v" ] || np_v=$(ioreg -rd1 -c IOPlatformExpertDevice 2>/dev/null | sed -n 's/.*"IOPlatformUUID" = "\\([^"]*\\)".*/\\1/p')
  np_put machine-id "$np_v"
  np_put boot-id "$(head -c 128 /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.bootsessionuuid 2>/dev/null || sysctl -n kern.boottime 2>/dev/null)"
}
# openrsync tells on stderr.
np_rsync_says() { np_bounded 10 "$np_rs" --version 2>&1; }
np_rsync() {
  np_path=$PATH:/usr/local/bin:/opt/local/bin:/home/linuxbrew/.linuxbrew/bin:$HOME/.local/bin
  # The rsync that comes with macOS can send, no more; a better one is asked for first.
  [ "$(uname -s)" != Darwin ] || np_path=/opt/homebrew/bin:/usr/local/bin:/opt/local/bin:$np_path
  np_rs=$(PATH=$np_path; command -v rsync)
  case $np_rs in /*) ;; *) return 0 ;; esac
  np_put rsync.path "$np_rs"
  np_stream rsync.version 16384 np_rsync_says
  if np_of_dpkg "$np_rs" "/usr$np_rs"; then
    np_stream rsync.package 256 np_bounded 10 dpkg-query -W -f '\${Version}' rsync
    return 0
  fi
  np_v=$(np_bounded 10 rpm -qf --qf '%{VERSION}-%{RELEASE}' "$np_rs" 2>/dev/null </dev/null) && np_put rsync.package "$np_v"
  return 0
}
# The list of the package is at hand; asking dpkg whose a file is makes it read the lists of all packages.
np_of_dpkg() {
  if [ -r /var/lib/dpkg/info/rsync.list ]; then
    grep -q -x -F -e "$1" -e "$2" /var/lib/dpkg/info/rsync.list
    return
  fi
  np_bounded 10 dpkg-query -S "$1" >/dev/null 2>&1 </dev/null || np_bounded 10 dpkg-query -S "$2" >/dev/null 2>&1 </dev/null
}
np_systemctl() { np_bounded 10 systemctl --user "$@" </dev/null 2>/dev/null; }
np_stat() {
  case $2 in '' | 0 | *[!0-9]*) return 0 ;; esac
  [ -r "/proc/$2/stat" ] && np_stream "$1" 1024 cat "/proc/$2/stat"
  if [ ! -d /proc/self ]; then np_put "$1" "ps $(ps -o lstart= -p "$2" 2>/dev/null)"; fi
  return 0
}
np_unit() {
  np_put unit "$1"
  np_put unit.path "$2"
  np_stream unit.text 65536 cat "$2"
  for np_f in "$2.d"/*.conf; do
    if [ ! -f "$np_f" ]; then continue; fi
    np_put unit.drop-in-name "\${np_f##*/}"
    np_stream unit.drop-in 65536 cat "$np_f"
  done
  np_env_files "$2" "$2.d"/*.conf
  if [ "$np_manager" != yes ]; then
    # Nobody can be asked, but it is these links that make a service come back.
    for np_f in "\${2%/*}"/*.wants/"$1"; do
      if [ -h "$np_f" ]; then np_put unit.enabled enabled; fi
    done
    return 0
  fi
  np_put unit.enabled "$(np_systemctl is-enabled "$1")"
  np_put unit.active "$(np_systemctl is-active "$1")"
  np_v=$(np_systemctl show -p MainPID "$1")
  np_put unit.pid "\${np_v#MainPID=}"
  np_stat unit.stat "\${np_v#MainPID=}"
}
# Of a file of variables all names, and the values of those alone that say where the state lies. An empty assignment takes back those before it.
np_env_files() {
  cat "$@" 2>/dev/null | awk '
    sub(/^[ \\t]*EnvironmentFile[ \\t]*=[ \\t]*/, "") {
      sub(/[ \\t]*$/, "")
      if ($0 == "") n = 0; else if (n < 16) file[n++] = $0
    }
    END { for (i = 0; i < n; i++) print file[i] }' |
    while IFS= read -r np_f; do
      np_f=\${np_f#-}
      case $np_f in \\"*\\") np_f=\${np_f#?}; np_f=\${np_f%?} ;; esac
      case $np_f in %h/*) np_f=$HOME/\${np_f#%h/} ;; esac
      # It may be a pattern, whose files come in the order of their names.
      IFS=
      for np_g in $np_f; do
        np_put unit.env-file "$np_g"
        if [ -f "$np_g" ] && [ -r "$np_g" ]; then np_stream unit.env-file.lines 16384 np_variables "$np_g"; fi
      done
    done
}
# As \`parseEnvFile\` reads one: see there.
np_variables() {
  head -c 262144 "$1" | awk -v keep="^(HOME|($np_env)_(HOME|STATE_DIR|CONFIG_PATH|PROFILE|GATEWAY_PORT))$" '
    function newline(c) { return c == "\\n" || c == "\\r" }
    function blank(c) { return c == " " || c == "\\t" || newline(c) }
    function add(c) { value = value c }
    function done() {
      sub(/[ \\t]+$/, "", name)
      if (state == "bare" && cut >= 0) value = substr(value, 1, cut)
      gsub(/\\n/, "\\001", value)
      if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/) print (name ~ keep ? name "=" value : name)
      state = "start"
    }
    function see(c) {
      if (state == "bare") {
        if (newline(c)) done()
        else if (c == "\\\\") { state = "escape"; cut = -1 }
        else { if (!blank(c)) cut = -1; else if (cut < 0) cut = length(value); add(c) }
      } else if (state == "single") { if (c == "\\047") state = "value"; else add(c) }
      else if (state == "double") { if (c == "\\042") state = "value"; else if (c == "\\\\") state = "double-escape"; else add(c) }
      else if (state == "name") { if (newline(c)) state = "start"; else if (c == "=") state = "value"; else name = name c }
      else if (state == "value") {
        if (newline(c)) done()
        else if (c == "\\047") state = "single"
        else if (c == "\\042") state = "double"
        else if (c == "\\\\") state = "escape"
        else if (!blank(c)) { state = "bare"; add(c) }
      } else if (state == "escape") { state = "bare"; if (!newline(c)) add(c) }
      else if (state == "double-escape") { state = "double"; if (index("\\042\\\\\`$", c)) add(c); else if (c != "\\n") add("\\\\" c) }
      else if (state == "comment") { if (newline(c)) state = "start" }
      else if (c == "#" || c == ";") state = "comment"
      else if (!blank(c)) { state = "name"; name = c; value = ""; cut = -1 }
    }
    BEGIN { state = "start" }
    NR > 1 { see("\\n") }
    { long = length($0); for (i = 1; i <= long; i++) see(substr($0, i, 1)) }
    END { if (state != "start" && state != "name" && state != "comment") done() }'
}
np_services() {
  if [ -z "\${XDG_RUNTIME_DIR:-}" ] && [ -d "/run/user/$np_uid" ]; then
    XDG_RUNTIME_DIR=/run/user/$np_uid
    export XDG_RUNTIME_DIR
  fi
  np_manager=no
  case $(np_systemctl is-system-running) in
    running | degraded | starting | initializing | maintenance | stopping) np_manager=yes ;;
    *) if np_systemctl show-environment >/dev/null; then np_manager=yes; fi ;;
  esac
  np_put services "$np_manager"
  np_v=$(np_bounded 10 loginctl show-user "$(id -un)" -p Linger 2>/dev/null </dev/null)
  if [ -z "$np_v" ] && [ -d /var/lib/systemd/linger ]; then
    np_v=Linger=no
    [ ! -e "/var/lib/systemd/linger/$(id -un)" ] || np_v=Linger=yes
  fi
  np_put linger "\${np_v#Linger=}"
  np_n=0
  for np_dir in "\${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user" "$HOME/.local/share/systemd/user"; do
    for np_u in "$np_dir"/[!-]*.service; do
      [ -f "$np_u" ] && [ "$np_n" -lt 32 ] || continue
      np_base=\${np_u##*/}
      np_ours=no
      for np_b in $np_units; do case $np_base in "$np_b"*) np_ours=yes ;; esac; done
      if [ $np_ours = no ] && ! grep -q -F -e "$np_product" -e "\${np_env%%|*}" "$np_u" 2>/dev/null; then continue; fi
      np_n=$((np_n + 1))
      np_unit "$np_base" "$np_u"
    done
  done
}
# Is a lock that of a process which is gone? Asked of the shell alone: a machine may have gathered hundreds of them.
np_stale() {
  [ -d /proc/self ] || return 1
  np_v=
  while case $np_v in *'"pid":'*) false ;; esac; do
    read -r np_v || break
  done <"$1" 2>/dev/null
  case $np_v in *'"pid":'*) ;; *) return 1 ;; esac
  np_v=\${np_v#*'"pid":'}
  np_v=\${np_v# }
  np_v=\${np_v%%[!0-9]*}
  [ -n "$np_v" ] && [ ! -d "/proc/$np_v" ]
}
np_locks() {
  for np_l in "$np_lock-$np_uid"/*.lock; do
    if [ ! -f "$np_l" ] || [ -h "$np_l" ] || [ ! -O "$np_l" ] || np_stale "$np_l"; then continue; fi
    np_put lock "$np_l"
    np_stream lock.text 4096 cat "$np_l"
    np_pid=$(head -c 4096 "$np_l" | tr -d '\\000\\n' | sed -n 's/.*"pid"[^0-9]\\{1,4\\}\\([0-9]\\{1,9\\}\\).*/\\1/p')
    np_stat lock.stat "$np_pid"
    if [ -r "/proc/\${np_pid:-none}/environ" ]; then
      np_stream lock.env 16384 np_environ "$np_pid"
      np_stream lock.variables 16384 np_variable_names "$np_pid"
      np_stream lock.there 8 np_there "$np_pid"
    fi
  done
}
np_listening() {
  {
    ls -l "/proc/$1/fd" | sed -n 's/.*socket:\\[\\([0-9]*\\)\\]$/inode \\1/p'
    cat /proc/net/tcp /proc/net/tcp6
  } 2>/dev/null | awk '
    $1 == "inode" { mine[$2] = 1; next }
    $4 == "0A" && ($10 in mine) { sub(/.*:/, "", $2); print $2 }'
}
# Names the unit of the whole machine that runs a process. One that a login or cron of such a unit has started is not run by it.
np_system_unit() {
  np_v=$(sed -n 's|^[0-9]*:\\(name=systemd\\)\\{0,1\\}:.*/\\{0,1\\}system\\.slice/\\(.*/\\)\\{0,1\\}\\([^/]*\\.service\\)$|\\3|p' "/proc/$1/cgroup" | head -n 1)
  [ -n "$np_v" ] || return 0
  case $(np_bounded 10 systemctl show -p MainPID "$np_v" </dev/null 2>/dev/null) in
    "MainPID=$1") echo "$np_v" ;;
    *) case $np_v in *"$np_product"* | *gateway*) echo "$np_v" ;; esac ;;
  esac
}
np_process() {
  np_put process "$1"
  np_stream process.system-unit 256 np_system_unit "$1"
  np_stat process.stat "$1"
  np_stream process.title 128 np_title "$1"
  np_stream process.serves 8 np_serves "$1"
  np_stream process.profile 256 np_flag_profile "$1"
  np_stream process.env 16384 np_environ "$1"
  np_stream process.ports 512 np_listening "$1"
  np_stream process.variables 16384 np_variable_names "$1"
  np_stream process.exe 4096 readlink "/proc/$1/exe"
  np_stream process.there 8 np_there "$1"
}
# A process that ends loses its environment and its arguments first: asked last, this tells whether the others mean anything.
np_there() { if [ -n "$(np_title "$1")" ]; then echo yes; fi; }
np_args() { tr '\\n\\000' '\\001\\n' <"/proc/$1/cmdline"; }
np_title() { np_args "$1" | head -n 1; }
np_serves() { if np_args "$1" | grep -q -x -e gateway -e "$np_product-gateway *"; then echo yes; fi; }
np_flag_profile() {
  np_args "$1" | awk '
    found { print; exit }
    $0 == "--profile" { found = 1 }
    sub(/^--profile=/, "") { print; exit }
    $0 == "--dev" { print "dev"; exit }'
}
np_environ() {
  tr '\\n\\000' '\\001\\n' <"/proc/$1/environ" |
    grep -E "^(HOME|TMPDIR|(\${np_env})_(HOME|STATE_DIR|CONFIG_PATH|PROFILE|GATEWAY_PORT))="
}
np_variable_names() { tr '\\n\\000' '\\001\\n' <"/proc/$1/environ" | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\1/p'; }
# What the rc files of shells and of the service manager export: names only, read and not run.
np_exports() {
  for np_f in "$HOME/.profile" "$HOME/.bash_profile" "$HOME/.bash_login" "$HOME/.bashrc" "$HOME/.zshenv" "$HOME/.zprofile" \\
    "$HOME/.zshrc" "$HOME/.config/fish/config.fish" "$HOME"/.config/environment.d/*.conf; do
    if [ ! -f "$np_f" ] || [ ! -r "$np_f" ]; then continue; fi
    np_put exports "$np_f"
    case $np_f in
      *.conf) np_stream exports.names 8192 sed -n 's/^[[:blank:]]*\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\1/p' "$np_f" ;;
      *.fish) np_stream exports.names 8192 sed -n 's/^[[:blank:]]*set[[:blank:]].*-[A-Za-z]*x[A-Za-z]*[[:blank:]]\\{1,\\}\\([A-Za-z_][A-Za-z0-9_]*\\).*/\\1/p' "$np_f" ;;
      *) np_stream exports.names 8192 sed -n 's/^[[:blank:]]*export[[:blank:]]\\{1,\\}\\([A-Za-z_][A-Za-z0-9_]*\\).*/\\1/p; s/^[[:blank:]]*\\(declare\\|typeset\\)[[:blank:]]\\{1,\\}-[a-z]*x[a-z]*[[:blank:]]\\{1,\\}\\([A-Za-z_][A-Za-z0-9_]*\\).*/\\2/p' "$np_f" ;;
    esac
  done
}
np_processes() {
  np_n=0
  for np_d in /proc/[0-9]*; do
    [ -O "$np_d" ] && [ "$np_n" -lt 64 ] || continue
    np_comm=
    { read -r np_comm <"$np_d/comm"; } 2>/dev/null
    np_pid=\${np_d#/proc/}
    case $np_comm in
      "$np_short"*) ;;
      node* | MainThread | bun*)
        np_args "$np_pid" 2>/dev/null | head -c 16384 | grep -q -e "/$np_product/" -e "/$np_product\\$" -e "^$np_product" || continue
        ;;
      *) continue ;;
    esac
    np_n=$((np_n + 1))
    np_process "$np_pid"
  done
}
np_dirs() {
  for np_b in "$@"; do
    for np_d in "$HOME/$np_b" "$HOME/$np_b"-*; do
      if [ -d "$np_d" ]; then np_put dir "$np_d"; fi
    done
  done
}
np_main() {
  np_product=$1
  # Of the name of a process the kernel keeps no more.
  np_short=$(printf %.15s "$1")
  np_env=$2
  np_lock=$3
  np_units=$4
  shift 4
  np_identity
  if [ -n "$np_product" ]; then
    np_put selinux "$(np_bounded 10 getenforce 2>/dev/null </dev/null)"
    np_rsync
    np_services
    np_locks
    np_processes
    np_exports
    np_dirs "$@"
  fi
  np_put clock.last "$(date +%s%N)"
  np_put end ok
}
np_main "$@" </dev/null
exit 0
`;

/** The arguments of `MACHINE_SCRIPT`; null asks for the machine's identity only. Pure. */
export function machineArgs(product: AnyProduct | null): string[] {
  if (product === null) return ['', '', '', ''];
  const { command, envPrefix, legacyEnvPrefixes, unitBase, legacyUnitBases } = productNames(product);
  const { stateDirName, legacyStateDirNames } = productNames(product);
  const prefixes = [envPrefix, ...legacyEnvPrefixes].join('|');
  const units = [unitBase, ...legacyUnitBases].join(' ');
  const locks = lockFolder(product, 0).replace(/-0$/, '');
  return [command, prefixes, locks, units, stateDirName, ...legacyStateDirNames];
}
