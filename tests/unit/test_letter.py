"""Messages of the gateway's own.  Also on MicroPython."""

from restante.mail import letter, notice
from restante.screening.verdicts import INFECTED
from restante.screening.wire import EDIT_WHOLE, Finding


def test_dates():
    """RFC 5322 section 3.3."""
    for seconds, text in (
        (0, "Thu, 1 Jan 1970 00:00:00 +0000"),
        (951782400, "Tue, 29 Feb 2000 00:00:00 +0000"),
        (1767225599, "Wed, 31 Dec 2025 23:59:59 +0000"),
        (2147483648, "Tue, 19 Jan 2038 03:14:08 +0000"),
    ):
        assert letter.date(seconds) == text


def test_a_letter_is_wire_form():
    octets = letter.letter("it is bad", ["one", ".two", "..", ""], "restante-late-1", "box", 0)
    head, _, body = octets.partition(b"\r\n\r\n")
    assert body == b"one\r\n..two\r\n...\r\n\r\n"
    fields = dict([line.split(b": ", 1) for line in head.split(b"\r\n")])
    assert fields[b"From"] == b"Mail gateway <restante@box>" and fields[b"Subject"] == b"it is bad"
    assert fields[b"Message-ID"] == b"<restante-late-1@box>" and b"Date" in fields
    assert fields[b"Content-Type"] == b"text/plain; charset=us-ascii"


def test_what_a_late_notice_says_of_hostile_names():
    finding = Finding(INFECTED, EDIT_WHOLE, 0, 0, "Evil\r\n.\r\n", "\u202exe.\x1b[2J")
    lines = notice.late_lines("a\r\nBcc: x", "\x00" * 500, [finding], 3, "set 2", "7")
    text = "\n".join(lines)
    assert all(" " <= c <= "~" for c in text.replace("\n", ""))
    assert max(map(len, lines)) < 140 and "quarantine entry 7" in text and "And 2 more" in text
    assert "From:      a??Bcc: x" in lines
    assert "From:" not in "\n".join(notice.late_lines("", "", [finding], 1, "", "7"))
