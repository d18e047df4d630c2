"""The collector and what origins do against the protocol, or at its edge."""

import pytest
from collecting import MESSAGES, UIDLS, Refused, stored
from origins import CLOSE, stuffed


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({b"UIDL": b"-ERR unknown\r\n"}, "does not answer UIDL"),
        ({b"UIDL": b"+OK\r\n1 a\r\n2 a\r\n3 c\r\n.\r\n"}, ""),
        ({b"UIDL": b"+OK\r\n1 a\r\n2 \r\n3 c\r\n.\r\n"}, ""),
        ({b"UIDL": b"+OK\r\n1 a\r\n2\r\n3 c\r\n.\r\n"}, ""),
        ({b"UIDL": b"+OK\r\n1 a\r\n2 b\xe4\r\n3 c\r\n.\r\n"}, ""),
        ({b"UIDL": b"+OK\r\n1 a\r\n2 " + b"b" * 71 + b"\r\n3 c\r\n.\r\n"}, ""),
        ({b"UIDL": b"+OK\r\n1 a\r\nx b\r\n3 c\r\n.\r\n"}, "no message number"),
        ({b"UIDL": b"+OK\r\n1 a\r\n2 b\r\n.\r\n"}, "do not name the same messages"),
        ({b"LIST": b"+OK\r\n1 9\r\n2 9\r\n.\r\n"}, "do not name the same messages"),
    ],
    ids=[
        "none",
        "duplicate",
        "blank",
        "missing",
        "8-bit",
        "long",
        "no-number",
        "fewer",
        "list-fewer",
    ],
)
def test_listings_that_cannot_be_relied_on(collecting, answers, why):
    stand, origin = collecting(answers=answers)
    stand.poll()
    shown = stand.show()
    assert shown["state"] == "passing" and why in shown["why"] and shown["why"]
    assert origin.count(b"TOP") == 0 and stand.mail() == []
    assert stand.hours(5) == [] and origin.count(b"PASS") == 1


@pytest.mark.parametrize(
    "answers",
    [
        {b"CAPA": b"-ERR what?\r\n"},
        {
            b"UIDL": b"+OK 77 messages\r\n1 uid-1\r\n2 uid-2  \r\n3\tuid-3\r\n.\r\n".replace(
                b"\t", b" "
            )
        },
        {b"LIST": b"+OK\r\n1 21 more words\r\n2 26\r\n3 5020\r\n.\r\n"},
        {b"TOP": lambda c, w: c.sendall(b"+OK\n" + stuffed(MESSAGES[int(w[1]) - 1]) + b".\r\n")},
    ],
    ids=["no CAPA", "blanks", "more words", "LF after +OK"],
)
def test_oddities_that_must_work(collecting, answers):
    stand, _ = collecting(answers=answers)
    stand.poll()
    assert list(stand.bodies()) == UIDLS and None not in stand.bodies().values()


@pytest.mark.parametrize("answer", [b"+OK\r\n.\r\n", b"-ERR no messages\r\n"])
def test_an_empty_maildrop(collecting, answer):
    stand, _ = collecting([], answers={b"UIDL": answer, b"LIST": answer})
    stand.poll()
    assert stand.show()["state"] == "ready" and stand.mail() == []


@pytest.mark.parametrize("size", [b"0", b"-5", b"9223372036854775808", b"22", b"x", b""])
def test_sizes_that_lie(collecting, size):
    """TOP proves nothing then: only a client's own RETR fetches such a message."""
    rows = b"+OK\r\n1 " + size + b"\r\n2 26\r\n3 5020\r\n.\r\n"
    stand, origin = collecting(answers={b"LIST": rows})
    stand.poll()
    stand.poll()
    assert origin.count(b"RETR") == 0 and origin.count(b"TOP 1 ") == 1
    assert [k for k, body in stand.bodies().items() if body is None] == ["uid-1"]
    assert "only a part" in stand.show()["error"] or stand.show()["error"] == ""
    stand.enter()
    stand.fetch("uid-1")
    stand.leave()
    assert stand.bodies() == stored(MESSAGES)
    assert stand.mail()[0][1] == len(MESSAGES[0]) and origin.count(b"RETR") == 1


@pytest.mark.parametrize(
    "top",
    [
        b"+OK\r\nSubject: one\r\n.\r\n",
        b"+OK\r\n+OK\r\n" + MESSAGES[0] + b".\r\n",
        b"-ERR unknown command\r\n",
    ],
    ids=["cut", "double", "none"],
)
def test_top_that_gives_not_all(collecting, top):
    stand, origin = collecting(answers={(b"TOP", 1): top})
    stand.poll()
    assert (
        stand.bodies()["uid-1"] is None and stand.bodies()["uid-2"] and origin.count(b"RETR") == 0
    )
    stand.enter()
    with pytest.raises(Refused) as refused:
        stand.fetch("uid-1", False)
    assert refused.value.line.startswith("-ERR [SYS/TEMP]")
    stand.fetch("uid-1")
    stand.leave()
    assert stand.bodies()["uid-1"] == stuffed(MESSAGES[0])


def test_one_message_that_is_refused_does_not_stop_the_rest(collecting):
    stand, origin = collecting(answers={(b"TOP", 2): b"-ERR [SYS/TEMP] damaged\r\n"})
    stand.poll()
    assert [k for k, body in stand.bodies().items() if body is None] == ["uid-2"]
    origin.answers.clear()
    stand.poll()
    assert stand.bodies() == stored(MESSAGES)


@pytest.mark.parametrize("keyword", [b"UIDL", b"LIST", b"CAPA"])
def test_listings_that_never_end(collecting, keyword):
    def endless(connection, words):
        connection.sendall(b"+OK\r\n")
        n = 0
        while True:
            rows = [b"%d %d\r\n" % (i, i) for i in range(n + 1, n + 20001)]
            connection.sendall(b"".join(rows))
            n += 20000

    stand, _ = collecting(answers={keyword: endless})
    stand.poll()
    shown = stand.show()
    assert shown["state"] != "ready" and shown["error"] and stand.mail() == []


def test_ten_thousand_messages_are_no_list_in_memory(collecting):
    count = 10000
    uidls = b"".join(b"%d %032x\r\n" % (n, n) for n in range(1, count + 1))
    sizes = b"".join(b"%d %d\r\n" % (n, 1000 + n) for n in range(1, count + 1))
    answers = {b"UIDL": b"+OK\r\n" + uidls + b".\r\n", b"LIST": b"+OK\r\n" + sizes + b".\r\n"}
    stand, _ = collecting(answers=answers)
    stand.enter()
    ms, longest, octets, listed = stand.weigh()
    print(f"{count} messages: {ms} ms, others waited {longest} ms at most, {octets} octets stay")
    assert listed == count and octets < 1.2 * 1048576
    again = stand.weigh()
    assert again[2] < 100000 and again[3] == count


def test_a_body_that_breaks_off_is_fetched_again(collecting):
    def broken(connection, words):
        connection.sendall(b"+OK\r\nSubject: x\r\n\r\nhalf a li")
        return CLOSE

    stand, origin = collecting(answers={(b"TOP", 2): broken})
    stand.poll()
    assert [k for k, body in stand.bodies().items() if body] == ["uid-3"]
    assert "closed the connection" in stand.show()["error"]
    origin.answers.clear()
    stand.poll()
    assert stand.bodies() == stored(MESSAGES) and stand.show()["spool"] == [0, 0]


def test_a_message_that_never_ends_is_larger_than_the_spool(collecting):
    def endless(connection, words):
        connection.sendall(b"+OK\r\nSubject: x\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536 + b"\r\n")

    stand, _ = collecting(settings=["set spool maximum 8"], answers={(b"TOP", 3): endless})
    stand.poll()
    assert "larger than the mail gateway can hold" in stand.show()["error"]
    assert stand.show()["spool"] == [0, 0]


def test_a_message_larger_than_the_spool_stays_listed(collecting):
    large = b"Subject: large\r\n\r\n" + b"x" * 70 * 1 + (b"y" * 998 + b"\r\n") * 9000
    stand, origin = collecting([MESSAGES[0], large], settings=["set spool maximum 8"])
    stand.poll()
    stand.poll()
    assert [k for k, body in stand.bodies().items() if body is None] == ["uid-2"]
    assert origin.count(b"TOP 2 ") == 1
    stand.enter()
    with pytest.raises(Refused) as refused:
        stand.fetch("uid-2")
    assert refused.value.line.startswith("-ERR [SYS/PERM]")


def test_a_full_disk_stops_spiders_first(collecting):
    """Nothing new is fetched, what was deleted is still deleted at the origin."""
    stand, origin = collecting()
    stand.poll()
    stand.delete("uid-1")
    origin.add(b"uid-4", b"Subject: four\r\n\r\nx\r\n")
    stand.set_free(3 << 20)
    stand.poll()
    shown = stand.show()
    assert origin.count(b"TOP") == 3 and origin.uidls == [b"uid-2", b"uid-3", b"uid-4"]
    assert "no room" in shown["error"] and "store" in shown["alarms"] and shown["state"] == "ready"
    stand.set_free(1 << 30)
    stand.poll()
    assert stand.bodies()["uid-4"] and stand.show()["error"] == ""
