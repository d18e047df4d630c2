"""Names of entries of 7z and rar that are not opened, judged by rules; hostile rar headers."""

import struct
import subprocess

import pytest
from mailmaking import BAD, TEXT, attachment, multipart, names, verdict
from old_archives import (
    GOOD,
    RAR4,
    RAR4_END,
    RAR5,
    RAR5_END,
    rar4,
    rar4_block,
    rar4_file,
    rar5,
    rar5_block,
    rar5_file,
    vint,
)
from packing import SEVEN_ZIP
from restante.screening import rules, verdicts

NAME = "a.rar"  # of the attachments

EXE = (rules.FORBID_NAME, b"*.exe")
ENCRYPTED5 = vint(4) + vint(1) + vint(0) + vint(0) + vint(15)  # a record that says so


def forbidden(screen_one, octets, rule=EXE, name="a.bin"):
    blob = bytes([rule[0], len(rule[1])]) + rule[1]
    report = screen_one(multipart(TEXT, attachment(octets, name)), "--rules", blob.hex())
    found = report["findings"]
    return {f["part"] for f in found if verdicts.NAMES[f["verdict"]] == "forbidden"}


CLOSED = {
    "rar 4, compressed": lambda n: RAR4 + rar4_file(n, GOOD, 0x33) + RAR4_END,
    "rar 4, encrypted": lambda n: RAR4 + rar4_file(n, GOOD, flags=4) + RAR4_END,
    "rar 4, stored": lambda n: RAR4 + rar4_file(n, GOOD) + RAR4_END,
    "rar 4, empty": lambda n: RAR4 + rar4_file(n, b"", crc=0) + RAR4_END,
    "rar 4, split": lambda n: RAR4 + rar4_file(n, GOOD, 0x33, flags=2) + RAR4_END,
    "rar 5, compressed": lambda n: RAR5 + rar5_file(n, GOOD, 3) + RAR5_END,
    "rar 5, encrypted": lambda n: RAR5 + rar5_file(n, GOOD, 0, extra=ENCRYPTED5) + RAR5_END,
    "rar 5, stored": lambda n: RAR5 + rar5_file(n, GOOD) + RAR5_END,
    "rar 5, empty": lambda n: RAR5 + rar5_file(n, b"") + RAR5_END,
}


@pytest.mark.parametrize("kind", CLOSED)
@pytest.mark.parametrize("entry", [b"secret.exe", b"d\\e/SECRET.EXE", b"invoice.pdf   .exe"])
def test_names_in_a_rar_are_judged(screen_one, kind, entry):
    assert len(forbidden(screen_one, CLOSED[kind](entry))) == 1
    assert forbidden(screen_one, CLOSED[kind](entry + b".txt")) == set()


@pytest.mark.parametrize("make", [rar4, rar5])
def test_names_in_a_self_extracting_rar_are_judged(screen_one, make):
    closed = CLOSED["rar 4, compressed" if make is rar4 else "rar 5, compressed"]
    octets = b"MZ" + bytes(range(256)) * 9 + closed(b"inner.scr")
    rule = (rules.FORBID_NAME, b"*.scr")
    assert forbidden(screen_one, octets, rule, "setup.exe") == {"setup.exe/rar/inner.scr"}


@pytest.mark.parametrize("options", [("-psecret",), ("-m0=Deflate64",), ("-m0=Swap4",)])
def test_names_in_closed_folders_of_a_7z_are_judged(screen_one, tmp_path, options):
    for name in ("a.txt", "secret.exe", "z.txt"):
        (tmp_path / name).write_bytes(GOOD)
    subprocess.run(
        [SEVEN_ZIP, "a", "-bd", *options, "a.7z", "a.txt", "secret.exe", "z.txt"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    octets = (tmp_path / "a.7z").read_bytes()
    assert forbidden(screen_one, octets, name="a.7z") == {"a.7z/secret.exe"}
    assert forbidden(screen_one, octets, (rules.FORBID_NAME, b"*.scr"), "a.7z") == set()


def test_rar_headers_changed_in_each_octet(screen):
    """With wrong check values all of them are told; with right ones they end with a verdict."""
    for octets in (rar4(None, BAD), rar5(None, BAD)):
        start = 7 if octets[6] == 0 else 8
        messages = []
        for at in range(start, octets.index(GOOD)):
            other = bytearray(octets)
            other[at] ^= 0x21
            messages.append(multipart(TEXT, attachment(bytes(other), NAME)))
        for report in screen(messages):
            assert "malformed" in names(report)


def test_lengths_that_lie(scan):
    """Right check values, wrong sizes; nothing of it is clean, none of it fails."""
    big = 2**64 - 1
    cases = [
        RAR4 + rar4_block(0x74, 0x8000, struct.pack("<IIBIIBBHI", *([0xFF] * 9))),
        RAR4 + rar4_block(0x74, 0x8100, struct.pack("<IIBIIBBHIII", *([1] * 9), 0xFFFFFFFF, 1)),
        RAR4 + rar4_block(0x74, 0x8000, struct.pack("<IIBIIBBHI", 1, 1, 2, 0, 0, 29, 48, 999, 0)),
        RAR4 + rar4_block(0x74, 0x8000, b"\1"),
        RAR4 + struct.pack("<HBHH", 0, 0x74, 0, 0),
        RAR5 + rar5_block(2, 0, vint(4) + vint(9)),
        RAR5 + rar5_block(2, 2, vint(big) + vint(4) + vint(9)),
        RAR5 + rar5_block(2, 1, vint(big) + vint(4)),
        RAR5 + rar5_block(2, 0, vint(4) + vint(9) + vint(0) + bytes(4) + vint(0) * 2 + vint(big)),
        RAR5 + bytes(4) + b"\xff" * 12,
        RAR5 + bytes(4) + vint(big) + bytes(9),
        RAR5 + bytes(4) + vint(0) + bytes(9),
    ]
    for number, octets in enumerate(cases):
        assert verdict(scan(octets)) == "malformed", number


def test_a_rar_of_encrypted_headers(scan):
    for octets in (
        RAR4[:7] + rar4_block(0x73, 0x80, bytes(6)) + bytes(99),
        RAR5[:8] + rar5_block(4, 0, vint(0) * 2 + b"\x0f" + bytes(16)) + bytes(99),
    ):
        assert names(scan(octets)) == ["encrypted"]
        assert names(scan(b"MZ" + bytes(300) + octets, name="a.exe")) == ["encrypted"]
