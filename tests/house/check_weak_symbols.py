#!/usr/bin/env python3
"""Objects of kernels/isa must define no weak symbols.

An inline function or template that is compiled there for a newer CPU may be the one copy that the
linker keeps for the whole program, which then crashes older CPUs. So whatever such an object
defines has to be its own (unnamed namespace) or a table. Usage: check_weak_symbols.py BUILD_DIR
"""

import pathlib
import shutil
import subprocess
import sys

WEAK = set("VWvwui")  # weak objects and functions, unique globals, indirect functions
# What sanitizers put into every object; these hold no code of ours.
OF_SANITIZERS = ("__asan_", "___asan_", "__odr_asan", "__tsan_", "__ubsan_", "__sancov_",
                 "__sanitizer_", "asan.", "tsan.", "sancov.")


def weak_symbols(nm: str, path: pathlib.Path) -> list[str]:
    listing = subprocess.run([nm, "--defined-only", str(path)], check=True, text=True,
                             capture_output=True).stdout
    found = []
    for line in listing.splitlines():
        fields = line.split()
        kind, name = fields[-2], fields[-1]
        if kind in WEAK and not name.startswith(OF_SANITIZERS):
            found.append(name)
    return found


def main() -> int:
    build = pathlib.Path(sys.argv[1])
    nm = shutil.which("llvm-nm-19") or shutil.which("nm")
    objects = sorted(build.rglob("kernels/isa/*.o"))
    if nm is None or not objects:
        print(f"no nm, or no objects of kernels/isa under {build}", file=sys.stderr)
        return 1
    weak = {path: weak_symbols(nm, path) for path in objects}
    for path, names in weak.items():
        for name in names:
            print(f"{path.relative_to(build)}: weak symbol {name}", file=sys.stderr)
    print(f"{len(objects)} objects, {sum(map(len, weak.values()))} weak symbols")
    return 1 if any(weak.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
