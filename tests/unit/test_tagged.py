"""The form of machine mode: tags, checks, answers.  Also on MicroPython."""

import json

from restante.compat import crc32
from restante.console import tagged
from restante.console.tagged import LEAVE, LINE, REFUSED, Collector


def events(data):
    collector = Collector()
    return [event for event in [collector.feed(octet) for octet in data] if event]


def not_run(line, checked=False):
    try:
        tagged.request(line, checked)
    except tagged.NotRun as error:
        return str(error)
    raise AssertionError(line)


def crc(data):
    return b"%08x" % (crc32(data, 0, len(data), 0) & 0xFFFFFFFF)


def test_lines():
    assert events(b"a\r\nb\nc\rd") == [(LINE, b"a"), (LINE, b"b"), (LINE, b"c")]
    assert events(b"a\r\r\n\n") == [(LINE, b"a"), (LINE, b""), (LINE, b"")]
    assert events(b"a\tb\r") == [(LINE, b"a\tb")]
    for octet in (1, 8, 27, 127, 128, 255):
        line = b"a" + bytes((octet,)) + b"b\rping\r"
        assert events(line) == [(REFUSED, "octet 0x%02x in the line" % octet), (LINE, b"ping")]
    for octet in (b"\x03", b"\x00"):
        assert events(b"half" + octet + b"ping\r") == [(LEAVE, None), (LINE, b"ping")]


def test_the_longest_line():
    longest = b"x" * tagged.LINE_OCTETS
    assert events(longest + b"\r") == [(LINE, longest)]
    assert events(longest + b"x\rping\r") == [
        (REFUSED, "the line is over %d octets" % tagged.LINE_OCTETS),
        (LINE, b"ping"),
    ]


def test_requests():
    assert tagged.request(b"show log", False) == (b"", b"show log")
    assert tagged.request(b"#t1 show log", False) == (b"t1", b"show log")
    line = b"#t1:" + crc(b"t1 show log") + b" show log"
    for checked in (False, True):
        assert tagged.request(line, checked) == (b"t1", b"show log")
    assert not_run(line.replace(b"log", b"lok")) == "it is damaged"
    assert not_run(line.replace(b"t1", b"t2")) == "it is damaged"
    assert not_run(b"#t1: show log") == "it is damaged"
    assert not_run(b"#t1 show log", True) == "it is damaged"
    assert not_run(b"show log", True) == "it has no tag"
    for tag in (b"", b"T", b"a_b", b"a" * 25):
        assert not_run(b"#" + tag + b" ping").startswith("its tag is wrong")


def test_an_answer_is_json_with_a_check_at_its_end():
    texts = ['say "yes" \\ no', "", "\x00\x1b[2J\u00e9", ".", "x" * 4200]
    whole = b"".join(tagged.answer(b"t1", True, False, texts[0], texts))
    assert whole.endswith(b'"}\n') and all(32 <= octet < 127 for octet in whole[:-1])
    body = whole[: whole.rfind(b',"crc"')]
    assert whole[len(body) :] == b',"crc":"' + crc(body) + b'"}\n'
    answer = json.loads(whole.decode())
    assert answer["tag"] == "t1" and answer["ok"] is True and answer["edit"] is False
    assert answer["text"] == texts[0] and answer["lines"][:2] == texts[:2]
    assert answer["lines"][2] == "\\x00\\x1b[2J\\xe9" and answer["lines"][3:] == texts[3:]
