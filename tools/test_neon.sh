#!/usr/bin/env bash
# Builds the kernels for 64-bit Arm and runs their tests under qemu-user. By hand: where qemu emulates a
# busy machine this takes minutes. Takes the filter of GoogleTest: test_neon.sh --gtest_filter='Panels.*'
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_packages.sh build cross
build=build/aarch64
if [ ! -f "$build/build.ninja" ]; then
  cmake -S . -B "$build" -G Ninja -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64.cmake -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE="-O3 -g1" -DFREEHOLD_KERNELS_ONLY=ON >&2
fi
cmake --build "$build" --target kernels_test -j2 >&2
python3 tests/house/check_weak_symbols.py "$build" >&2
exec qemu-aarch64-static -cpu max -L /usr/aarch64-linux-gnu "$build/kernels_test" "$@"
