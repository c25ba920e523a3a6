#!/usr/bin/env python3
"""Limits and habits of STYLE.md that a program can check. Needs universal-ctags and clang-format."""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_FUNCTION, MAX_FILE, MAX_COLUMN = 60, 500, 100
DRAWERS = {"utils", "util", "common", "misc", "helpers", "core"}
# pattern -> (what to use instead, paths where it is allowed)
BANNED = {
    r"\bstd::thread\b": ("base/thread_pool.h", r"^src/(base|doors)/|engine/engine\.|_test\.cc$|/testing/|scripted|tests/"),
    r"\bstd::cout\b|\bstd::cerr\b": ("cli/print.h or base/log.h", r"^tests/"),
    r"\bstd::regex\b": ("text/pretokenizer.h or RE2", r"^$"),
    r"\bs?rand\(": ("base/random.h", r"^$"),
    r"\b(FIXME|XXX|TODO|HACK)\b": ("an issue, or do it", r"tests/house/"),
    r"\breinterpret_cast<.*\*>\(const_cast": ("a const view", r"^$"),
    r"\bstrcpy\(|\bsprintf\(|\bgets\(": ("fmt::format", r"^$"),
    r"#\s*if.*__AVX|#\s*ifdef\s+__AVX": ("kernels/vec", r"^src/matter/kernels/"),
}
# library header -> files that may include it
WALLS = {
    r"nlohmann/": r"^src/base/json\.cc$",
    r"CLI/": r"^src/base/options\.cc$",
    r"toml\+\+/": r"^src/base/toml\.cc$",
    r"spdlog/": r"^src/base/log\.cc$",
    r"boost/": r"^src/doors/server/|^tests/",
    r"curl/": r"^src/workshop/hub/(http|transfer|probe)",
    r"archive\.h|archive_entry\.h": r"^src/workshop/hub/archive|^tests/|_test\.cc$",
    r"pcre2\.h": r"^src/matter/text/",
    r"unicode/": r"^src/matter/text/",
    r"histedit\.h": r"^src/doors/cli/line_editor\.cc$",
    r"openssl/": r"^src/base/digest\.cc$|^src/doors/server/",
}


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split()
    return sorted(path for path in listed if (ROOT / path).is_file())


def read_exceptions():
    entries = {}
    for line in (ROOT / "tests/house/exceptions.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            entry, _, reason = line.partition("#")
            entries[" ".join(entry.split())] = reason.strip()
    return entries


def function_lengths(files):
    """(file, name, lines) of every function that ctags sees."""
    run = subprocess.run(["ctags", "--output-format=json", "--fields=+ne", "--languages=C++",
                          "--langmap=C++:.cc.h", "--kinds-C++=f", "-f", "-", *files],
                         cwd=ROOT, capture_output=True, text=True, check=True)
    for line in run.stdout.splitlines():
        tag = json.loads(line)
        if tag.get("_type") == "tag" and "end" in tag:
            yield tag["path"], tag["name"], tag["end"] - tag["line"] + 1


def size_errors(sources, exceptions, used):
    errors = []
    for path in sources:
        lines = (ROOT / path).read_text(errors="replace").splitlines()
        key = f"file {path}"
        if len(lines) > MAX_FILE:
            used.add(key)
            if key not in exceptions:
                errors.append(f"{path}: {len(lines)} lines, more than {MAX_FILE}")
        if f"columns {path}" in exceptions:
            used.add(f"columns {path}")
            continue
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_COLUMN:
                errors.append(f"{path}:{number}: {len(line)} columns, more than {MAX_COLUMN}")
    for path, name, lines in function_lengths(sources):
        key = f"function {path} {name}"
        if lines > MAX_FUNCTION:
            used.add(key)
            if key not in exceptions:
                errors.append(f"{path}: {name} has {lines} lines, more than {MAX_FUNCTION}")
    return errors


def word_errors(sources):
    errors = []
    for path in sources:
        for number, line in enumerate((ROOT / path).read_text(errors="replace").splitlines(), 1):
            for pattern, (instead, allowed) in BANNED.items():
                if re.search(pattern, line) and not re.search(allowed, path):
                    errors.append(f"{path}:{number}: {pattern} is not used here; use {instead}")
            included = re.match(r'\s*#\s*include\s+[<"]([^>"]+)', line)
            if not included:
                continue
            for pattern, allowed in WALLS.items():
                if re.match(pattern, included.group(1)) and not re.search(allowed, path):
                    errors.append(f"{path}:{number}: {included.group(1)} stays behind its wall ({allowed})")
    return errors


def header_errors(sources):
    errors = []
    for path in sources:
        if not path.endswith(".h") or "/tests/" in path:
            continue
        text = (ROOT / path).read_text()
        if not text.startswith("//"):
            errors.append(f"{path}: the first line is not a comment that says what this is")
        if "#pragma once" not in text and not path.endswith(".inl.h"):
            errors.append(f"{path}: no #pragma once")
    return errors


def dead_file_errors(sources):
    included = set()
    for path in tracked("*.h", "*.cc"):
        text = (ROOT / path).read_text(errors="replace")
        included |= {name.split("/")[-1] for name in re.findall(r'#\s*include\s+"([^"]+)"', text)}
    return [f"{path}: nothing includes this header" for path in sources
            if path.endswith(".h") and path.split("/")[-1] not in included]


def folder_errors():
    return [f"{path}: no folder is called {part}" for path in tracked()
            for part in pathlib.PurePath(path).parts[:-1] if part in DRAWERS]


def format_errors(sources):
    run = subprocess.run(["clang-format-19", "--dry-run", *sources], cwd=ROOT, capture_output=True, text=True)
    files = sorted(set(re.findall(r"^(\S+?):\d+:\d+: (?:warning|error)", run.stderr, re.M)))
    return [f"{path}: not formatted (clang-format-19 -i {path})" for path in files]


def naming_errors(sources):
    """Types are Pascal, functions are snake_case: what can be told without compiling."""
    errors = []
    for path, name, _ in function_lengths(sources):
        is_constructor = re.fullmatch(r"~?[A-Z][A-Za-z0-9]*", name)
        if not (is_constructor or re.fullmatch(r"[a-z][a-z0-9_]*|operator.*|__anon.*|[A-Z][A-Z_]+|LLVMFuzzer\w+", name)):
            errors.append(f"{path}: function {name} is not snake_case")
    for path in sources:
        for name in re.findall(r"^\s*(?:class|struct|enum class)\s+(\w+)\s*[:{]", (ROOT / path).read_text(), re.M):
            if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name):
                errors.append(f"{path}: type {name} is not Pascal")
    return errors


def main():
    sources = tracked("src/*.h", "src/*.cc", "include/*.h", "tests/*.cc", "tests/*.h")
    own = [path for path in sources if not path.startswith("tests/fixtures")]
    exceptions, used = read_exceptions(), set()
    errors = size_errors(own, exceptions, used)
    errors += word_errors(own) + header_errors(own) + dead_file_errors(own) + folder_errors()
    errors += naming_errors(own) + format_errors(own)
    errors += [f"exceptions.txt: '{entry}' has no reason" for entry, why in exceptions.items() if not why]
    errors += [f"exceptions.txt: '{entry}' is no longer needed" for entry in exceptions if entry not in used]
    print("\n".join(errors) or f"{len(own)} files keep the rules, {len(exceptions)} named exceptions")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
