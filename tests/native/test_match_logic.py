"""Logical signatures beside the reference matcher, and each construct by itself."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_match import EXAMPLES, FILLERS, GAPS, OCTETS, OFFSETS, Matcher, pieces


@pytest.fixture
def matcher(match_cli, tmp_path):
    return lambda lines: Matcher(match_cli, tmp_path, ldb(lines))


def ldb(lines):
    return {"t.ldb": "".join(f"L{i};{line}\n" for i, line in enumerate(lines)).encode()}


MODIFIERS = st.sampled_from(
    ["", "", "", "", "::i", "::w", "::f", "::wa", "::iwa", "::awf", "::if"]
)
SIMPLE = OCTETS.map(bytes.hex)


@st.composite
def subsignatures(draw):
    if draw(st.booleans()):
        return draw(SIMPLE) + draw(MODIFIERS)
    text = draw(st.one_of(SIMPLE, pieces()))
    for _ in range(draw(st.integers(0, 2))):
        text += draw(GAPS) + draw(st.one_of(SIMPLE, pieces()))
    where = draw(OFFSETS)
    return ("" if where == "*" else where + ":") + text + draw(MODIFIERS)


LEAF_COUNTS = st.sampled_from(["", "", "", "", "=0", "=1", "=2", ">0", ">1", "<1", "<3"])
BLOCK_COUNTS = st.sampled_from(["", "=0", "=2", ">1", ">1,2", "<3", ">0,2", "=3,2"])


@st.composite
def expressions(draw, count, depth=2):
    """Text of an expression over `count` subsignatures."""
    number = st.integers(0, count - 1)
    shape = draw(st.integers(0, 4)) if depth else 0
    if shape <= 1:
        return f"{draw(number)}{draw(LEAF_COUNTS)}"
    if shape == 2:
        return f"!{draw(number)}"
    if shape == 3:
        block = draw(st.lists(number, min_size=2, max_size=3))
        return "(" + "|".join(map(str, block)) + ")" + draw(BLOCK_COUNTS)
    parts = draw(st.lists(expressions(count, depth - 1), min_size=2, max_size=3))
    return "(" + draw(st.sampled_from("&|")).join(parts) + ")"


@st.composite
def logicals(draw):
    found = draw(st.lists(subsignatures(), min_size=2, max_size=4))
    target = draw(st.sampled_from(["Target:0"] * 4 + ["Target:4", "Target:0,FileSize:10-60"]))
    expression = draw(expressions(len(found)))
    if draw(st.integers(0, 3)):
        expression = f"0&{expression}"  # holds only where something is
    return ";".join([f"Engine:81-255,{target}", expression, *found])


@st.composite
def likely_objects(draw):
    """Many pieces of signatures, some in capitals or wide."""
    parts = draw(st.lists(st.one_of(OCTETS, OCTETS, OCTETS, FILLERS), min_size=1, max_size=12))
    change = draw(st.sampled_from([bytes, bytes, bytes, bytes.upper, wide]))
    return change(draw(st.sampled_from([b"", b" ", b"."])).join(parts))


LISTS = st.lists(logicals(), min_size=1, max_size=8)


def test_same_answer_as_the_reference(matcher):
    seen = Counter()

    @EXAMPLES
    @given(LISTS, st.lists(likely_objects(), min_size=4, max_size=12), st.booleans())
    def same_answer(lines, data, mail):
        it = matcher(lines)
        answers = it.run(data, "0", ["-m"] if mail else [])
        expected = [(it.expected(each, mail), "ok") for each in data]
        assert [(name, state) for name, _, state in answers] == expected
        seen["signatures"] += len(lines)
        seen["refused"] += len(it.report.refusals)
        seen["objects"] += len(data)
        seen["found"] += sum(name != "-" for name, _ in expected)

    same_answer()
    assert seen["refused"] < seen["signatures"] / 2, seen
    assert seen["objects"] / 20 < seen["found"] < seen["objects"] * 7 / 8, seen


@EXAMPLES
@given(LISTS, likely_objects(), st.integers(0, 9000))
def test_cuts_do_not_matter(matcher, lines, data, before):
    it = matcher(lines)
    whole = b"." * before + data * 2
    name, _, state = it.match(whole, "0,1,7,4096,-5")
    assert (name, state) == (it.expected(whole), "ok")


def wide(data):
    return b"".join(bytes([octet, 0]) for octet in data)


A, B, C = (text.hex() for text in (b"abcd", b"zyxw", b"q7k2"))


@pytest.mark.parametrize(
    "expression, yes, no",
    [
        ("0&1", [b"abcd zyxw", b"zyxwabcd"], [b"abcd", b"zyxw", b""]),
        ("0|1", [b"abcd", b"zyxw"], [b"q7k2"]),
        ("0=2", [b"abcd abcd"], [b"abcd", b"abcdabcdabcd"]),
        ("0>1", [b"abcdabcd", b"abcdabcdabcd"], [b"abcd"]),
        ("1&(0<2)", [b"zyxw", b"zyxw abcd"], [b"zyxw abcd abcd", b"abcd"]),
        ("1&0=0", [b"zyxw"], [b"abcd zyxw", b""]),
        ("1&!0", [b"zyxw"], [b"abcd zyxw", b""]),
        ("(0|1|2)>1", [b"abcdabcd", b"abcdq7k2"], [b"abcd"]),
        ("(0|1|2)>1,2", [b"abcdq7k2", b"abcd abcd zyxw"], [b"abcdabcd", b"abcd"]),
        ("(0|1|2)=2", [b"abcdabcd", b"q7k2abcd"], [b"abcd", b"abcdabcdq7k2"]),
        ("(0&1)|(2&!0)", [b"abcdzyxw", b"q7k2"], [b"abcdq7k2", b"zyxw"]),
        ("2&!(0|1)", [b"q7k2"], [b"q7k2abcd", b"q7k2zyxw"]),
    ],
)
def test_expressions(matcher, expression, yes, no):
    it = matcher([f"Target:0;{expression};{A};{B};{C}"])
    assert it.report.refusals == []
    answers = [name for name, _, _ in it.run(yes + no)]
    assert answers == ["L0"] * len(yes) + ["-"] * len(no)


@pytest.mark.parametrize(
    "text, yes, no",
    [
        (A + "::i", [b"abcd", b"aBCd", b"..ABCD"], [b"abc", b"a\0b\0c\0d\0"]),
        (A + "::w", [b"a\0b\0c\0d\0"], [b"abcd"]),
        (A + "::wa", [b"a\0b\0c\0d\0", b"abcd"], [b"a\0bcd"]),
        (A + "::f", [b"abcd", b".abcd-", b"xabcd abcd"], [b"xabcd", b"abcd1", b"ABCabcd"]),
        (A + "::fi", [b"ABCD", b" abCD "], [b"xABCD", b"ABCDz"]),
        (A + "::wf", [b"a\0b\0c\0d\0", b"x a\0b\0c\0d\0.\0"], [b"x\0a\0b\0c\0d\0"]),
        (A + "(65|66)??" + B, [b"abcde.zyxw", b"abcdf-zyxw"], [b"abcdg.zyxw"]),
        (A + "(65|6667|68696a)" + B, [b"abcdezyxw", b"abcdfgzyxw", b"abcdhijzyxw"], [b"abcdzyxw"]),
        (A + "!(65|66)" + B, [b"abcd.zyxw"], [b"abcdezyxw", b"abcdzyxw"]),
        (A + "!(6565|6666)", [b"abcdef"], [b"abcdee", b"abcdff", b"abcde"]),
        ("(6162|78)63{2-4}" + A, [b"xc..abcd", b"abc....abcd"], [b"bc..abcd", b"xc.abcd"]),
        ("2:" + A, [b"..abcd"], [b"abcd", b"...abcd"]),
        ("EOF-4:" + A, [b"....abcd"], [b"abcd."]),
    ],
)
def test_subsignatures(matcher, text, yes, no):
    it = matcher([f"Target:0;0;{text}"])
    assert it.report.refusals == []
    answers = [name for name, _, _ in it.run(yes + no)]
    assert answers == ["L0"] * len(yes) + ["-"] * len(no)


def test_file_size_and_target(matcher):
    it = matcher([f"Target:0,FileSize:5-7;0;{A}", f"Target:10;0;{B}"])
    assert it.match(b"abcd")[0] == "-"
    assert it.match(b"abcd.")[0] == "L0"
    assert it.match(b"abcd....")[0] == "-"
    assert it.match(b"%PDF-zyxw")[0] == "L1"
    assert it.match(b"zyxw")[0] == "-"


def test_sixty_four_subsignatures(matcher):
    texts = [b"sub%05d" % number for number in range(64)]
    for operator, least in (("&", 64), ("|", 1)):
        expression = operator.join(map(str, range(64)))
        it = matcher([";".join(["Target:0", expression, *(text.hex() for text in texts)])])
        assert it.report.refusals == []
        assert it.match(b" ".join(texts[:least]))[0] == "L0"
        assert it.match(b" ".join(texts[: least - 1]))[0] == "-"


def test_where_hits_may_be_missing_nothing_is_said_to_be_absent(matcher):
    """897 beginnings fill the table: `!` may not hold then, and the object is in doubt."""
    first = [b"%07x#" % number for number in range(897)]
    lines = [f"Target:0;0&!1;{one.hex()};{(one + b'z').hex()}" for one in first]
    it = matcher(lines)
    assert it.match(b" ".join(first[:896]))[0::2] == ("L0", "ok")
    assert it.match(b" ".join(first))[0::2] == ("-", "overflow")


@pytest.mark.parametrize(
    "line, reason",
    [
        (f"Target:0;0|1&2;{A};{B};{C}", "& and | side by side without parentheses"),
        (f"Target:0;1;{A}", "expression names a subsignature that is not there"),
        (f"Target:0;!0;{A}", "holds for objects in which no subsignature is"),
        (f"Target:0;0=0|1;{A};{B}", "holds for objects in which no subsignature is"),
        (f"Target:0;(0&1)>2;{A};{B}", "count behind a block that is not joined by | alone"),
        (f"Target:0;0>;{A}", "malformed logical expression"),
        (f"Target:0;(0;{A}", "malformed logical expression"),
        (f"Target:0;0;{A};0/ab.c/", "regular expression (PCRE)"),
        (f"Target:0;0;{A};${{6-7}}12$", "macro"),
        (f"Target:0;0;{A};0(>>26#ib2#>512)", "comparison of octets as a number"),
        (f"Target:0;0;{A};fuzzy_img#af2ad01ed42993c7", "image hash"),
        (f"Target:1,IconGroup1:x;0;{A}", "target description IconGroup1"),
        (f"Target:0,Intermediates:A>B;0;{A}", "target description Intermediates"),
        (f"Target:0,Container:CL_TYPE_ZIP;0;{A}", "target description Container"),
        (f"Target:3;0;{A}", "target type 3 (normalised HTML)"),
        (
            f"Target:0;0>1;{A}{{2-5}}{B}",
            "count of a subsignature whose last piece varies in length",
        ),
        (f"Target:0;0;{A}::x", "modifier other than i, w, f, a"),
        (f"Target:0;0;EP+0:{A}", "offset inside an executable other than a program for Windows"),
    ],
)
def test_refusals(matcher, line, reason):
    it = matcher([line])
    assert [refusal.reason for refusal in it.report.refusals] == [reason]
