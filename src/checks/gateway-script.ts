import { SHELL_PRELUDE } from './shell-prelude.ts';

/**
 * Finds the product on a machine and looks into state dirs; see `survey` for who reads it.
 * Arguments: the product's command, the user's own path to it (or nothing), the login shell, a count and as many triples of node,
 * entry (or nothing, where the first is the product itself) and unit name, then for each state dir
 * its path, a count, and as many places of its config, of which the first that exists counts. `--version` is all that is run of the product.
 */
export const GATEWAY_SCRIPT =
  SHELL_PRELUDE +
  `
np_found() {
  if [ ! -f "$1" ] || [ ! -x "$1" ]; then return 1; fi
  np_bin=$1
  np_how=$2
}
np_absolute() { case $1 in /*) np_found "$1" "$2" ;; *) return 1 ;; esac; }
np_login_shell() {
  case \${np_shell##*/} in
    nologin | false | '') return 1 ;;
    csh | tcsh) np_flags=-c ;;
    *) np_flags='-lc -ilc' ;;
  esac
  for np_flag in $np_flags; do
    # PATH is what is wanted of that shell, not its words: an alias or a function is of no use to anyone else.
    np_said=$(np_bounded 15 "$np_shell" "$np_flag" "exec /bin/sh -c 'echo; command -v $np_product | sed s/^/NP-PRODUCT:/; command -v node | sed s/^/NP-NODE:/'" </dev/null 2>/dev/null |
      head -c 65536 | sed -n '/^NP-[A-Z]*:\\//p')
    np_login_node=$(printf '%s\\n' "$np_said" | sed -n 's/^NP-NODE://p' | tail -n 1)
    np_v=$(printf '%s\\n' "$np_said" | sed -n 's/^NP-PRODUCT://p' | tail -n 1)
    if np_absolute "$np_v" "login shell ($np_flag)"; then return 0; fi
    np_login_node=
  done
  return 1
}
np_newest() {
  for np_f in "$@"; do
    if [ -x "$np_f" ]; then printf '%s\\n' "$np_f"; fi
  done | sed -n 's|.*/v\\{0,1\\}\\([0-9]\\{1,\\}\\)\\.\\([0-9]\\{1,\\}\\)\\.\\([0-9]\\{1,\\}\\)/.*|\\1 \\2 \\3 &|p' |
    sort -k1,1n -k2,2n -k3,3n | tail -n 1 | cut -d ' ' -f 4-
}
np_npm_prefix() {
  np_v=$(sed -n 's/^prefix *= *//p' "$HOME/.npmrc" 2>/dev/null </dev/null | tail -n 1)
  case $np_v in
    '~/'*) np_v=$HOME/\${np_v#'~/'} ;;
    '\${HOME}/'*) np_v=$HOME/\${np_v#'\${HOME}/'} ;;
  esac
  np_absolute "$np_v/bin/$np_product" 'npm prefix'
}
np_well_known() {
  np_npm_prefix && return 0
  for np_d in "$HOME/.npm-global/bin" "$HOME/.local/bin" "$HOME/bin"; do
    np_found "$np_d/$np_product" 'well-known directory' && return 0
  done
  np_v=$(np_newest "$HOME"/.nvm/versions/node/*/bin/"$np_product" "$HOME"/.local/share/fnm/node-versions/*/installation/bin/"$np_product" \\
    "$HOME"/.fnm/node-versions/*/installation/bin/"$np_product" "$HOME"/.asdf/installs/nodejs/*/bin/"$np_product" \\
    "$HOME"/.local/share/mise/installs/node/*/bin/"$np_product")
  np_absolute "$np_v" 'version manager' && return 0
  for np_d in "$HOME/.volta/bin" "$HOME/.asdf/shims" "$HOME/.bun/bin" "$HOME/.local/share/pnpm" "$HOME/Library/pnpm" \\
    "$HOME/.yarn/bin" /opt/homebrew/bin /home/linuxbrew/.linuxbrew/bin /usr/local/bin /opt/local/bin; do
    np_found "$np_d/$np_product" 'well-known directory' && return 0
  done
  return 1
}
np_find() {
  if [ -n "$np_flag_bin" ]; then
    np_absolute "$np_flag_bin" flag || np_put product.flag-missing yes
    return 0
  fi
  [ -z "$np_node$np_bin" ] || return 0
  np_absolute "$(command -v "$np_product")" PATH || np_login_shell || np_well_known
}
np_node_of_bin() {
  if [ -x "$np_bindir/node" ]; then
    np_node=$np_bindir/node
    return 0
  fi
  np_v=$(head -c 256 "$np_bin" 2>/dev/null | head -n 1 | tr -d '\\000\\r' | sed -n 's|^#! *\\(/[^ ]*/node\\) *$|\\1|p')
  if [ -x "$np_v" ]; then
    np_node=$np_v
    return 0
  fi
  np_v=$(PATH=$np_bindir:$PATH; command -v node)
  case $np_v in
    /*) np_node=$np_v ;;
    *)
      # Only the login shell knows a Node, so its directory has to come first for "env node" to find it.
      np_node=\${np_login_node:-$(np_newest "$HOME"/.nvm/versions/node/*/bin/node)}
      if [ -x "$np_node" ]; then np_bindir=\${np_node%/*}; fi
      ;;
  esac
}
np_ask_version() {
  PATH=$np_bindir:$PATH
  NODE_DISABLE_COMPILE_CACHE=1
  NO_UPDATE_NOTIFIER=1
  export PATH NODE_DISABLE_COMPILE_CACHE NO_UPDATE_NOTIFIER
  np_bounded 90 "$@" --version
}
np_product_facts() {
  np_find
  if [ -n "$np_entry" ]; then
    np_bindir=\${np_node%/*}
    np_put product.entry "$np_entry"
  elif [ -n "$np_bin" ]; then
    np_bindir=\${np_bin%/*}
    [ -n "$np_bindir" ] || np_bindir=/
    np_node_of_bin
    np_put product.bin "$np_bin"
  else
    return 0
  fi
  np_put product.found-by "$np_how"
  np_put product.bin-dir "$np_bindir"
  case $(np_bounded 15 "$np_node" --version </dev/null 2>/dev/null | head -c 64) in
    v[0-9]*) np_put product.node "$np_node" ;;
  esac
  if [ -n "$np_entry" ]; then
    np_stream product.version 4096 np_ask_version "$np_node" "$np_entry"
  else
    np_stream product.version 4096 np_ask_version "$np_bin"
  fi
}
np_state() {
  np_put state "$1"
  np_put state.nth "$3"
  np_put state.config-path "$2"
  np_real "\${2%/*}"
  np_put state.config-real "\${np_r:-\${2%/*}}/\${2##*/}"
  if [ -f "$2" ] && [ ! -r "$2" ]; then
    np_put state.config-unreadable yes
  elif [ -f "$2" ]; then
    np_stream state.config 4194305 cat "$2"
  fi
  [ -d "$1" ] || return 0
  np_real "$1"
  # Without the right to enter it, a directory cannot be resolved; it is there all the same.
  [ -n "$np_r" ] || np_r=$1
  np_put state.real "$np_r"
  for np_v in agents credentials; do
    if [ -d "$np_r/$np_v" ]; then np_put state.has "$np_v"; fi
  done
  if [ -f "$np_r/.env" ]; then
    np_stream state.env 16384 sed -n 's/^[[:blank:]]*\\(export[[:blank:]]\\{1,\\}\\)\\{0,1\\}\\([A-Za-z_][A-Za-z0-9_]*\\)[[:blank:]]*=.*/\\2/p' "$np_r/.env"
  fi
  np_count state "$np_r"
  np_unreadable "$np_r" | np_list state.unreadable 8192
  np_put state.queued "$(find "$np_r/delivery-queue/." ! -name . -prune -type f 2>/dev/null -exec sh -c 'for f do echo; done' sh {} + </dev/null | wc -l | tr -d ' ')"
}
np_main() {
  np_product=$1
  np_flag_bin=$2
  np_shell=$3
  np_pairs=$4
  shift 4
  np_bin=
  np_node=
  np_entry=
  np_how=
  np_login_node=
  while [ "$np_pairs" -gt 0 ]; do
    if [ -z "$np_flag_bin$np_node$np_bin" ]; then
      if [ -z "$2" ]; then
        np_absolute "$1" "$3"
      elif [ -x "$1" ] && [ -f "$2" ]; then
        np_node=$1
        np_entry=$2
        np_how=$3
      fi
    fi
    np_pairs=$((np_pairs - 1))
    shift 3
  done
  np_product_facts
  np_nth=0
  while [ "$#" -ge 3 ]; do
    np_dir=$1
    np_left=$2
    np_config=$3
    shift 2
    while [ "$np_left" -gt 0 ]; do
      if [ ! -f "$np_config" ] && [ -f "$1" ]; then np_config=$1; fi
      np_left=$((np_left - 1))
      shift
    done
    np_state "$np_dir" "$np_config" "$np_nth"
    np_nth=$((np_nth + 1))
  done
  np_put end ok
}
np_main "$@" </dev/null
exit 0
`;
