#!/usr/bin/env bash
# Configures and builds a preset, quietly when all goes well: build.sh PRESET [TARGET…].
# Standard output stays empty; the log of a failure is shown.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
mkdir -p "build/$preset"
log="build/$preset/build.log"
targets=()
[ $# -gt 0 ] && targets=(--target "$@")
started=$SECONDS
if [ ! -f "build/$preset/build.ninja" ]; then
  echo "Building ($preset, $(nproc) cores; the first time takes some minutes)…" >&2
  if ! cmake --preset "$preset" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    exit 70
  fi
fi
set +e
if [ -t 2 ]; then
  cmake --build "build/$preset" "${targets[@]}" 2>&1 | tee "$log" | awk '{printf "\r\033[K%.100s", $0 > "/dev/stderr"; fflush()} END {printf "\r\033[K" > "/dev/stderr"}'
  status=${PIPESTATUS[0]}
else
  cmake --build "build/$preset" "${targets[@]}" >"$log" 2>&1
  status=$?
fi
set -e
if [ "$status" != 0 ]; then
  grep -E 'error|FAILED' "$log" | head -n 30 >&2
  echo "freehold: the build failed (the whole log: build/$preset/build.log)" >&2
  exit 70
fi
took=$((SECONDS - started))
[ "$took" -lt 3 ] || echo "Built ($preset) in $took s." >&2
