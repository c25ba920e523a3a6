#!/usr/bin/env bash
# Installs the Debian packages of tools/packages.txt that are missing: install_packages.sh build [test].
# Says nothing when nothing is missing. Standard output stays empty.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
wanted=()
for kind in "$@"; do
  while read -r column package; do
    [ "$column" = "$kind" ] && wanted+=("$package")
  done < <(grep -v '^#' "$here/packages.txt")
done
missing=()
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | awk '$1=="ii"{print $2}')
for package in "${wanted[@]}"; do
  grep -qx "$package" <<<"$installed" || missing+=("$package")
done
# A client of one's own serves as well as Debian's.
if command -v pip3 >/dev/null || command -v pip >/dev/null; then missing=("${missing[@]/#python3-pip/}"); fi
if command -v python3 >/dev/null; then missing=("${missing[@]/%python3/}"); fi
list=$(echo "${missing[@]}" | xargs)
[ -z "$list" ] && exit 0
echo "Installing: $list" >&2
run=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "freehold: these packages are missing and only root can install them: $list" >&2; exit 5; }
  run=(sudo)
fi
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if ! { "${run[@]}" apt-get update -q && "${run[@]}" apt-get install -y -q --no-install-recommends $list; } >"$log" 2>&1; then
  tail -n 15 "$log" >&2
  echo "freehold: installing packages failed (the whole log: $log)" >&2
  exit 5
fi
rm -f "$log"
