"""Files that ordinary packages ship, attached to a mail, are clean or told to be not opened."""

import os
import random
from pathlib import Path

from mailmaking import attachment, multipart, verdict, wire

FOLDERS = ("/usr/share", "/usr/lib", "~/.cache", "/usr/local/share")
SAMPLE, MOST = 300, 5000
LARGEST = 3_000_000
# Test material of other scanners and archivers, and the engine's own.
HOSTILE = ("clamav", "fuzz", "eicar", "test_email", "/testdata/", "/tests/", "/test/", "corrupt")
# What a file may be said to be without being at fault: the engine does not open these.
HONEST = ("unscannable", "encrypted")


def shipped(count):
    """So many files, spread over all kinds of names; always the same on one machine."""
    kinds = {}
    for folder in FOLDERS:
        for root, folders, files in os.walk(Path(folder).expanduser()):
            folders.sort()
            for name in sorted(files):
                path = Path(root) / name
                if any(word in str(path).lower() for word in HOSTILE) or path.is_symlink():
                    continue
                kinds.setdefault(path.suffix.lower(), []).append(path)
    dice = random.Random(9)
    chosen = []
    for suffix in sorted(kinds):
        dice.shuffle(kinds[suffix])
    while len(chosen) < count and kinds:
        for suffix in sorted(kinds):
            path = kinds[suffix].pop()
            if not kinds[suffix]:
                del kinds[suffix]
            if path.is_file() and 0 < path.stat().st_size <= LARGEST:
                chosen.append(path)
    return chosen[:count]


def test_files_of_packages_are_clean(screen, soak, figures):
    files = shipped(MOST if soak else SAMPLE)
    assert len(files) >= 50
    said = {}
    for start in range(0, len(files), 50):
        some = files[start : start + 50]
        mails = [wire(multipart(attachment(f.read_bytes(), f"a{f.suffix}"))) for f in some]
        for file, report in zip(some, screen(mails, fast=True), strict=True):
            if verdict(report) != "clean":
                reasons = {finding["signature"] for finding in report["findings"]}
                said[str(file)] = verdict(report), sorted(reasons)
    figures.append("files of packages: %d screened, %d not clean" % (len(files), len(said)))
    for path, (what, reasons) in said.items():
        figures.append(f"  {what}: {path}: {', '.join(reasons)}")
    assert {path: what for path, what in said.items() if what[0] not in HONEST} == {}
