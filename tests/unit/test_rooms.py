"""The house rules of firmware/: who may touch the world, no cycles, an engine of plain C.

A file that is not on IMPURE is pure: bytes and time in, events out.  Adding a file to the list is
a design decision; the list stays short.
"""

import ast
import re
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
PACKAGE = FIRMWARE / "restante"

# Modules through which code reaches descriptors, clocks or the loop.
WORLD = {"socket", "asyncio", "os", "time", "select", "termios", "_sys", "_screen", "machine"}

IMPURE = {
    "loop.py",
    "relay",
    "collect/collector.py",
    "collect/judging.py",
    "collect/lookup.py",
    "collect/resolver.py",
    "collect/upkeep.py",
    "collect/visit.py",
    "programs",
    "box",
    "store/folder.py",
    "store/turns.py",
    "accounts/accounts.py",
    "accounts/devicekey.py",
    "screening/channel.py",
    "screening/client.py",
    "screening/watch.py",
    "control/server.py",
    "console",
    "settings/files.py",
    "update/installing.py",
    "update/poller.py",
    "update/stick.py",
    "log",
}


def sources():
    return sorted(p for p in PACKAGE.rglob("*.py") if "__pycache__" not in p.parts)


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def is_impure(name):
    return name in IMPURE or name.split("/")[0] in IMPURE


def imports(path):
    """Every module that a file imports, at any depth of its code."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "%s: relative import" % path
            yield node.module
            for alias in node.names:
                yield "%s.%s" % (node.module, alias.name)


def world_imports(path):
    return sorted({m.split(".")[0] for m in imports(path)} & WORLD)


def room(name):
    return name.split("/")[0] if "/" in name else name[:-3]


def test_only_listed_files_touch_the_world():
    found = {name_of(p): world_imports(p) for p in sources() if not is_impure(name_of(p))}
    assert {n: w for n, w in found.items() if w} == {}


def test_list_of_impure_files_has_no_dead_entry():
    names = {name_of(p) for p in sources()}
    dead = [e for e in IMPURE if e not in names and not any(n.startswith(e + "/") for n in names)]
    assert dead == []


def room_graph():
    graph = {}
    for path in sources():
        here = room(name_of(path))
        for module in imports(path):
            parts = module.split(".")
            if parts[0] == "restante" and len(parts) > 1 and parts[1] != here:
                graph.setdefault(here, set()).add(parts[1])
    return graph


def cycle_in(graph):
    """A list of rooms that import each other in a ring, or None."""
    done = set()

    def visit(node, trail):
        if node in trail:
            return trail[trail.index(node) :] + [node]
        if node in done:
            return None
        for other in sorted(graph.get(node, ())):
            ring = visit(other, trail + [node])
            if ring:
                return ring
        done.add(node)
        return None

    for node in sorted(graph):
        ring = visit(node, [])
        if ring:
            return ring
    return None


def test_rooms_do_not_import_each_other_in_a_ring():
    assert cycle_in(room_graph()) is None


def test_cycle_finder_finds_a_ring():
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


def test_programs_are_imported_by_nothing():
    importers = [
        name_of(p)
        for p in sources()
        if not name_of(p).startswith("programs/")
        and any(m.startswith("restante.programs") for m in imports(p))
    ]
    assert importers == []


def test_engine_includes_nothing_of_micropython_or_linux():
    allowed = re.compile(
        r'#include\s+(<(std\w+|string|limits)\.h>|"[\w./]+"|<(zlib|bzlib|lzma|mbedtls/\w+|'
        r"lha_decoder|mspack|lzx|qtm|Ppmd[78]|Bcj2)\.h>|<pm2_decoder\.c>)"
    )
    bad = []
    for path in sorted((FIRMWARE / "native" / "engine").glob("*.[ch]")):
        for line in path.read_text().splitlines():
            if not re.match(r"\s*#\s*include", line):
                continue
            if not allowed.match(line.strip()) or '"py/' in line:
                bad.append("%s: %s" % (path.name, line.strip()))
    assert bad == []
