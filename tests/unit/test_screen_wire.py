"""The screen socket: replies that a hostile worker may send.  Also on MicroPython."""

import struct

from restante.errors import NoRoom, ProtocolError
from restante.screening import wire
from restante.screening.verdicts import (
    AMBIGUOUS,
    CLEAN,
    ENCRYPTED,
    INFECTED,
    KILLED,
    MALFORMED,
    UNSCANNABLE,
)

TAG = 0xFEDCBA9876543210
SIZE = 5000


def text(value):
    return bytes([len(value)]) + value


def finding(verdict=INFECTED, edit=1, start=100, end=200, signature=b"Eicar", part=b"a.zip/x"):
    return struct.pack("<BBQQ", verdict, edit, start, end) + text(signature) + text(part)


def reply(verdict=INFECTED, findings=None, found=None, listed=None, zero=0, keep=(), **other):
    findings = [finding()] if findings is None else findings
    found = len(findings) if found is None else found
    listed = len(findings) if listed is None else listed
    magic, tag = other.get("magic", b"RSV1"), other.get("tag", TAG)
    head = struct.pack("<4sQBBHIIQQ", magic, tag, verdict, zero, listed, found, 7, 1 << 40, 9)
    data = head + b"".join(findings) + bytes([other.get("kept", len(keep))])
    for start, end in keep:
        data += struct.pack("<QQ", start, end)
    sender = other.get("sender", b"anna@example.org")
    return data + text(sender) + text(other.get("subject", b"hello")) + text(b"factory 1")


def refused(data, tag=TAG):
    try:
        wire.screen_reply(data, tag, SIZE)
    except ProtocolError:
        return True
    return False


def test_request_is_in_the_order_of_the_contract():
    limits = wire.Limits(16, 10000, 250, 1 << 40, 1 << 50)
    data = wire.screen_request(1 << 33, 60000, limits, TAG, 1 << 20, b"rules")
    assert len(data) == wire.REQUEST_OCTETS + 5
    assert data[:8] == b"RSQ2\x01\0\0\0"
    assert data[8:16] == b"\0\0\0\0\x02\0\0\0"
    assert struct.unpack("<IIII", data[16:32]) == (60000, 16, 10000, 250)
    assert data[32:40] == b"\0\0\0\0\0\x01\0\0"
    assert data[40:48] == b"\0\0\0\0\0\0\x04\0"
    assert data[48:56] == b"\x10\x32\x54\x76\x98\xba\xdc\xfe"
    assert data[56:64] == b"\0\0\x10\0\0\0\0\0"
    assert data[64:] == b"\x05\0\0\0rules"


def test_rules_are_bounded():
    limits = wire.Limits(1, 1, 1, 1, 1)
    most = wire.screen_request(1, 1, limits, 1, 0, bytes(wire.MAX_RULES))
    assert len(most) == wire.REQUEST_OCTETS + wire.MAX_RULES
    try:
        wire.screen_request(1, 1, limits, 1, 0, bytes(wire.MAX_RULES + 1))
    except ValueError:
        return
    raise AssertionError("accepted")


def test_status_request_is_zero_but_for_kind_and_tag():
    data = wire.status_request(5)
    assert data == b"RSQ2\x02\0\0\0" + bytes(40) + b"\x05" + bytes(7) + bytes(12)


def test_no_room_is_no_verdict_and_only_as_it_is_said():
    data = struct.pack("<4sQB", b"RSN1", TAG, 1)
    try:
        wire.screen_reply(data, TAG, SIZE)
    except NoRoom as error:
        assert "full" in str(error)
    else:
        raise AssertionError("a report")
    assert refused(data, TAG ^ 1)
    assert refused(data + b"\0")
    for n in range(4, len(data)):
        assert refused(data[:n])
    for reason in (0, 2, 255):
        assert refused(struct.pack("<4sQB", b"RSN1", TAG, reason))


def test_good_reply_is_read_whole():
    report = wire.screen_reply(reply(keep=((0, 20), (20, 50))), TAG, SIZE)
    assert (report.verdict, report.size, report.found) == (INFECTED, SIZE, 1)
    assert (report.entries, report.expanded, report.work) == (7, 1 << 40, 9)
    assert report.keep == [(0, 20), (20, 50)]
    assert (report.sender, report.subject, report.bundle) == (
        "anna@example.org",
        "hello",
        "factory 1",
    )
    f = report.findings[0]
    assert (f.verdict, f.edit, f.start, f.end) == (INFECTED, wire.EDIT_PART, 100, 200)
    assert (f.signature, f.part) == ("Eicar", "a.zip/x")


def test_clean_reply():
    report = wire.screen_reply(reply(CLEAN, []), TAG, SIZE)
    assert report.verdict == CLEAN and report.findings == []


def test_every_cut_and_one_octet_more_are_refused():
    data = reply(keep=((0, 20),))
    for n in range(len(data)):
        assert refused(data[:n])
    assert not refused(data)
    assert refused(data + b"\0")


def test_wrong_magic_tag_or_filler():
    assert refused(reply(magic=b"RSS1"))
    assert refused(reply(tag=TAG ^ 1))
    assert refused(reply(zero=1))


def test_verdicts_out_of_range():
    assert refused(reply(KILLED, [finding(KILLED)]))
    assert refused(reply(200, [finding(200)]))
    assert refused(reply(CLEAN, [finding(CLEAN)]))


def test_counts_that_do_not_agree():
    assert refused(reply(found=2))
    assert refused(reply(found=0))
    assert refused(reply(CLEAN, [], found=1))
    many = [finding(start=i, end=i + 1) for i in range(64)]
    assert not refused(reply(findings=many))
    assert not refused(reply(findings=many, found=100000))
    assert refused(reply(findings=many + [finding()], found=65))
    assert refused(reply(kept=17, keep=[(i, i + 1) for i in range(17)]))
    assert not refused(reply(keep=[(i, i + 1) for i in range(16)]))


def test_verdict_is_that_of_the_worst_finding():
    assert refused(reply(ENCRYPTED, [finding(INFECTED)]))
    assert refused(reply(CLEAN, [finding(ENCRYPTED)]))
    assert refused(reply(INFECTED, [finding(ENCRYPTED)]))
    mixed = [finding(ENCRYPTED), finding(AMBIGUOUS), finding(UNSCANNABLE)]
    assert not refused(reply(AMBIGUOUS, mixed))
    assert refused(reply(ENCRYPTED, mixed))


def test_only_what_is_not_listed_may_be_worse():
    many = [finding(ENCRYPTED) for _ in range(64)]
    assert not refused(reply(MALFORMED, many, found=65))
    assert refused(reply(MALFORMED, many, found=64))
    assert refused(reply(CLEAN, many, found=65))


def test_edits_out_of_range():
    assert refused(reply(findings=[finding(edit=3)]))
    assert refused(reply(findings=[finding(edit=0)]))
    assert not refused(reply(findings=[finding(edit=0, start=0, end=0)]))


def test_texts_must_be_short_printable_utf8():
    assert refused(reply(sender=b"a\nb"))
    assert refused(reply(sender=b"a\x7fb"))
    assert refused(reply(sender=b"\xff\xfe"))
    assert refused(reply(sender=b"\xe2\x82"))
    assert refused(reply(subject=b"x" * 201))
    assert not refused(reply(subject=b"x" * 200))
    assert refused(reply(findings=[finding(part=b"x" * 160)]))
    assert not refused(reply(findings=[finding(part=b"x" * 159)]))
    report = wire.screen_reply(reply(subject="Grüße".encode()), TAG, SIZE)
    assert report.subject == "Grüße"


def test_a_reply_that_is_too_long_is_refused():
    assert refused(reply() + bytes(wire.REPLY_OCTETS))


def test_status_reply():
    data = struct.pack("<4sQQQIIBIIQ", b"RSS2", TAG, 10, 2, 5, 6000, 3, 3, 4, 1 << 31)
    data += text(b"factory 1")
    status = wire.status_reply(data, TAG)
    assert (status.workers, status.failed, status.hashes, status.patterns) == (10, 2, 3, 4)
    assert (status.built, status.bundle) == (1 << 31, "factory 1")
    assert (status.adopted, status.peak, status.origin) == (5, 6000, wire.FACTORY)
    for bad in (data[:-1], data + b"\0", b"RSV1" + data[4:]):
        try:
            wire.status_reply(bad, TAG)
        except ProtocolError:
            continue
        raise AssertionError("accepted")


def test_report_of_two_deaths():
    report = wire.killed_report(SIZE)
    assert (report.verdict, report.found, report.findings[0].edit) == (KILLED, 1, wire.EDIT_WHOLE)
