"""Index, schedule and memory of the polls, and the HTTP client: Also on MicroPython.

FAULTS 62, 66, 67, 93 as far as pure code decides them.
"""

from restante.errors import ProtocolError
from restante.settings.kinds import Url, url_parts
from restante.update import http, index, polling, state, trust
from restante.update.fault import BundleError

VECTORS = __file__.rsplit("/", 2)[0] + "/vectors/bundles/"


def sha(n):
    return bytes([n]) * 32


def entry(file, kind="signatures", serial=1, base=None, content=None, octets=1000, **other):
    given = {"hardware": "any", "channel": "stable", "epoch": 1, "sha256": None}
    given.update(other)
    return index.Entry(
        file,
        kind,
        given["hardware"],
        given["channel"],
        given["epoch"],
        serial,
        base,
        content or sha(serial),
        octets,
        given["sha256"] or sha(100 + serial),
    )


def delta(file, base, serial, octets=100, **other):
    return entry(file, "signatures-delta", serial, sha(base), octets=octets, **other)


def here(installed=None, epoch=1, newest=1, refused=(), channel="stable"):
    have = trust.Installed(1, installed, sha(installed)) if installed else None
    return index.Here("virt", channel, epoch, newest, have, refused)


def chosen(entries, *arguments, **parts):
    found = index.choose(entries, here(*arguments, **parts))
    return found.file if found else None


def refused(call, *arguments):
    try:
        call(*arguments)
    except (BundleError, ProtocolError, ValueError):
        return True
    return False


# -- the index


def vector(name):
    with open(VECTORS + name, "rb") as file:
        return file.read()


def test_the_vector():
    data = vector("index")
    entries = index.parse(data)
    assert index.write(entries) == data
    assert [each.file for each in entries] == sorted([each.file for each in entries])
    by_kind = {each.kind: each for each in entries}
    assert by_kind["signatures-delta"].base == trust_of("base")
    assert by_kind["signatures-delta"].content == trust_of("result")
    for each in entries:
        octets = vector(each.file)
        assert (len(octets), hash_of(octets)) == (each.octets, each.sha256)


def hash_of(data):
    import hashlib

    return hashlib.sha256(data).digest()


def trust_of(name):
    return hash_of(vector(name))


def test_an_index_has_one_spelling():
    data = index.write([entry("b"), delta("a.rstb", 1, 2), entry("keys-2", "keys", epoch=2)])
    assert [each.file for each in index.parse(data)] == ["a.rstb", "b", "keys-2"]
    rows = data.decode().split("\n")[:-1]
    for n in range(len(rows)):
        without = rows[:n] + rows[n + 1 :]
        twice = rows[: n + 1] + rows[n:]
        for some in (without, twice, rows[:n] + ["more=1"] + rows[n:]):
            octets = "".join([row + "\n" for row in some]).encode()
            assert refused(index.parse, octets), (n, octets)
    for n in range(0, len(data), 5):  # cut anywhere but between two bundles
        if data[:n].count(b"\n") not in (1, 11, 20):
            assert refused(index.parse, data[:n]) or not data[:n].endswith(b"\n"), n
    assert index.parse(b"restante-index=1\n") == []
    for old, new in (
        ("file=b", "file=../b"),
        ("file=b", "file=.b"),
        ("file=b", "file=b/c"),
        ("file=b", "file=http://x"),
        ("file=b", "file=" + "b" * 65),
        ("file=b", "file=z"),
        ("serial=1", "serial=0"),
        ("serial=1", "serial=01"),
        ("octets=1000", "octets=0"),
        ("octets=1000", "octets=4294967296"),
        ("kind=keys", "kind=mail"),
        ("index=1", "index=2"),
        ("channel=stable", "channel=Stable"),
    ):
        assert refused(index.parse, data.decode().replace(old, new, 1).encode()), new


def test_an_index_is_bounded():
    many = [entry("f%03d" % n) for n in range(index.ENTRIES)]
    assert len(index.parse(index.write(many))) == index.ENTRIES
    assert refused(index.write, many + [entry("more")])
    assert refused(index.parse, b"restante-index=1\n" + b"x" * index.INDEX_OCTETS)
    longest = [
        delta("f%063d" % n, 1, 2, channel="c" * 32, hardware="h" * 32)
        for n in range(index.ENTRIES)
    ]
    assert len(index.write(longest)) <= index.INDEX_OCTETS


def test_the_next_keys_come_first():
    entries = [
        entry("k2", "keys", epoch=2, channel="other"),
        entry("k3", "keys", epoch=3),
        entry("s5", serial=5),
        entry("s1", serial=1, epoch=3),
    ]
    assert chosen(entries, 4) == "k2"
    assert chosen(entries, 4, epoch=2, newest=2) == "k3"
    assert chosen(entries, 4, epoch=3, newest=3) == "s1"
    assert chosen(entries, 4, epoch=4, newest=4) is None
    assert chosen(entries, 4, epoch=1, newest=3) == "k2"  # its keys were damaged
    assert chosen(entries[1:], 4, epoch=1, newest=3) is None
    assert chosen(entries, 4, refused=[entries[0].sha256]) == "s5"


def test_only_what_is_newer_and_fits():
    s7 = entry("s7", serial=7)
    assert chosen([s7]) == "s7" and chosen([s7], 6) == "s7"
    assert chosen([s7], 7) is None and chosen([s7], 8) is None
    assert chosen([s7], 6, refused=[s7.content]) is None
    assert chosen([s7], 6, refused=[s7.sha256]) is None
    assert chosen([s7], 6, channel="test") is None
    assert chosen([entry("x", serial=7, hardware="other")], 6) is None
    assert chosen([entry("x", serial=7, hardware="virt")], 6) == "x"
    assert chosen([s7, entry("s8", serial=8)], 6) == "s8"
    assert chosen([entry("f", "firmware", 9, hardware="virt")], 6) is None
    assert chosen([]) is None


def test_a_delta_if_it_leads_to_the_newest_with_fewer_octets():
    s9 = entry("s9", serial=9, octets=1000)
    assert chosen([s9, delta("d", 8, 9)], 8) == "d"
    assert chosen([s9, delta("d", 8, 9)], 7) == "s9"  # not for this set
    assert chosen([s9, delta("d", 8, 9)]) == "s9"  # the factory's set has no delta
    assert chosen([s9, delta("d", 8, 9, 1000)], 8) == "s9"
    assert chosen([delta("d", 8, 9)], 8) == "d" and chosen([delta("d", 8, 9)], 7) is None
    assert chosen([s9, delta("a", 7, 8), delta("b", 8, 9)], 7) == "a"
    assert chosen([s9, delta("a", 7, 8, 500), delta("b", 8, 9, 500)], 7) == "s9"
    assert chosen([s9, delta("a", 7, 8), delta("b", 7, 9)], 7) == "b"
    assert chosen([s9, delta("a", 7, 8)], 7) == "s9"  # leads half of the way
    assert chosen([s9, delta("a", 7, 10)], 7) == "a"  # leads further
    assert chosen([s9, delta("d", 8, 9)], 8, refused=[sha(109)]) is None
    ring = [delta("a", 7, 8), entry("x", "signatures-delta", 8, sha(8), content=sha(7))]
    assert chosen(ring, 7) == "a"
    steps = [delta("d%02d" % n, n, n + 1, 1) for n in range(1, 60)]
    assert chosen(steps + [entry("s60", serial=60)], 1) == "s60"  # too many steps
    assert chosen(steps, 1) == "d01"


# -- addresses


def test_urls():
    assert url_parts("http://a.example/x/") == ("http", "a.example", 80, "/x/")
    assert url_parts("HTTP://A.Example:8080") == ("http", "a.example", 8080, "/")
    assert url_parts("https://1.2.3.4/?a=b") == ("https", "1.2.3.4", 443, "/?a=b")
    for text in (
        "",
        "http://",
        "http:///x",
        "ftp://a/",
        "a/",
        "http://a b/",
        "http://a:0/",
        "http://a:65536/",
        "http://a:/",
        "http://u@a/",
        "http://[::1]/",
        "http://1.2.3/",
        "http://1.2.3.256/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://-a/",
        "http://a/#x",
        "http://a/\r\nx",
        "http://a/\xe9",
    ):
        assert refused(url_parts, text), text
    url = Url()
    for text in ("http://a.example:81/b/c/", "https://a/", "https://192.0.2.1:8443/b/"):
        assert url.read(text) == text
    for text in (
        "",
        "http://a",
        "https://a",
        "https:///",
        "ftp://a/",
        "http://a/b",
        "http://a/?/",
        "http://a/" + "b" * 150 + "/",
    ):
        assert refused(url.read, text), text


def test_redirects():
    at = "http://a.example:81/b/c/index"
    for location, to in (
        ("http://b.example/x", "http://b.example/x"),
        ("https://b.example/x", "https://b.example/x"),
        ("/x?y", "http://a.example:81/x?y"),
        ("x", "http://a.example:81/b/c/x"),
        ("//b.example/x", "http://b.example/x"),
        ("/x#part", "http://a.example:81/x"),
    ):
        assert http.redirected(at, location) == to, location
    for location in ("", "ftp://a/", "http://", "http://a b/", "javascript:x y", "/" + "x" * 512):
        assert refused(http.redirected, at, location), location
    assert refused(http.redirected, "https://a/", "http://a/")


# -- the answer


def answered(data, cut=10**9, limit=100, start=0, room=64):
    """(status, content, response) of an answer that comes in pieces."""
    response = http.Response(limit, start, bytearray(room))
    content = b""
    at = 0
    seen = []
    while True:
        event = response.next_event()
        if event == http.END:
            assert seen[0] == http.HEAD and seen.count(http.HEAD) == 1
            return response.status, content, response
        seen.append(event) if event != http.NEED_DATA else None
        if event == http.DATA:
            content += bytes(response.data)
        elif event == http.NEED_DATA:
            piece = data[at : at + min(cut, room)]
            response.room()[: len(piece)] = piece
            at += len(piece)
            response.filled(len(piece))


def is_refused(data, **parts):
    whole = outcome(data, 10**9, **parts)
    for cut in (1, 2, 3, 7):
        assert outcome(data, cut, **parts) == whole, (cut, data)
    return whole == "refused"


def outcome(data, cut, **parts):
    try:
        return answered(data, cut, **parts)[:2]
    except ProtocolError:
        return "refused"


def head(*rows, status="200 OK"):
    return "".join([row + "\r\n" for row in ("HTTP/1.1 " + status,) + rows + ("",)]).encode()


SIMPLE = head("Content-Length: 5", 'ETag: "a-1"') + b"hello"
CHUNKED = head("transfer-encoding: Chunked") + b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nA: b\r\n\r\n"


def test_good_answers_however_they_are_cut():
    for data in (
        SIMPLE,
        CHUNKED,
        SIMPLE.replace(b"HTTP/1.1", b"HTTP/1.0"),
        SIMPLE.replace(b" OK", b""),
        head(status="100 Continue") + SIMPLE,
        head("X: y", status="103 Early Hints") * 2 + SIMPLE,
        SIMPLE + b"more that nobody reads",
        head("Content-Length: 5", "Content-Length: 5") + b"hello",
    ):
        for cut in (1, 2, 3, 7, 10**9):
            status, content, _ = answered(data, cut)
            assert (status, content) == (200, b"hello"), (cut, data)
    assert answered(SIMPLE)[2].etag == '"a-1"'
    assert answered(head("Content-Length: 0"))[:2] == (200, b"")
    assert answered(head("Content-Length: 9", 'ETag: "x"', status="304 Not Modified"))[:2] == (
        304,
        b"",
    )
    assert answered(head("Location: /x", status="302 Found"))[2].location == "/x"


def test_what_is_ambiguous_or_over_a_limit_is_refused():
    for data in (
        b"\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 2000\r\n\r\n",
        b"HTTP/1.1 099 x\r\n\r\n",
        b"HTTP/1.1 600 x\r\n\r\n",
        b"HTTP/1.1  200\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        head(),  # no length
        head("Content-Length: -1"),
        head("Content-Length: +5") + b"hello",
        head("Content-Length: 0x5") + b"hello",
        head("Content-Length: 5, 5") + b"hello",
        head("Content-Length: 5", "Content-Length: 6") + b"hello!",
        head("Content-Length: 101") + b"x" * 101,
        head("Content-Length: " + "9" * 30),
        head("Content-Length: 5", "Transfer-Encoding: chunked") + b"hello",
        head("Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
        head("Transfer-Encoding: chunked", "Transfer-Encoding: x") + b"0\r\n\r\n",
        head("Content-Length: 5", "Content-Encoding: gzip") + b"hello",
        head("Content-Length : 5") + b"hello",
        head("A: b", " Content-Length: 5") + b"hello",
        head("no colon"),
        head(": x"),
        head("A: b\0"),
        head("A: b\rc"),
        SIMPLE.replace(b"\r\n", b"\n"),
        SIMPLE[:-1],
        CHUNKED[:-1],
        CHUNKED.replace(b"3\r\n", b"4\r\n"),
        CHUNKED.replace(b"3\r\n", b"2\r\n"),
        CHUNKED.replace(b"3\r\n", b"\r\n"),
        CHUNKED.replace(b"3\r\n", b"g\r\n"),
        CHUNKED.replace(b"3\r\n", b"-3\r\n"),
        CHUNKED.replace(b"3\r\n", b"000000003\r\n"),
        head("Transfer-Encoding: chunked") + b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n",
        head("Transfer-Encoding: chunked") + b"1;" + b"x" * 300 + b"\r\nx\r\n0\r\n\r\n",
        head(status="100 Continue") * 5 + SIMPLE,
        head(status="101 Switching") + SIMPLE,
        head(*["A%d: b" % n for n in range(64)] + ["Content-Length: 0"]),
        head("A: " + "b" * 8192, "Content-Length: 0"),
        head("Content-Length: 5", "Content-Range: bytes 0-4/5", status="206 x") + b"hello",
    ):
        assert is_refused(data), data


def test_limits_of_a_head_are_exact():
    def padded(octets):
        base = head("Content-Length: 0", "A: ")
        return head("Content-Length: 0", "A: " + "b" * (octets - len(base)))

    assert not is_refused(padded(http.HEAD_OCTETS)) and is_refused(padded(http.HEAD_OCTETS + 1))
    fields = ["A: b"] * (http.FIELDS - 1)
    assert not is_refused(head(*fields + ["Content-Length: 0"]))
    assert is_refused(head(*fields + ["B: c", "Content-Length: 0"]))
    assert not is_refused(head("Content-Length: 100") + b"x" * 100)


def test_chunks_of_one_octet_are_not_for_ever():
    """FAULTS 66: more frame than content."""
    body = (b"1;" + b"y" * 100 + b"\r\nx\r\n") * 100 + b"0\r\n\r\n"
    assert is_refused(head("Transfer-Encoding: chunked") + body)
    body = b"1\r\nx\r\n" * 100 + b"0\r\n\r\n"
    assert not is_refused(head("Transfer-Encoding: chunked") + body)


def part(text, length=5, status="206 Partial Content"):
    return head("Content-Length: %d" % length, "Content-Range: " + text, status=status) + b"hello"


def test_the_part_that_was_asked_for_or_nothing():
    assert answered(part("bytes 10-14/15"), start=10)[:2] == (206, b"hello")
    for text in (
        "bytes 9-13/15",
        "bytes 10-14/16",
        "bytes 10-13/14",
        "bytes 10-14/*",
        "bytes 10-/15",
        "octets 10-14/15",
        "bytes */15",
        "",
        "bytes 10-14",
    ):
        assert is_refused(part(text), start=10), text
    assert is_refused(part("bytes 10-14/15", 4), start=10)
    assert is_refused(head("Content-Length: 5", status="206 x") + b"hello", start=10)
    assert answered(part("bytes */15", status="416 x")[:-5] + b"hello", start=10)[0] == 416


def test_etags():
    for text, etag in (
        ('"abc"', '"abc"'),
        ('W/"abc"', 'W/"abc"'),
        ('""', '""'),
        ("abc", ""),
        ('"a"b"', ""),
        ('"a b"', ""),
        ('"', ""),
        ('"' + "x" * 100 + '"', ""),
    ):
        assert answered(head("Content-Length: 0", "ETag: " + text))[2].etag == etag, text


def test_requests():
    octets = http.request("http://a.example:81/b/index", "restante/1", '"x"')
    assert octets.startswith(b"GET /b/index HTTP/1.1\r\nHost: a.example:81\r\n")
    assert b'\r\nIf-None-Match: "x"\r\n' in octets and octets.endswith(b"\r\n\r\n")
    octets = http.request("http://a.example/b", "restante/1", "", 7, '"x"')
    assert (
        b'\r\nRange: bytes=7-\r\nIf-Range: "x"\r\n' in octets and b"Host: a.example\r\n" in octets
    )
    assert b"Host: a.example\r\n" in http.request("https://a.example:443/b", "x")
    assert b"Host: a.example:80\r\n" in http.request("https://a.example:80/b", "x")
    assert b"Host: a.example:443\r\n" in http.request("http://a.example:443/b", "x")
    assert b"If-Range" not in http.request("http://a/b", "x", "", 7, 'W/"x"')


# -- the schedule


def plan(interval=3600, chance=0, up=0):
    made = polling.Plan(up, chance)
    made.takes(interval, "http://a/", up)
    return made


def test_the_first_poll_is_some_minutes_after_the_start():
    first = polling.FIRST_S
    assert plan().next == first and first >= 60
    assert plan(chance=999).next < first + polling.SPREAD_S
    made = plan()
    assert not made.due(first - 1) and made.due(first)
    assert not plan(0).due(10**9)


def test_after_a_poll():
    made = plan()
    made.ended(polling.GOOD, 1000, 0)
    assert made.next == 1000 + 3240
    made.ended(polling.GOOD, 1000, 999)
    assert 1000 + 3950 < made.next <= 1000 + 3960


def test_failures_double_up_to_a_cap_and_are_forgiven():
    made = plan()
    pauses = []
    for _ in range(12):
        made.ended(polling.FAILED, 0, 0)
        pauses.append(made.next)
    assert pauses[:4] == [120, 240, 480, 960] and pauses[-1] == polling.RETRY_MOST_S
    made.ended(polling.FAILED, 0, 999)
    assert polling.RETRY_MOST_S < made.next < polling.RETRY_MOST_S * 5 // 4
    assert made.times == 13
    made.ended(polling.WAITED, 0, 0)
    assert made.next == polling.WAIT_S and made.times == 13
    made.ended(polling.GOOD, 0, 0)
    made.ended(polling.REFUSED, 0, 0)
    assert made.next == 3600 and made.times == 1
    for _ in range(100):
        made.ended(polling.REFUSED, 0, 0)
    assert made.next == polling.REFUSED_MOST_S


def test_other_settings_count_soon():
    made = plan(86400)
    made.ended(polling.GOOD, 0, 500)
    made.takes(600, "http://a/", 100)
    assert made.next == 700
    made.takes(600, "http://b/", 100)
    assert made.next == 160
    made.takes(0, None, 100)
    assert not made.due(10**9)


# -- what is remembered


def memory():
    made = polling.Memory("http://a.example/b/")
    made.good = 1790000000
    made.etag = '"a-1"'
    made.about = bytes(range(16))
    made.part = sha(7)
    made.part_etag = 'W/"x"'
    return made


def test_the_memory_is_read_as_it_was_written():
    for made in (memory(), polling.Memory(), polling.Memory("http://a/")):
        data = made.write()
        found = polling.parse(data)
        assert found.write() == data and found.url == made.url and found.part == made.part
        assert (found.good, found.etag, found.part_etag) == (made.good, made.etag, made.part_etag)
    longest = polling.Memory("http://a/" + "b" * 141)
    longest.etag = longest.part_etag = '"' + "x" * 98 + '"'
    assert polling.parse(longest.write()).url == longest.url
    data = memory().write()
    for n in range(0, len(data), 7):
        assert refused(polling.parse, data[:n])
        assert refused(polling.parse, data[:n] + bytes((data[n] ^ 1,)) + data[n + 1 :])
    body = state.unsealed(data)
    assert refused(polling.parse, state.sealed(body.replace(b"part=", b"prat=")))
    assert refused(polling.parse, state.sealed(body.replace(b"07", b"0g")))


def test_silence():
    made = memory()
    assert made.silent(made.good + 3 * 86400, 5, 0) == 3
    assert made.silent(made.good - 5, 5, 0) == 0
    assert made.silent(None, 86400 * 4 + 5, 5) == 4
    made.good = 0
    assert made.silent(1790000000, 86400, 0) == 1
