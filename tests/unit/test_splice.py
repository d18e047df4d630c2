"""What a client is sent in place of a bad message.  Also on MicroPython."""

from restante.mail import header, notice, splice
from restante.screening import policy
from restante.screening.verdicts import (
    CLEAN_PART,
    ENCRYPTED,
    INFECTED,
    MARK,
    NAMES,
    PASS,
    QUARANTINE,
)
from restante.screening.wire import EDIT_LINES, EDIT_PART, EDIT_WHOLE, Finding, Report

HEAD = (
    b"Received: from x\r\nFrom: Anna <anna@example.org>\r\nSubject: =?utf-8?q?a?=\r\n"
    b" folded\r\nX-Other: y\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
)
TEXT = b"--b\r\nContent-Type: text/plain\r\n\r\n..dots\r\n...\r\n"
BAD = b"Content-Type: application/zip\r\n\r\nUEsDBA==\r\n..x"
TAIL = b"\r\n--b--\r\nepilogue\r\n"
MESSAGE = HEAD + TEXT + b"--b\r\n" + BAD + TAIL
START = len(HEAD + TEXT) + 5
END = START + len(BAD)


def finding(kind=EDIT_PART, start=START, end=END, verdict=INFECTED, part="a.zip/x.exe"):
    return Finding(verdict, kind, start, end, "Eicar-Test", part)


def decision(action, *findings):
    made = policy.Decision(action, INFECTED if findings else None)
    made.findings = list(findings)
    made.reason = "infected with Eicar-Test"
    if action == CLEAN_PART:
        made.edits = policy.merge(findings, len(MESSAGE))
    return made


def report(*findings, keep=()):
    made = Report(INFECTED, len(MESSAGE))
    made.findings = list(findings)
    made.found = len(findings)
    made.keep = list(keep)
    made.bundle = "factory 7"
    return made


def peek(offset, count):
    return MESSAGE[offset : offset + count]


def sent(parts):
    return b"".join(p if isinstance(p, bytes) else MESSAGE[p[0] : p[1]] for p in parts)


def clean(*findings):
    parts = splice.segments(
        decision(CLEAN_PART, *findings), report(*findings), len(MESSAGE), "12", peek
    )
    assert splice.wire_octets(parts) == len(sent(parts))
    return sent(parts)


def whole(keep=(), action=QUARANTINE):
    f = finding(EDIT_WHOLE, 0, 0)
    parts = splice.segments(decision(action, f), report(f, keep=keep), len(MESSAGE), "12", peek)
    return sent(parts)


def field(name):
    start = MESSAGE.find(name + b":")
    end = MESSAGE.find(b"\r\n", start) + 2
    while MESSAGE[end : end + 1] == b" ":
        end = MESSAGE.find(b"\r\n", end) + 2
    return start, end


def test_pass_is_the_file_and_nothing_else():
    assert splice.segments(decision(PASS), report(), len(MESSAGE), "", peek) == [(0, len(MESSAGE))]
    assert splice.segments(decision(PASS), report(), 0, "", peek) == []


def test_mark_is_one_line_in_front():
    out = sent(splice.segments(decision(MARK, finding()), None, len(MESSAGE), "", peek))
    line = b"X-Restante-Verdict: infected; infected with Eicar-Test\r\n"
    assert out == line + MESSAGE


def test_mark_without_a_verdict():
    out = sent(splice.segments(decision(MARK), None, len(MESSAGE), "", peek))
    assert out.startswith(b"X-Restante-Verdict: none; ") and out.endswith(MESSAGE)


def test_mark_stands_behind_a_mailbox_separator():
    data = b"From anna Mon Jan  1\r\n" + MESSAGE
    parts = splice.segments(
        decision(MARK, finding()), None, len(data), "", lambda at, n: data[at : at + n]
    )
    assert parts[0] == (0, 22) and parts[2] == (22, len(data))


def test_a_part_is_replaced_and_the_rest_stays():
    out = clean(finding())
    assert out.startswith(MESSAGE[:START]) and out.endswith(TAIL)
    own = out[START : len(out) - len(TAIL)]
    head, body = own.split(b"\r\n\r\n", 1)
    assert head.split(b"\r\n") == [
        b"Content-Disposition: inline",
        b"Content-Type: text/plain; charset=us-ascii",
        b"Content-Transfer-Encoding: 7bit",
    ]
    assert not body.endswith(b"\r\n")
    for words in (b"a.zip/x.exe", b"Eicar-Test", b"factory 7", b"entry 12", b"it is infected"):
        assert words in body


def test_a_part_up_to_the_end_of_the_file_ends_with_a_line_end():
    out = clean(finding(end=len(MESSAGE)))
    assert out.startswith(MESSAGE[:START]) and out.endswith(b"release 12).\r\n")


def test_lines_are_replaced_by_lines():
    start = len(HEAD) + len(b"--b\r\nContent-Type: text/plain\r\n\r\n")
    end = start + len(b"..dots\r\n")
    out = clean(finding(EDIT_LINES, start, end))
    assert out.startswith(MESSAGE[:start] + b"A part of this message was removed")
    assert out.endswith(b"release 12).\r\n" + MESSAGE[end:])


def test_two_parts():
    first = finding(EDIT_LINES, len(HEAD), len(HEAD) + 5, part="one")
    out = clean(finding(part="two"), first)
    assert out.count(b"A part of this message was removed") == 2
    assert out.startswith(HEAD) and out.endswith(TAIL)
    assert b"What:      one" in out and b"What:      two" in out


def test_borders_inside_a_line_replace_the_whole():
    for start, end in ((START + 1, END), (START - 1, END), (START, END - 1), (START, END + 1)):
        assert b"This message is held" in clean(finding(start=start, end=end))
    for end in (END - 1, END, END + 1):
        assert b"This message is held" in clean(finding(EDIT_LINES, START, end))


def test_whole_keeps_the_fields_that_may_be_kept():
    out = whole([field(b"From"), field(b"Subject")])
    head, body = out.split(b"\r\n\r\n", 1)
    assert head.split(b"\r\n") == [
        b"From: Anna <anna@example.org>",
        b"Subject: =?utf-8?q?a?=",
        b" folded",
        b"X-Restante-Verdict: infected; infected with Eicar-Test",
        b"MIME-Version: 1.0",
        b"Content-Type: text/plain; charset=us-ascii",
        b"Content-Transfer-Encoding: 7bit",
    ]
    assert b"This message is held" in body and body.endswith(b"\r\n")
    assert whole([field(b"From"), field(b"Subject")], CLEAN_PART) == out


def test_whole_without_a_subject_gets_one():
    assert b"\r\nSubject: (held by the mail gateway)\r\n" in whole([field(b"From")])
    assert b"Subject: (held" in whole()


def test_fields_that_may_not_be_kept_are_left_out():
    subject = field(b"Subject")
    lies = (
        field(b"X-Other"),
        field(b"Content-Type"),
        (subject[0] + 1, subject[1]),
        (subject[0], subject[1] - 1),
        (subject[0], len(HEAD)),
        (subject[0], len(MESSAGE) + 1),
        (subject[1], subject[0]),
        (1 << 63, (1 << 63) + 5),
    )
    for lie in lies:
        out = whole([field(b"From"), lie])
        assert out.startswith(b"From: Anna <anna@example.org>\r\nX-Restante-Verdict")
    twice = whole([subject, subject, field(b"From")])
    assert twice.count(b"folded") == 1 and b"From:" not in twice.split(b"\r\n\r\n")[0]


def test_header_fields():
    assert header.field_name(b"From: x") == b"from"
    assert header.field_name(b"From : x") is None
    assert header.field_name(b": x") is None
    assert header.field_name(b"From x") is None
    assert header.field_name(b"Gr\xfc: x") is None
    good = (b"To: a\r\n", b"to:\r\n", b"References: <a>\r\n\t<b>\r\n <c>\r\n")
    bad = (
        b"To: a",
        b"To: a\r\n\r\n",
        b"To: a\r\n \r\n",
        b"To: a\r\nb\r\n",
        b"To: a\rb\r\n",
        b"To: a\nb\r\n",
        b"To: a\0\r\n",
        b"Bcc: a\r\n",
        b"\r\n",
        b"",
    )
    assert [header.is_kept_field(f) for f in good] == [True] * len(good)
    assert [header.is_kept_field(f) for f in bad] == [False] * len(bad)


def test_a_field_that_is_too_long_is_not_kept():
    data = b"To: " + b"x" * (header.FIELD_OCTETS - 6) + b"\r\n"
    for extra, expected in ((b"", 1), (b"x", 0)):
        longer = data[:-2] + extra + b"\r\n"
        ranges = [(0, len(longer))]
        kept = header.kept_fields(ranges, len(longer), lambda at, n: longer[at : at + n])  # noqa: B023
        assert len(kept) == expected


def test_names_in_a_notice_are_printable_ascii_and_bounded():
    nasty = "..\r\n.\r\n\u202egpj.exe\0\x1b[2J" + "x" * 500
    lines = notice.part_lines([finding(part=nasty)], nasty, nasty)
    for line in lines:
        assert all(" " <= c <= "~" for c in line) and len(line) < 400


def test_a_notice_names_so_many_findings_and_counts_the_rest():
    findings = [finding(part="file-%d" % i) for i in range(20)]
    lines = notice.whole_lines(findings, 100, "factory", "1")
    assert "What:      file-7" in lines and "What:      file-8" not in lines
    assert "And 92 more of this kind." in lines
    assert "And" not in " ".join(notice.part_lines(findings[:8], "", "1"))


def test_each_verdict_has_words():
    for verdict in range(1, len(NAMES)):
        lines = notice.part_lines([finding(verdict=verdict)], "", "1")
        assert any(line.startswith("Why:  ") and len(line) > 20 for line in lines)
    assert any(
        "Detail:" in line for line in notice.part_lines([finding(verdict=ENCRYPTED)], "", "1")
    )


def test_own_lines_are_dot_stuffed():
    assert splice.wire([".", "..a", "b", ""]) == b"..\r\n...a\r\nb\r\n\r\n"
