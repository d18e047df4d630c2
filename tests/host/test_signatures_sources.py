"""ClamAV's text formats: what is taken, and that nothing else vanishes without a line about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from restante_tools.signatures import layout
from restante_tools.signatures.compiler import Compiler
from restante_tools.signatures.hexpattern import clusters_of
from restante_tools.signatures.model import Entry, Offset, Refusal, Unsupported
from restante_tools.signatures.sources import read

FIXED = "61626364"


def gaps(text):
    """Per cluster: its own gap, then (gap before, octets) of each segment."""
    return [
        (cluster.gap, [(s.gap_min, s.gap_max, len(s.values)) for s in cluster.segments])
        for cluster in clusters_of(text)
    ]


@pytest.mark.parametrize(
    "text, expected",
    [
        (FIXED, [(0, [(0, 0, 4)])]),
        (FIXED + "??" + FIXED, [(0, [(0, 0, 9)])]),
        (FIXED + "{3}" + FIXED, [(0, [(0, 0, 11)])]),
        (FIXED + "{100}" + FIXED, [(0, [(0, 0, 4), (100, 100, 4)])]),
        (FIXED + "{2-9}" + FIXED, [(0, [(0, 0, 4), (2, 9, 4)])]),
        (FIXED + "{-9}" + FIXED, [(0, [(0, 0, 4), (0, 9, 4)])]),
        (FIXED + "*" + FIXED, [(0, [(0, 0, 4)]), (0, [(0, 0, 4)])]),
        (FIXED + "{7-}" + FIXED, [(0, [(0, 0, 4)]), (7, [(0, 0, 4)])]),
        (FIXED + "??*????" + FIXED, [(0, [(0, 0, 4)]), (3, [(0, 0, 4)])]),
        (FIXED + "{2-4}??{1-3}" + FIXED, [(0, [(0, 0, 4), (4, 8, 4)])]),
        (FIXED + "{2-4}*" + FIXED, [(0, [(0, 0, 4)]), (2, [(0, 0, 4)])]),
        ("????" + FIXED + "??", [(0, [(0, 0, 7)])]),
    ],
)
def test_clusters(text, expected):
    assert gaps(text) == expected


def test_nibbles_and_case():
    (cluster,) = clusters_of("4A?bc?D0")
    assert cluster.segments[0].values == bytes.fromhex("4a0bc0d0")
    assert cluster.segments[0].mask == bytes.fromhex("ff0ff0ff")


@pytest.mark.parametrize(
    "text, reason",
    [
        ("61(62|)64", "malformed alternation ( ), or one in another"),
        ("61(62|(63|64))64", "malformed alternation ( ), or one in another"),
        ("6162!(6364|65)", "negated alternation with different lengths"),
        ("6162(B)", "boundary (B), (L) or (W)"),
        (FIXED + "[2-40]65", "jump [ ] of more than 32 octets"),
        (FIXED + "[2-]65", "malformed jump [ ]"),
        ("616", "malformed: not pairs of hexadecimal digits"),
        ("61626g", "malformed: not pairs of hexadecimal digits"),
        (FIXED + "{}" + FIXED, "malformed gap { }"),
        (FIXED + "{x}" + FIXED, "malformed gap { }"),
        (FIXED + "{9-2}" + FIXED, "gap whose upper bound is below the lower"),
        (FIXED + "{0-2049}" + FIXED, "bounded gap of more than 2048 octets"),
        (FIXED + "{4294967296-}" + FIXED, "gap of 4 GiB or more"),
        ("*" + FIXED, "begins or ends with a gap or with wildcards only"),
        (FIXED + "*????", "begins or ends with a gap or with wildcards only"),
        ("", "begins or ends with a gap or with wildcards only"),
    ],
)
def test_refused_patterns(text, reason):
    with pytest.raises(Unsupported, match="^" + reason.translate(ESCAPED) + "$"):
        clusters_of(text)


ESCAPED = str.maketrans({c: "\\" + c for c in "()[]{}!.|"})


@pytest.mark.parametrize("octets", ["616263", "616263??64", "6?6?6364", "(6162|6364)6566"])
def test_a_piece_without_an_anchor_is_refused_with_its_line(octets):
    compiler = Compiler()
    compiler.add("x.ndb", f"Good:0:*:{FIXED}\n# comment\n\nShort:0:*:{octets}*{FIXED}\n".encode())
    _, report = compiler.finish("x", 0)
    assert [str(r) for r in report.refusals] == [
        "x.ndb:4: Short: a piece without 4 fixed octets in a row"
    ]
    assert report.patterns == 1


def test_limits_of_a_span():
    def refused(text):
        compiler = Compiler()
        compiler.add("x.ndb", f"A:0:*:{text}\n".encode())
        return [r.reason for r in compiler.finish("x", 0)[1].refusals]

    head, tail = "51372300", "7a4b2100"
    assert refused(f"{head}{{2040-2040}}{tail}") == []
    assert refused(f"{head}{{-1000}}{tail}{{-1000}}{head}{{-1000}}{tail}{{-1000}}{head}") == []
    assert refused(f"{head}{{-2048}}6263{{-2048}}6465") == [
        "longer than 2048 octets on one side of every anchor"
    ]
    assert refused("{-3}".join([head] * 64)) == []
    assert refused("{-3}".join([head] * 65)) == ["more than 64 pieces joined by bounded gaps"]


def offset(text, target=0):
    (found,) = read("x.ndb", f"A:{target}:{text}:{FIXED}".encode())
    return found.signature.offset if isinstance(found, Entry) else found.reason


def test_offsets():
    assert offset("*") == Offset(layout.OFFSET_ANY)
    assert offset("7") == Offset(layout.OFFSET_START, 7, 7)
    assert offset("7,5") == Offset(layout.OFFSET_START, 7, 12)
    assert offset("EOF-2047") == Offset(layout.OFFSET_END, 2047, 2047)
    assert offset("EOF-20,5") == Offset(layout.OFFSET_END, 15, 20)
    assert offset("EOF-20,50") == Offset(layout.OFFSET_END, 0, 20)
    assert offset("EOF-2048") == "offset of more than 2047 octets before the end"
    assert offset("2147483647,1") == "offset of 2 GiB or more"
    for inside in ("EP+0", "EP-4,3", "S0+8", "SL+4", "SE1"):
        assert offset(inside) == ("offset inside an executable other than a program for Windows")
    assert offset("EP+5", 1) == Offset(layout.OFFSET_ENTRY, 5, 5)
    assert offset("EP-5,3", 1) == Offset(layout.OFFSET_ENTRY, -5, -2)
    assert offset("S3+8,2", 1) == Offset(layout.OFFSET_SECTION + 3, 8, 10)
    assert offset("SL+4", 1) == Offset(layout.OFFSET_LAST, 4, 4)
    assert offset("SE2", 1) == Offset(layout.OFFSET_INSIDE + 2)
    assert offset("S112+0", 1) == "offset in a section behind number 111"
    assert offset("VI", 1) == "offset VI: in the version information"
    assert offset("abc") == "malformed offset abc"


@pytest.mark.parametrize(
    "file, line, reason",
    [
        ("x.ndb", "A:3:*:" + FIXED, "target type 3 (normalised HTML)"),
        ("x.ndb", "A:99:*:" + FIXED, "target type 99 (unknown)"),
        ("x.ndb", "A:x:*:" + FIXED, "malformed target type"),
        ("x.ndb", "A:0:*", "malformed: not name:target:offset:pattern"),
        ("x.ndb", f"A:0:*:{FIXED}:10:50", "retired: only for functionality level 50 and older"),
        ("x.ndb", f"A:0:*:{FIXED}:x", "malformed functionality level"),
        ("x.hdb", "00:3:A", "digest of 1 octets (16, 20 or 32 are known)"),
        ("x.hdb", "zz:3:A", "malformed digest"),
        ("x.hdb", "00" * 16 + ":0:A", "malformed size (1 to 4294967294, or *)"),
        ("x.hdb", "00" * 16 + ":3", "malformed: not digest:size:name"),
        (
            "x.hsb",
            "00" * 20 + ":3:A b",
            "malformed name (printable ASCII, at most 150 characters)",
        ),
    ],
)
def test_refused_lines(file, line, reason):
    (found,) = read(file, line.encode())
    assert isinstance(found, Refusal) and found.reason == reason


@given(st.lists(st.text(alphabet="0a?*{}-:,(!EOF\u00e9 ", max_size=30), max_size=8))
def test_no_line_vanishes_and_nothing_else_is_raised(lines):
    for file in ("x.ndb", "x.hsb"):
        text = "\n".join(lines).encode()
        taken = [line for line in lines if line.rstrip("\r \t") and not line.startswith("#")]
        assert len(list(read(file, text))) == len(taken)
