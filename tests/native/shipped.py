"""Files that ordinary packages ship, of all kinds: documentation, wheels, fonts, office and PDF.

RESTANTE_CLEAN_FILES: more folders of files known to be clean, with colons between.
"""

import os
import random
import sys
from pathlib import Path

FOLDERS = ("/usr/share", "/usr/lib", "/usr/local/share", "~/.cache", sys.prefix, sys.base_prefix)
LARGEST = 3_000_000
# Test material of other scanners and archivers, and the engine's own.
HOSTILE = ("clamav", "fuzz", "eicar", "test_email", "/testdata/", "/tests/", "/test/", "corrupt")


def folders():
    more = os.environ.get("RESTANTE_CLEAN_FILES", "").split(os.pathsep)
    found = (Path(name).expanduser().resolve() for name in (*FOLDERS, *filter(None, more)))
    return list(dict.fromkeys(found))


def by_suffix():
    """All such files by their suffix, each once."""
    kinds, seen = {}, set()
    for folder in folders():
        for root, inside, files in os.walk(folder):
            inside.sort()
            if root in seen:
                inside.clear()
                continue
            seen.add(root)
            for name in sorted(files):
                path = Path(root) / name
                if any(word in str(path).lower() for word in HOSTILE) or path.is_symlink():
                    continue
                kinds.setdefault(path.suffix.lower(), []).append(path)
    return kinds


def shipped(count, largest=LARGEST):
    """So many files, spread over all kinds of names; always the same on one machine."""
    kinds = by_suffix()
    dice = random.Random(9)
    for suffix in sorted(kinds):
        dice.shuffle(kinds[suffix])
    chosen = []
    while len(chosen) < count and kinds:
        for suffix in sorted(kinds):
            path = kinds[suffix].pop()
            if not kinds[suffix]:
                del kinds[suffix]
            if path.is_file() and 0 < path.stat().st_size <= largest:
                chosen.append(path)
    return chosen[:count]
