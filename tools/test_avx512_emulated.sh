#!/usr/bin/env bash
# Tests the arithmetic of AVX-512 on a CPU without it: its intrinsics are compiled as plain words
# (tests/avx512_in_plain_words.inc, the library SIMDe). By hand: it is slow. Takes the filter of GoogleTest.
# What the compiler makes of the real intrinsics only a CPU that has them can test.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_packages.sh build cross
build=build/avx512_emulated
if [ ! -f "$build/build.ninja" ]; then
  cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_C_COMPILER=clang-19 \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DFREEHOLD_KERNELS_ONLY=ON \
    -DFREEHOLD_EMULATE_AVX512=ON >&2
fi
cmake --build "$build" --target kernels_test -j2 >&2
exec "$build/kernels_test" "$@"
