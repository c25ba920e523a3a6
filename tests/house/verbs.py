#!/usr/bin/env python3
"""One word, one row: every verb has a file in cli, a guide and a snapshot, and the reference is fresh."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_VERB_LINES = 120


def main():
    binary = sys.argv[1]
    listed = subprocess.run([binary, "help"], capture_output=True, text=True, check=True).stdout
    verbs = re.findall(r"^  ([a-z]+) {2,}\S", listed, re.M)
    errors = [] if len(verbs) >= 11 else [f"freehold help lists only {verbs}"]
    for verb in verbs:
        source = ROOT / f"src/doors/cli/{verb}.cc"
        if not source.is_file():
            errors.append(f"{verb}: src/doors/cli/{verb}.cc is missing")
        elif len(source.read_text().splitlines()) > MAX_VERB_LINES:
            errors.append(f"{source.name}: more than {MAX_VERB_LINES} lines: logic has settled in a door")
        if not (ROOT / f"docs/guide/{verb}.md").is_file():
            errors.append(f"{verb}: docs/guide/{verb}.md is missing")
        helped = subprocess.run([binary, "help", verb], capture_output=True, text=True)
        if helped.returncode != 0 or "--json" not in helped.stdout:
            errors.append(f"{verb}: `freehold help {verb}` fails or has no --json")
    for guide in (ROOT / "docs/guide").glob("*.md"):
        if guide.stem not in verbs and guide.stem != "README":
            errors.append(f"docs/guide/{guide.name}: there is no such verb")
    fresh = subprocess.run([binary, "help", "--markdown"], capture_output=True, text=True, check=True).stdout
    page = ROOT / "docs/reference/verbs.md"
    if not page.is_file() or page.read_text() != fresh:
        errors.append("docs/reference/verbs.md is not fresh: freehold help --markdown > docs/reference/verbs.md")
    print("\n".join(errors) or f"{len(verbs)} verbs, each with a file, a guide and help; the reference is fresh")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
