"""Our own rules, containers, type marks and lists: what is taken and what is refused, and why."""

import pytest
from restante_tools.signatures import layout
from restante_tools.signatures.model import Entry, Rule
from restante_tools.signatures.sources import read


def reasons(file, text):
    """Places and reasons of what is refused."""
    return [(r.place.line, r.name, r.reason) for r in read(file, text) if not isinstance(r, Entry)]


def test_our_own_rules():
    text = b"""# a comment
rules:
  - name: A
    file: ["*.scr", "x*"]
  - name: B
    sender: "*@bad.example"
  - {name: "no", subject: no}
"""
    found = [entry.signature for entry in read("r.yaml", text)]
    assert found == [
        Rule("A", layout.BY_FILE, b"*.scr"),
        Rule("A", layout.BY_FILE, b"x*"),
        Rule("B", layout.BY_SENDER, b"*@bad.example"),
        Rule("no", layout.BY_SUBJECT, b"no"),
    ]


ONE_OF = "a rule has a name and one of: file, sender, subject"
SHAPE = "malformed: not a list of rules under the key `rules`"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("rules: [{name: A, file: a, sender: b}]", (1, "A", ONE_OF)),
        ("rules:\n- {name: A, colour: b}", (2, "A", ONE_OF)),
        ("rules: [{file: a}]", (1, "", "rule without a name")),
        ("rules: [{name: A, file: 'a[b'}]", (1, "A", "glob with a set [ ] that is not closed")),
        ("rules: [{name: A, file: 'a\\\\'}]", None),
        ("rules: [{name: A, file: 'a\\'}]", (1, "A", "glob that ends in a backslash")),
        ("rules: [{name: A, file: ''}]", (1, "A", "glob that is empty or has a zero octet")),
        ("rules: [{name: A, file: {a: b}}]", (1, "A", "malformed: a text is expected")),
        ("rules: [A]", (1, "", "malformed: a mapping is expected")),
        ("rules: [{name: A, file: a, file: b}]", (1, "", "malformed: `file` is there twice")),
        ("other: []", (1, "", SHAPE)),
        ("- a", (1, "", "malformed: a mapping is expected")),
        ("rules: [\n\n", (3, "", "malformed YAML")),
    ],
)
def test_rules_that_are_refused(text, expected):
    assert reasons("r.yml", text.encode()) == ([expected] if expected else [])


@pytest.mark.parametrize(
    "line, reason",
    [
        ("A:CL_TYPE_RAR:*:a:*:*:*:*:*:*", "container CL_TYPE_RAR"),
        (
            "A:*:100:a:*:*:*:*:*:*",
            "size of the container, which is not known when its entries are seen",
        ),
        ("A:*:*:a{2}:*:*:*:*:*:*", "regular expression that globs cannot say"),
        ("A:*:*:a:x:*:*:*:*:*", "malformed size in the container"),
        ("A:*:*:a:*:*:2:*:*:*", "malformed: encrypted is 0, 1 or *"),
        ("A:*:*:a:*:*:*:*:1234:*", "check value of an entry"),
        ("A:*:*:a", "malformed: not the ten fields of a container signature"),
        ("A:*:*:a:*:*:*:*:*:*:10:50", "retired: only for functionality level 50 and older"),
    ],
)
def test_container_signatures_that_are_refused(line, reason):
    assert reasons("c.cdb", line.encode()) == [(1, "A", reason)]


@pytest.mark.parametrize(
    "line, reason",
    [
        (
            "1:*:4d5a:A:CL_TYPE_ANY:CL_TYPE_X",
            "file type that is not told by octets at a fixed offset",
        ),
        ("0:0:4d5a:A:CL_TYPE_PDF:CL_TYPE_X", "file type that is another one before"),
        ("0:0:4d*5a:A:CL_TYPE_ANY:CL_TYPE_X", "file type with gaps or alternatives"),
        ("0:511:4d5a:A:CL_TYPE_ANY:CL_TYPE_X", "file type told by octets behind the first 512"),
    ],
)
def test_type_marks_that_are_refused(line, reason):
    assert reasons("t.ftm", line.encode()) == [(1, "A", reason)]


def test_sections_of_any_size_and_ignored_lines_with_a_digest():
    assert reasons("p.mdb", b"*:900150983cd24fb0d6963f7d28e17f72:A:73\n")[0][2] == (
        "section of any size"
    )
    assert reasons("i.ign2", b"A:900150983cd24fb0d6963f7d28e17f72\n") == [
        (1, "A", "ignored only as long as its line has a certain digest")
    ]
