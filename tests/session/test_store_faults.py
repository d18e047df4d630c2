"""The gate's data partition fails, while clients are served (FAULTS 52-59).

A fault at every single write, sync and read is in unit/store/, on a model of a disk; a power cut
too (60).
"""

import contextlib
import os
import time

import pytest
from bystander import LARGE, unnoticed
from disks import fill, tmpfs
from served import learn, leave, mail, mails, session, uidls
from talk import texts

BEFORE = ["freshness 0", "listing-age 0"]
COUNT = 10000
MESSAGES = [LARGE, mail(2), mail(3)]


def maildrop(box):
    """The folder of the one account."""
    (folder,) = [p for p in (box.stored / "maildrops").iterdir() if p.is_dir()]
    return folder


def bodies(box):
    return sorted(maildrop(box).glob("*.eml"), key=lambda p: p.stat().st_size)


def take_all(folder, way):
    """Leaves no octet, or no inode; the files that took them."""
    if way == "octets":
        return [fill(folder / "filler")]
    made = []
    with contextlib.suppress(OSError):
        while True:
            path = folder / f"filler-{len(made)}"
            path.touch()
            made.append(path)
    return made


def start_again(box):
    box.gate.signal(9)
    box.gate.stop()
    box.start_gate()


@pytest.mark.parametrize("way", ["octets", "inodes"])
def test_no_room(accelerated, way):
    """What is stored is served, deletions are kept; new mail waits at the origin, and comes."""
    disk = tmpfs("size=14m,nr_inodes=60")
    box, server = accelerated(MESSAGES, BEFORE, ["set spool maximum 8"], disk=disk)
    learn(box)
    with unnoticed(box):
        fillers = take_all(box.stored, way)
        server.add(mail(4, 1000))
        with session(box) as talk:
            assert len(uidls(talk)) >= 3
            assert texts(talk.fetch(b"RETR 2")[1]) == mail(2)
            if len(uidls(talk)) == 4:
                assert talk.ask(b"RETR 4").startswith(b"-ERR [SYS/TEMP]")
            assert talk.ask(b"DELE 3").startswith(b"+OK")
            leave(talk)
        assert b"uid-3" not in server.drop and b"uid-4" in server.drop
    start_again(box)
    with session(box) as talk:
        assert b"uid-3" not in uidls(talk) and texts(talk.fetch(b"RETR 2")[1]) == mail(2)
        leave(talk)
    for path in fillers:
        path.unlink()
    with session(box) as talk:
        assert uidls(talk) == [b"uid-1", b"uid-2", b"uid-4"]
        assert texts(talk.fetch(b"RETR 3")[1]) == mail(4, 1000)
        leave(talk)


@pytest.mark.parametrize("way", ["octets", "inodes"])
def test_no_room_for_mail_in_passage(accelerated, way):
    """Refused, and not deleted; as soon as there is room it comes."""
    disk = tmpfs("size=14m,nr_inodes=60")
    box, server = accelerated(MESSAGES, None, ["set spool maximum 8"], screens=True, disk=disk)
    with unnoticed(box, "message.refused"), session(box) as talk:
        fillers = take_all(box.stored, way)
        assert talk.ask(b"RETR 2").startswith(b"-ERR [SYS/TEMP]")
        assert talk.ask(b"DELE 2").startswith(b"-ERR")
        for path in fillers:
            path.unlink()
        assert texts(talk.fetch(b"RETR 2")[1]) == mail(2)
        assert talk.ask(b"DELE 2").startswith(b"+OK")
        leave(talk)
    assert list(server.drop) == [b"uid-1", b"uid-3"]


@pytest.mark.parametrize("origin", ["there", "away"])
def test_a_bit_of_a_stored_message_flipped(accelerated, origin):
    """-ERR, or fetched again, never wrong octets; each is checked once after a start."""
    box, server = accelerated(MESSAGES, ["listing-age 3600"])
    learn(box)
    start_again(box)
    with unnoticed(box):
        path = bodies(box)[0]
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 4
        path.write_bytes(data)
        number = 2 if data[17:18] == b"2" else 3
        if origin == "away":
            server.stop()
        fetched = len(server.fetched)
        with session(box) as talk:
            line, body = talk.fetch(b"RETR %d" % number)
            if origin == "away":
                assert line.startswith(b"-ERR [SYS/TEMP]")
            else:
                assert texts(body) == mail(number) and len(server.fetched) == fetched + 1
            assert texts(talk.fetch(b"RETR %d" % (5 - number))[1]) == mail(5 - number)
            leave(talk)
    if origin == "away":
        server.start()
        with session(box) as talk:
            assert texts(talk.fetch(b"RETR %d" % number)[1]) == mail(number)
            leave(talk)


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


DAMAGES = {
    "first bit": lambda data: flipped(data, 0),
    "inner bit": lambda data: flipped(data, len(data) // 3),
    "cut": lambda data: data[:-7],
    "empty": lambda data: b"",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_index_that_is_damaged(accelerated, damage):
    """No message is lost, doubled or wrong."""
    box, server = accelerated(mails(5), BEFORE)
    learn(box)
    box.gate.signal(9)
    box.gate.stop()
    journal = maildrop(box) / "journal"
    journal.write_bytes(DAMAGES[damage](journal.read_bytes()))
    box.start_gate()
    for _ in range(2):
        with session(box) as talk:
            listed = uidls(talk)  # what is listed anew is the newest
            assert sorted(listed) == list(server.drop)
            for number, uidl in enumerate(listed, 1):
                assert texts(talk.fetch(b"RETR %d" % number)[1]) == server.drop[uidl]
            leave(talk)
    assert len(server.drop) == 5


@pytest.mark.parametrize("thing", ["link", "pipe", "folder"])
def test_something_planted_in_the_place_of_a_message(accelerated, thing):
    box, server = accelerated(MESSAGES, ["listing-age 3600"])
    learn(box)
    secret = box.folder / "secret"
    secret.write_bytes(mail(9))
    with unnoticed(box):
        for path in bodies(box)[:2]:
            path.unlink()
            plant(path, thing, secret)
        with session(box) as talk:
            for n in (2, 3):
                line, body = talk.fetch(b"RETR %d" % n)
                assert body is None and line.startswith(b"-ERR") or texts(body) == mail(n)
            leave(talk)
    assert secret.read_bytes() == mail(9) and len(server.drop) == 3


def plant(path, thing, target):
    if thing == "link":
        path.symlink_to(target)
    elif thing == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()


def test_ten_thousand_messages_beside_others(accelerated, figures):
    """In bounded memory and time, while somebody else is served."""
    box, server = accelerated([LARGE, *[b"\r\n"] * (COUNT - 1)], ["listing-age 3600"])
    leave(session(box))
    box.until(lambda: "collect.ready" in box.log(), "the first complete listing")
    with session(box) as talk:
        assert texts(talk.fetch(b"RETR 1")[1]) == LARGE
        leave(talk)
    some = range(COUNT - 50, COUNT + 1)
    with unnoticed(box), session(box) as large, session(box) as other:
        took = [seconds_of(other, n) for n in some]  # stored from now on
        began = time.monotonic()
        large.send(b"UIDL\r\nLIST\r\nSTAT\r\n" * 3)
        took = [seconds_of(other, n) for n in some]
        for _ in range(3):
            for rows in (COUNT, COUNT):
                assert large.line().startswith(b"+OK")
                assert large.body().count(b"\r\n") == rows
            assert large.line() == b"+OK %d %d" % (COUNT, 2 * (COUNT - 1) + len(LARGE))
        leave(large)
        leave(other)
        seconds = time.monotonic() - began
        figures.append(
            f"{COUNT} messages listed three times: {seconds:.2f} s, others {max(took):.3f} s"
        )
        assert max(took) < seconds and len(server.drop) == COUNT


def seconds_of(talk, number):
    asked = time.monotonic()
    assert texts(talk.fetch(b"RETR %d" % number)[1]) == b"\r\n"
    return time.monotonic() - asked
