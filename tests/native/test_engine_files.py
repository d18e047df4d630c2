"""Files that ordinary packages ship, attached to a mail, are clean under a large set of
signatures, or told to be not opened."""

from mailmaking import attachment, multipart, verdict, wire
from shipped import LARGEST, shipped

SAMPLE, MOST = 300, 5000
# What a few files may be said to be without being at fault: the engine does not open these, or
# they hold more files than the limit.
HONEST = ("unscannable", "encrypted", "too-many")


def test_files_of_packages_are_clean(screen_large, soak, figures):
    files = shipped(MOST, 8 * LARGEST) if soak else shipped(SAMPLE)
    assert len(files) >= 50
    said = {}
    for start in range(0, len(files), 50):
        some = files[start : start + 50]
        mails = [wire(multipart(attachment(f.read_bytes(), f"a{f.suffix}"))) for f in some]
        for file, report in zip(some, screen_large(mails), strict=True):
            if verdict(report) != "clean":
                reasons = {finding["signature"] for finding in report["findings"]}
                said[str(file)] = verdict(report), sorted(reasons)
    figures.append("files of packages: %d screened, %d not clean" % (len(files), len(said)))
    for path, (what, reasons) in said.items():
        figures.append(f"  {what}: {path}: {', '.join(reasons)}")
    assert {path: what for path, what in said.items() if what[0] not in HONEST} == {}
    assert len(said) <= len(files) // 100
