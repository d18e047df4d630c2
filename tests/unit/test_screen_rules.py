"""Rules of the settings: what is taken, and the blob that is made of it.  Also on MicroPython."""

from restante.errors import SettingsError
from restante.screening import pattern, rules, types
from restante.settings import text
from restante.settings.values import Settings


def blob(*lines):
    return rules.blob_of(Settings(text.read("\n".join(lines).encode())))


def refused(line):
    try:
        text.read(line.encode())
    except SettingsError as error:
        return error
    raise AssertionError("accepted: " + line)


def test_the_default_only_verifies():
    assert blob() == b"\x01\x00"
    assert blob("set screening verify-type disabled") == b""


def test_each_list_has_its_kind():
    off = "set screening verify-type disabled"
    digest = "00ff" * 16
    for setting, value, wanted in (
        ("forbid type", "executable,pe", b"\x02\x0aexecutable\x02\x02pe"),
        ("forbid name", "*.exe,%23a%20b?", b"\x03\x05*.exe\x03\x05#a b?"),
        ("only type", "image", b"\x04\x05image"),
        ("only name", "*.pdf", b"\x05\x05*.pdf"),
        ("exclude type", "mp4", b"\x06\x03mp4"),
        ("allow hash", digest, b"\x07\x20" + b"\x00\xff" * 16),
        ("allow signature", "Win.Test.*", b"\x08\x0aWin.Test.*"),
    ):
        assert blob(off, "set screening %s %s" % (setting, value)) == wanted, setting


def test_what_is_no_rule_is_refused():
    for line in (
        "set screening forbid type exe",
        "set screening forbid type pe,",
        "set screening forbid type PE",
        "set screening forbid name ,",
        "set screening forbid name %00",
        "set screening forbid name %2",
        "set screening forbid name a*b c",
        "set screening only name " + "a" * 201,
        "set screening only name " + ",".join("a%d" % i for i in range(61)),
        "set screening allow hash " + "0" * 63,
        "set screening allow hash " + "0" * 65,
        "set screening allow hash " + "g" * 64,
        "set screening allow hash " + "0" * 62 + "+1",
        "set screening verify-type yes",
        "set screening sender allow",
        "set screening forbid",
    ):
        assert refused(line).line == 1, line


def test_values_are_written_as_they_are_read():
    for line in (
        "set screening forbid type script,pe\n",
        "set screening forbid name *.exe,%2C%23%25%20%C3%A9?\n",
        "set screening allow hash %s,%s\n" % ("0f" * 32, "a0" * 32),
        "set screening sender block *@example.org\n",
        "set screening subject allow [ticket%20*]*\n",
    ):
        assert text.write(text.read(line.encode())) == line
    assert text.write(text.read(b"set screening allow hash " + b"AB" * 32)).endswith("ab\n")


def test_all_types_may_be_named():
    for name in types.FAMILIES + types.TYPES:
        text.read(b"set screening forbid type " + name.encode())


def test_rules_that_are_too_many_are_refused_by_name():
    many = ",".join("%%%02X" % (i + 1) * 60 + "a" for i in range(20))
    lines = ["set screening %s %s" % (s, many) for s in ("forbid name", "only name")]
    text.read("\n".join(lines).encode())
    most = ",".join("%s%02d" % ("b" * 64, i) for i in range(60))
    lines = ["set screening %s %s" % (s, most) for s in ("forbid name", "only name")]
    error = refused("\n".join(lines + ["set screening allow signature " + most[:300]]))
    assert "8192" in error.text and error.line in (1, 2)


def test_the_most_octets_make_a_blob():
    most = ",".join("%s%02d" % ("b" * 64, i) for i in range(60))
    lines = ["set screening %s %s" % (s, most) for s in ("forbid name", "only name")]
    assert len(blob(*lines)) == 2 + 2 * 60 * 68


def test_wildcards():
    for wild, string, fits in (
        (b"*", "", True),
        (b"", "", True),
        (b"", "a", False),
        (b"?", "", False),
        (b"?", "a", True),
        (b"?", "\u00e9", True),
        (b"??", "\u20ac", False),
        (b"a*", "A", True),
        (b"*a", "bbbA", True),
        (b"*ab*", "aaab", True),
        (b"*ab", "abab", True),
        (b"*ab", "aba", False),
        (b"a*b*c", "a-b-b-c", True),
        (b"a*b*c", "a-c-b", False),
        (b"*.ex?", "x.EXE", True),
        (b"*.exe", "x.exe.txt", False),
        ("\u00c9".encode(), "\u00e9", False),  # case of ASCII only
    ):
        assert pattern.fits(wild, string.encode()) == fits, (wild, string)


def test_wildcards_end_soon():
    assert not pattern.fits(b"*a" * 20 + b"b", b"a" * 200)
