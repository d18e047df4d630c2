"""ClamAV's test files, each attached to a mail: the program inside is found, or why not is said.

The signature is in ClamAV's own format, made of the plain program that is in all of them.
"""

import hashlib
from pathlib import Path

import pytest
from mailmaking import TEXT, attachment, multipart, verdict, wire
from restante_tools.signatures.compiler import Compiler

FOLDER = Path("/usr/share/clamav-testfiles")
NAME = "Clam.Test.Program"

# Executables whose content is packed, or made by a scripting or set-up program: opened by running
# them, not by reading a container.
PACKED = {
    "clam-aspack.exe", "clam-fsg.exe", "clam-mew.exe", "clam-nsis.exe", "clam-pespin.exe",
    "clam-petite.exe", "clam-upack.exe", "clam-upx.exe", "clam-wwpack.exe", "clam-yc.exe",
    "clam.ea05.exe", "clam.ea06.exe",
}  # fmt: skip
# What nests deeper than the limit.
NOT_YET = {"clam_cache_emax.tgz"}
HONEST = ("unscannable", "encrypted", "too-deep")
FILES = sorted(FOLDER.glob("clam*"))


@pytest.fixture(scope="module")
def signatures(tmp_path_factory):
    program = (FOLDER / "clam.exe").read_bytes()
    line = f"{hashlib.md5(program).hexdigest()}:{len(program)}:{NAME}\n"
    compiler = Compiler()
    compiler.add("clam.hdb", line.encode())
    file, _ = compiler.finish("clam", 0)
    path = tmp_path_factory.mktemp("clam") / "clam.sig"
    path.write_bytes(file)
    return path


@pytest.fixture(scope="module")
def reports(screen, signatures):
    """The report of each file, attached as what it is called."""
    mails = [wire(multipart(TEXT, attachment(file.read_bytes(), file.name))) for file in FILES]
    made = screen(mails, "--db", str(signatures))
    return {file.name: report for file, report in zip(FILES, made, strict=True)}


def why(report):
    """The reasons, each once."""
    return ", ".join(dict.fromkeys(finding["signature"] for finding in report["findings"]))


def test_each_is_found_or_it_is_said_why_not(reports, figures):
    found = [name for name, report in reports.items() if verdict(report) == "infected"]
    figures.append("ClamAV's test files: %d of %d found" % (len(found), len(FILES)))
    for name, report in reports.items():
        figures.append("  %-24s %-12s %s" % (name, verdict(report), why(report)))
    silent = {
        name
        for name, report in reports.items()
        if verdict(report) != "infected" and not (verdict(report) in HONEST and why(report))
    }
    assert silent - PACKED == set()
    assert set(reports) - set(found) - PACKED - NOT_YET == set()


def test_mail_and_archives_of_mail_are_found(reports):
    for name in ("clam.exe", "clam.mail", "clam.exe.mbox.base64", "clam.exe.mbox.uu", "clam.zip"):
        assert verdict(reports[name]) == "infected", (name, reports[name]["findings"])
