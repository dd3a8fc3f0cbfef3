import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What `rsync --version` of macOS prints. */
export const OPENRSYNC_VERSION = 'openrsync: protocol version 29\nrsync version 2.6.9 compatible\n';

/** The options of openrsync's main.c (its getopt string and `lopts`), as macOS and FreeBSD have it. */
const SHORT = '46CDFHIKLPRSVWabcdghklnoprtuvxz';
const SHORT_WITH_VALUE = 'Bef';
const LONG = `archive backup checksum copy-dirlinks copy-links cvs-exclude no-D del delete delete-before delete-during
  delete-delay delete-after delete-excluded devices no-devices dry-run existing group no-group no-g hard-links help ignore-existing
  ignore-non-existing ignore-times inplace ipv4 ipv6 keep-dirlinks links motd no-motd no-links no-l numeric-ids owner no-owner no-o
  one-file-system partial no-partial perms no-perms no-p recursive no-recursive no-r sender server size-only specials no-specials
  sparse super no-super times no-times no-t update verbose no-verbose no-v whole-file no-whole-file no-W progress no-progress
  relative no-R no-relative remove-source-files version dirs no-dirs delay-updates append compress`.split(/\s+/);
const LONG_WITH_VALUE =
  `address backup-dir block-size bwlimit checksum-seed chmod compare-dest copy-dest link-dest contimeout exclude
  exclude-from filter include include-from max-size min-size partial-dir port rsh rsync-path sockopts suffix timeout files-from`.split(
    /\s+/,
  );

/**
 * A sending rsync that refuses every argument that openrsync does not know, as openrsync does, and speaks protocol 29: behind it is the real
 * rsync. Each call is noted in `<path>.asked`, a line each.
 */
export function installOpenrsync(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const script = `#!/bin/bash
if [ "$*" = --version ]; then printf '%s' '${OPENRSYNC_VERSION}'; exit 0; fi
printf '%s ' "$@" >>"$0.asked"; echo >>"$0.asked"
unknown() { echo "rsync: unrecognized option \\\`$1'" >&2; exit 1; }
for word in "$@"; do
  case $word in
    --*=*) case ' ${LONG_WITH_VALUE.join(' ')} ' in *" $(name=\${word%%=*}; echo "\${name#--}") "*) ;; *) unknown "$word" ;; esac ;;
    --*) case ' ${LONG.join(' ')} ' in *" \${word#--} "*) ;; *) unknown "$word" ;; esac ;;
    -?*) [[ $word =~ ^-[${SHORT}]*([${SHORT_WITH_VALUE}].*)?$ ]] || unknown "$word" ;;
  esac
done
[ "$1 $2" = '--server --sender' ] || unknown "$1"
shift
exec /usr/bin/rsync --server --protocol=29 "$@"
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
}
