#!/usr/bin/env python3
"""Checks every #include under src/ against FLOORS, and that the rooms form no cycle."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def read_floors():
    """{room: (rooms it names, what it is for)} in the order of the file."""
    floors = {}
    for line in (ROOT / "FLOORS").read_text().splitlines():
        matched = re.match(r"([a-z_]+)\s*:([^#]*)#\s*(.*)", line)
        if matched:
            name, below, purpose = matched.groups()
            floors[name] = (below.split(), purpose)
    return floors


def reachable(floors):
    """{room: all rooms it may include}; a room may only name rooms listed before it."""
    closure, errors = {}, []
    for room, (below, _) in floors.items():
        closure[room] = {room, "freehold"}
        for other in below:
            if other not in closure:
                errors.append(f"FLOORS: {room} stands on {other}, which is not listed above it")
                continue
            closure[room] |= closure[other]
    return closure, errors


def room_of(path):
    parts = path.relative_to(ROOT / "src").parts
    return parts[0] if parts[0] == "base" else parts[1]


def include_errors(floors, closure):
    errors = []
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in (".h", ".cc", ".inl") and not path.name.endswith(".inl.h"):
            continue
        room = room_of(path)
        where = path.relative_to(ROOT)
        if room not in floors:
            errors.append(f"{where}: its room '{room}' has no line in FLOORS")
            continue
        for included in INCLUDE.findall(path.read_text()):
            target = included.split("/")[0]
            if target not in floors:
                errors.append(f'{where}: "{included}" does not begin with the name of a room')
            elif target not in closure[room]:
                errors.append(f'{where}: {room} may not include "{included}" (see FLOORS)')
    return errors


def cycle_errors():
    """Files that include each other in a circle."""
    roots = [ROOT / "include", ROOT / "src", *(p for p in (ROOT / "src").iterdir() if p.is_dir())]
    graph = {}
    for path in [*(ROOT / "src").rglob("*.h"), *(ROOT / "include").rglob("*.h")]:
        found = []
        for included in INCLUDE.findall(path.read_text()):
            found += [root / included for root in roots if (root / included).is_file()][:1]
        graph[path] = found
    state, errors = {}, []

    def visit(path, trail):
        state[path] = "open"
        for other in graph.get(path, []):
            if state.get(other) == "open":
                loop = trail[trail.index(other):] if other in trail else [other]
                errors.append("include cycle: " + " -> ".join(p.name for p in [*loop, other]))
            elif other not in state:
                visit(other, [*trail, other])
        state[path] = "done"

    for path in graph:
        if path not in state:
            visit(path, [path])
    return errors


def drawing(floors):
    """The table of ARCHITECTURE.md: a row for each room, from the top of the house to its ground."""
    rows = ["| floor | room | stands on | what it is for |", "|---|---|---|---|"]
    for room, (below, purpose) in reversed(floors.items()):
        folder = [p for p in (ROOT / "src").glob(f"*/{room}") if p.is_dir()]
        floor = folder[0].parent.name if folder else ("line" if room == "freehold" else "base")
        rows.append(f"| {floor} | `{room}` | {' '.join(f'`{b}`' for b in below if b != 'freehold')} | {purpose} |")
    return "\n".join(rows)


def main():
    floors = read_floors()
    if "--draw" in sys.argv:
        print(drawing(floors))
        return 0
    closure, errors = reachable(floors)
    errors += include_errors(floors, closure) + cycle_errors()
    if drawing(floors) not in (ROOT / "ARCHITECTURE.md").read_text():
        errors.append("ARCHITECTURE.md: the table of rooms is not what tests/house/floors.py --draw prints")
    print("\n".join(errors) or f"{len(floors)} rooms, every include allowed, no cycle")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
