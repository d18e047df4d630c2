"""Limits: each strikes at its number and not before, has its own verdict, and bounds time."""

import gzip
import time

import pytest
from mailmaking import BAD, EICAR, TEXT, attachment, multipart, names, verdict, zipped

HUGE = 10_000_000
SECONDS = 60  # for what takes well under one without the sanitizers


def nested_zips(count, content):
    for _ in range(count):
        content = zipped(("x.zip", content))
    return content


def nested_multiparts(count):
    part = TEXT
    for level in range(count):
        part = multipart(part, boundary=f"b{level}", header=b"")
    return part


def nested_messages(count):
    octets = attachment(EICAR)
    for _ in range(count):
        octets = b"Content-Type: message/rfc822\r\n\r\n" + octets
    return octets


# The message, its multipart and the part are three, each file in a zip is one more.
@pytest.mark.parametrize("depth", [3, 4, 10, 16, 20])
def test_depth_of_containers(screen_one, depth):
    def scan(zips, limit=depth):
        part = attachment(nested_zips(zips, BAD), "a.zip")
        return screen_one(multipart(TEXT, part), "--limit", f"depth={limit}")

    assert names(scan(depth - 3)) == ["infected"]
    assert names(scan(depth - 2)) == ["too-deep"]


def test_depth_has_an_upper_bound(screen_one):
    message = multipart(TEXT, attachment(nested_zips(18, BAD), "a.zip"))
    assert names(screen_one(message, "--limit", "depth=1000")) == ["too-deep"]


def test_depth_of_multiparts(screen_one):
    # the message, n levels, the text
    assert verdict(screen_one(nested_multiparts(6), "--limit", "depth=8")) == "clean"
    assert verdict(screen_one(nested_multiparts(7), "--limit", "depth=8")) == "too-deep"


def test_depth_of_messages(screen_one):
    # the message, n nested ones, the attachment
    assert verdict(screen_one(nested_messages(6), "--limit", "depth=8")) == "infected"
    assert verdict(screen_one(nested_messages(7), "--limit", "depth=8")) == "too-deep"


@pytest.mark.parametrize("levels", [20, 1000])
@pytest.mark.parametrize("make", [nested_multiparts, nested_messages])
def test_nesting_without_end(screen_one, make, levels):
    begun = time.monotonic()
    assert verdict(screen_one(make(levels))) == "too-deep"
    assert time.monotonic() - begun < SECONDS


def test_what_lies_beside_a_deep_part_is_scanned(screen_one):
    deep = attachment(nested_zips(30, b"x"), "deep.zip")
    report = screen_one(multipart(deep, attachment(EICAR)))
    assert names(report) == ["infected", "too-deep"]


def test_entries_of_a_message(screen_one):
    message = multipart(*[TEXT] * 5)  # and itself: 6
    assert verdict(screen_one(message, "--limit", "entries=6")) == "clean"
    assert verdict(screen_one(message, "--limit", "entries=5")) == "too-many"
    assert screen_one(message)["entries"] == 6


def test_entries_of_a_zip(screen_one):
    files = zipped(*((str(i), b"x") for i in range(10)))
    message = multipart(attachment(files, "a.zip"))  # 2 and 10
    assert verdict(screen_one(message, "--limit", "entries=12")) == "clean"
    assert verdict(screen_one(message, "--limit", "entries=11")) == "too-many"


def test_a_hundred_thousand_parts(screen_one):
    message = multipart(*[b"\r\nx"] * 100_000)
    begun = time.monotonic()
    report = screen_one(message)
    assert verdict(report) == "too-many"
    assert report["found"] == 1
    assert time.monotonic() - begun < SECONDS


def test_the_thousandth_part_is_scanned(screen_one):
    message = multipart(*[TEXT] * 999, attachment(EICAR), *[TEXT] * 10)
    assert names(screen_one(message)) == ["infected"]


@pytest.mark.parametrize("pack", [gzip.compress, lambda octets: zipped(("a", octets))])
def test_expanded_octets(screen_one, pack):
    message = multipart(attachment(pack(b"ab" * 5000), "a"))
    assert screen_one(message)["expanded"] == 10_000
    assert verdict(screen_one(message, "--limit", "expanded=10001")) == "clean"
    assert verdict(screen_one(message, "--limit", "expanded=10000")) == "clean"
    assert verdict(screen_one(message, "--limit", "expanded=9999")) == "too-large"


def test_expanded_octets_count_in_all(screen_one):
    part = attachment(gzip.compress(b"ab" * 5000), "a.gz")
    message = multipart(part, part, attachment(EICAR))
    assert names(screen_one(message, "--limit", "expanded=15000")) == ["infected", "too-large"]


def test_ratio(screen_one):
    octets = b"x" * 3_000_000
    packed = gzip.compress(octets)
    ratio = len(octets) // (len(packed) - 18)  # without gzip's header and trailer
    message = multipart(attachment(packed, "a.gz"))
    assert verdict(screen_one(message, "--limit", f"ratio={ratio + 1}")) == "clean"
    assert verdict(screen_one(message, "--limit", f"ratio={ratio - 1}")) == "ratio"
    assert verdict(screen_one(message)) == "ratio"


def test_a_high_ratio_of_little_is_harmless(screen_one):
    message = multipart(attachment(gzip.compress(b"x" * 1_000_000), "a.gz"))
    assert verdict(screen_one(message)) == "clean"


def test_a_bomb_in_bombs(screen_one):
    bomb = gzip.compress(gzip.compress(b"\0" * 30_000_000))
    begun = time.monotonic()
    report = screen_one(multipart(attachment(bomb), attachment(EICAR)))
    assert names(report) == ["infected", "ratio"]
    assert time.monotonic() - begun < SECONDS


def test_work(screen_one):
    message = multipart(*[attachment(b"harmless" * 500)] * 20)
    used = screen_one(message)["work"]
    assert used > len(message)
    assert verdict(screen_one(message, "--limit", f"work={used}")) == "clean"
    assert verdict(screen_one(message, "--limit", f"work={used - 1}")) == "over-budget"


def test_work_and_reports_do_not_depend_on_feeds(screen_one):
    bomb = attachment(gzip.compress(b"x" * 2_000_000), "a.gz")
    message = multipart(*[attachment(EICAR)] * 3, bomb, bomb)
    for limit in ("work=9000", "work=400000", "expanded=3000000", "ratio=900", "entries=4"):
        reports = [
            dict(screen_one(message, "--limit", limit, "--feed", str(feed)), seconds=0)
            for feed in (0, 1, 1000, 16384, 16385)
        ]
        assert reports == [reports[0]] * len(reports), limit
        assert verdict(reports[0]) != "clean"


def test_a_header_of_ten_megabytes(screen_one):
    begun = time.monotonic()
    assert verdict(screen_one(b"X: " + b"y" * HUGE + b"\r\n\r\nz")) == "malformed"
    folded = b"X: " + b"y\r\n " * (HUGE // 4) + b"\r\n\r\nz"
    assert verdict(screen_one(folded)) == "malformed"
    assert time.monotonic() - begun < SECONDS


def test_ten_thousand_header_fields(screen_one):
    assert verdict(screen_one(b"X: y\r\n" * 10_000 + b"\r\nz")) == "too-many"
    assert verdict(screen_one(b"X: y\r\n" * 1_000 + b"\r\nz")) == "clean"


def test_what_matters_behind_a_long_header_is_read(screen_one):
    fields = b"X: y\r\n" * 5_000 + b"X: " + b"y" * 2_000_000 + b"\r\n"
    report = screen_one(fields + attachment(EICAR))
    assert names(report) == ["infected", "malformed", "too-many"]


def test_an_encoding_behind_a_long_comment(screen_one):
    part = b"Content-Transfer-Encoding: (" + b"x" * 9_000 + b") base64\r\n\r\n"
    assert names(screen_one(multipart(TEXT, part))) == ["ambiguous"]


def test_a_name_in_ten_thousand_pieces(screen_one):
    pieces = b"".join(b";\r\n filename*%d=x" % number for number in range(10_000))
    part = b"Content-Disposition: attachment" + pieces + b"\r\n\r\nx"
    begun = time.monotonic()
    assert names(screen_one(multipart(TEXT, part))) == ["ambiguous"]
    assert time.monotonic() - begun < SECONDS


def test_a_boundary_of_ten_thousand_octets(screen_one):
    long = multipart(TEXT, attachment(EICAR), boundary="x" * 5000)
    assert "ambiguous" in names(screen_one(long))
    fits = multipart(TEXT, attachment(EICAR), boundary="x" * 256)
    assert names(screen_one(fits)) == ["infected"]


def test_a_line_of_ten_megabytes(screen_one):
    message = multipart(TEXT, b"\r\n" + b"-" * HUGE, attachment(EICAR))
    assert verdict(screen_one(message)) == "infected"


def test_more_findings_than_fit(screen_one):
    parts = [attachment(b"Rar!\x1a\x07\x01\0")] * 100
    report = screen_one(multipart(*parts, attachment(EICAR)))
    assert report["found"] == 101
    assert len(report["findings"]) == 64
    assert verdict(report) == "infected"
    assert "infected" in names(report)


def test_split_invariance_of_a_small_message(screen_one):
    inner = multipart(TEXT, attachment(zipped(("bad", BAD)), "a.zip"), boundary="b1")
    message = multipart(TEXT, b"Content-Type: message/rfc822\r\n\r\n" + inner, TEXT)
    screen_one(message, "--every-cut", fast=True)


def test_a_message_cut_at_each_octet_never_crashes(screen):
    part = b"\r\nbegin 644 a\r\n#0V%T\r\n`\r\nend\r\n"
    message = multipart(TEXT, part, attachment(zipped(("bad", BAD)), "a.zip"))
    assert len(screen([message], "--every-prefix")) == len(message) + 1


@pytest.mark.parametrize(
    "octets",
    [
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n-2\r=",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n \r\n  text\r\n--a\r\n\r\n-\r\n--a--",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\n\r\r\n--a \r\n--a--\r\n.",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--" + b"x" * 258 + b"\r\r x",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a" + b" " * 300 + b"\r x\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\na"
        + b" \t" * 90
        + b"\r\n"
        + b" " * 99,
        b"\r\n--\r\n\r",
        b"--a\r\nContent-Type: message/rfc822\r\n\r\n.\r\n.a: b\r\n",
    ],
    ids=repr,
)
def test_split_invariance_of_odd_messages(screen_one, octets):
    screen_one(octets, "--every-cut")
