"""The self-test's samples: decoded by CPython's own parsers they hold what they should."""

import binascii
import email
import gzip
import io
import re
import zipfile
from pathlib import Path

from restante.screening import samples

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def unpacked(name, data):
    if name.endswith(".gz"):
        return gzip.decompress(data)
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = archive.read("test.com")
        return unpacked("x.zip", data) if data.startswith(b"PK") else data
    return data


def uudecoded(wire_form):
    text = wire_form.replace(b"\r\n..", b"\r\n.").split(b"begin 644 test.com\r\n")[1]
    out = b""
    for line in text.split(b"\r\n"):
        if line == b"`":
            return out
        out += binascii.a2b_uu(line)
    raise AssertionError("no end")


def contents(wire_form):
    if b"begin 644" in wire_form:
        return [uudecoded(wire_form)]
    message = email.message_from_bytes(wire_form.replace(b"\r\n..", b"\r\n."))
    return [
        unpacked(part.get_filename(), part.get_payload(decode=True))
        for part in message.walk()
        if part.get_filename()
    ]


def test_each_sample_holds_its_content_once():
    made = samples.all()
    assert len(made) == 16 and len({name for name, _, _ in made}) == 16
    for _, bad, wire_form in made:
        expected = EICAR if bad else samples._HARMLESS
        assert contents(wire_form) == [expected]


def test_samples_are_in_wire_form():
    for _, _, wire_form in samples.all():
        assert wire_form.endswith(b"\r\n") and b"\n" not in wire_form.replace(b"\r\n", b"")
        assert not re.search(rb"(^|\n)\.([^.]|\r)", wire_form)


def test_the_test_string_stands_in_no_file_of_the_firmware():
    for path in (Path(samples.__file__).parent).glob("*.py"):
        assert EICAR not in path.read_bytes()


def test_clean_twins_differ_from_bad_ones_only_in_content():
    made = samples.all()
    bad = [name.split(" ", 1)[1] for name, is_bad, _ in made if is_bad]
    clean = [name.split(" ", 1)[1] for name, is_bad, _ in made if not is_bad]
    assert bad == clean
