#!/usr/bin/env bash
# Rates of the kernels by themselves: bench/kernels/run.sh [TYPE], as in run.sh Q6_K
set -euo pipefail
cd "$(dirname "$0")/../.."
tools/build.sh release kernels_bench
exec build/release/bench/kernels/kernels_bench "$@"
