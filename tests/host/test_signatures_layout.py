"""The compiled file: one truth with sigfile.h, and the same octets from the same sources."""

import re
import struct
from pathlib import Path

import pytest
from restante_tools.signatures import layout
from restante_tools.signatures.compiler import Compiler
from restante_tools.signatures.reading import NotASignatureFile, summarize

TOP = Path(__file__).resolve().parents[2]
ENGINE = TOP / "firmware" / "native" / "engine"
RECORDS = {
    "ENTRY": layout.ENTRY,
    "LINK": layout.LINK,
    "SEGMENT": layout.SEGMENT,
    "LOGIC": layout.LOGIC,
    "RULE": layout.RULE,
    "MARK": layout.MARK,
}


def constants_of_headers():
    """Name without prefix -> number, from sigfile.h and match.h."""
    text = (ENGINE / "sigfile.h").read_text() + (ENGINE / "match.h").read_text()
    return {name: int(value) for name, value in re.findall(r"\bRST_(\w+) = (\d+)", text)}


def test_every_constant_is_that_of_the_header():
    found = constants_of_headers()
    found["VERSION"] = found["SIG_VERSION"]
    mine = {
        name: value
        for name, value in vars(layout).items()
        if name.isupper() and isinstance(value, int)
    }
    defined = {"NONE": 0xFFFFFFFF, "ANY_SIZE": 0xFFFFFFFF, "GRAM_FACTOR": 0x9E3779B1}
    assert len(mine) > 40
    assert mine == {name: defined.get(name, found.get(name)) for name in mine}


def test_magic_and_factor_are_those_of_the_header():
    text = (ENGINE / "sigfile.h").read_text()
    assert f"RST_SIG_GRAM_FACTOR 0x{layout.GRAM_FACTOR:X}u" in text
    assert r'RST_SIG_MAGIC "RSTSIG\x1a\n"' in text and layout.MAGIC == b"RSTSIG\x1a\n"


@pytest.mark.parametrize("record", RECORDS)
def test_records_have_the_header_s_fields_and_sizes(record):
    found = constants_of_headers()
    offsets = sorted(
        value
        for name, value in found.items()
        if name.startswith(record + "_") and name != record + "_SIZE"
    )
    sizes = [struct.calcsize("<" + code) for code in unrolled(RECORDS[record])]
    assert offsets == [sum(sizes[:at]) for at in range(len(sizes))]
    assert struct.calcsize(RECORDS[record]) == found[record + "_SIZE"]


def unrolled(text):
    """`<4I` as `IIII`."""
    return "".join(code * int(count or 1) for count, code in re.findall(r"(\d*)([A-Z])", text))


def compiled(sources, name="a bundle", built=1714979290):
    compiler = Compiler()
    for file, text in sources.items():
        compiler.add(file, text)
    return compiler.finish(name, built)


SOURCES = {
    "a.ndb": b"One:0:*:61626364*65666768\nTwo:4:0:6162636465\nOne.Again:0:*:61626364*65666768\n",
    "a.hdb": b"900150983cd24fb0d6963f7d28e17f72:3:Three\n",
    "a.hsb": b"a9993e364706816aba3e25717850c26c9cd0d89d:*:Four:73\n",
}


def test_same_sources_same_octets():
    assert compiled(SOURCES)[0] == compiled(SOURCES)[0]


def test_summary_names_everything():
    data, report = compiled(SOURCES)
    summary = summarize(data)
    assert summary.name == "a bundle" and summary.built == 1714979290
    assert summary.size == len(data)
    assert summary.names == ("One", "Two", "Three", "Four")
    assert (summary.patterns, summary.hashes) == (2, (1, 1, 0))
    assert report.duplicates == 1 and report.refusals == []


def test_sections_lie_in_order_and_aligned():
    data, _ = compiled(SOURCES)
    end = layout.HEAD_TABLE + layout.SECTIONS * layout.HEAD_TABLE_ENTRY
    for number in range(layout.SECTIONS):
        at, size = struct.unpack_from("<QQ", data, layout.HEAD_TABLE + 16 * number)
        assert at % 64 == 0 and at >= end
        end = at + size
    assert end == len(data)


def test_what_is_cut_off_is_no_signature_file():
    data, _ = compiled(SOURCES)
    for size in range(0, len(data), 7):
        with pytest.raises(NotASignatureFile):
            summarize(data[:size])


def test_an_empty_set_is_a_file_too():
    data, report = compiled({})
    assert summarize(data).names == ()
    assert (report.patterns, report.hashes) == (0, [0, 0, 0])


def test_anchors_avoid_what_every_file_has():
    common = b"This program cannot be run in DOS mode".hex()
    data, _ = compiled({"a.ndb": f"A:0:*:{common}aa9b17c3d5e2f481\n".encode()})
    at, _ = struct.unpack_from("<QQ", data, layout.HEAD_TABLE + 16 * layout.SECTION_ENTRIES)
    assert data[at : at + 4] == bytes.fromhex("aa9b17c3")
