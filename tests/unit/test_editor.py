"""The console's line editor: every octet value, long lines, pasted lines.  Also on MicroPython."""

from restante.console import editor
from restante.console.editor import CANCEL, COMPLETE, HELP, LINE, REFUSED, Editor
from restante.limits import CONTROL_LINE_OCTETS


def type_in(data):
    """(what is shown, events) of a fresh editor."""
    line = Editor()
    shown = bytearray()
    events = []
    for octet in data:
        echo, event = line.feed(octet)
        shown += echo
        if event:
            events.append(event)
    return bytes(shown), events


def lines(data):
    return type_in(data)[1]


def test_line_ends():
    for end in (b"\r", b"\n", b"\r\n"):
        assert lines(b"show log" + end + b"help" + end) == [(LINE, b"show log"), (LINE, b"help")]
    assert lines(b"\r\r\n\n") == [(LINE, b"")] * 3


def test_corrections():
    assert lines(b"shox\x08w\r") == [(LINE, b"show")]
    assert lines(b"shox\x7fw\r") == [(LINE, b"show")]
    assert lines(b"\x08\x7fa\r") == [(LINE, b"a")]
    assert lines(b"reboot\x15help\r") == [(LINE, b"help")]
    assert lines(b"show\tlog\r") == [(LINE, b"show log")]


def test_a_hand_asks_with_question_mark_and_tab():
    line = Editor()
    for octet in b"set log ":
        line.feed(octet)
    assert line.feed(ord("?"), alone=True) == (b"", (HELP, b"set log "))
    assert line.insert(b"le") == b"le" and line.line == b"set log le"
    assert line.feed(9, alone=True) == (b"", (COMPLETE, b"set log le"))
    # Within a word it is a character: patterns have it.
    assert line.feed(ord("?"), alone=True) == (b"?", None)
    assert line.feed(13)[1] == (LINE, b"set log le?")
    assert Editor().feed(ord("?"), alone=True) == (b"", (HELP, b""))


def test_pasted_question_marks_and_tabs_are_text():
    assert lines(b"set name ?.exe\r") == [(LINE, b"set name ?.exe")]


def test_echo_is_what_the_line_is():
    assert type_in(b"ab\x7fc\r")[0] == b"ab\x08 \x08c\n"
    assert type_in(b"ab\x15")[0] == b"ab" + b"\x08 \x08" * 2
    assert type_in(b"\x08")[0] == b"\x07"


def test_ctrl_c_forgets_the_line():
    assert lines(b"reboot\x03\r") == [(CANCEL, None), (LINE, b"")]


def test_function_keys_mean_nothing():
    for keys in (b"\x1b[A", b"\x1b[15~", b"\x1b[1;5C", b"\x1bOP", b"\x1bx"):
        assert lines(b"show" + keys + b" log\r") == [(LINE, b"show log")]


def test_every_octet_is_run_as_shown_or_refused():
    for code in range(256):
        shown, events = type_in(b"a" + bytes([code]) + b"b\r")
        for kind, line in events:
            if kind == LINE:
                assert all(32 <= octet < 127 for octet in line)
        assert all(32 <= octet < 127 or octet in (7, 8, 10) for octet in shown)
        if code >= 127 and code != editor.DELETE:
            assert events == [(REFUSED, "octet 0x%02x in the line" % code)]
    # BREAK comes as NUL: it is no part of a line.
    assert lines(b"help\x00\r") == [(LINE, b"help")]


def test_a_refused_line_does_not_spoil_the_next():
    assert lines(b"a\xffb\rhelp\r") == [(REFUSED, "octet 0xff in the line"), (LINE, b"help")]
    assert lines(b"a\xffb\x15help\r") == [(LINE, b"help")]


def test_long_lines_are_refused_as_a_whole():
    most = CONTROL_LINE_OCTETS
    assert lines(b"x" * most + b"\r") == [(LINE, b"x" * most)]
    too_long = "the line is over %d octets" % most
    assert lines(b"x" * (most + 1) + b"\r") == [(REFUSED, too_long)]
    shown, events = type_in(b"reboot " + b"x" * 65536 + b"\r")
    assert len(events) == 1 and events[0][0] == REFUSED
    # Rubbing out what was too long does not make it a line that nobody saw.
    assert lines(b"x" * (most + 1) + b"\x08" * 1000 + b"\r")[0][0] == REFUSED


def test_a_thousand_pasted_lines():
    events = lines(b"".join(b"set x %d\r" % n for n in range(1000)))
    assert len(events) == 1000 and events[999] == (LINE, b"set x 999")
