"""A newer signature set judges again what is stored and what is held."""

import base64
import hashlib
import re

import mails
import pytest
from boxes import compile_signatures
from served import leave, session, sizes, uidls
from talk import texts

PLANTED = b"a program that nobody knew to be bad " * 3
ENCODED = base64.b64encode(PLANTED)[:40]


def carrying(subject):
    mail = mails.plain(subject)
    mail.add_attachment(PLANTED, maintype="application", subtype="octet-stream", filename="x.exe")
    return bytes(mail)


def crlf(message):
    return message.replace(b"\n", b"\r\n")


@pytest.fixture(scope="session")
def newer(tmp_path_factory):
    """A set that also knows the planted attachment."""
    folder = tmp_path_factory.mktemp("newer")
    source = folder / "planted.hsb"
    digest = hashlib.sha256(PLANTED).hexdigest()
    source.write_text(f"{digest}:{len(PLANTED)}:Planted.Late\n")
    compile_signatures(folder / "newer.sig", source, name="newer")
    return folder / "newer.sig"


@pytest.fixture(scope="session")
def harmless(tmp_path_factory):
    """A set that does not know the planted attachment any more, as after a false alarm."""
    folder = tmp_path_factory.mktemp("harmless")
    compile_signatures(folder / "harmless.sig", name="harmless")
    return folder / "harmless.sig"


def learn(box):
    leave(session(box))
    box.until(lambda: "collect.poll" in box.log(), "the end of the first poll")


def events(box, name):
    return [line for line in box.log().split("\n") if name in line]


def quarantine(box):
    return box.console("show quarantine")[1][1:]


SELF_TEST = 16  # workers of one self-test
MAILS = [carrying("one"), mails.clean("two"), carrying("three")]
ORIGIN = [b"uid-1", b"uid-2", b"uid-3"]


@pytest.fixture
def late(accelerated, newer):
    """late(group=[…]) -> (box, server): message 1 was delivered, then the newer set came."""

    def start(group=()):
        box, server = accelerated(
            [crlf(m) for m in MAILS], group=["listing-age 0", *group], screens=True
        )
        learn(box)
        with session(box) as talk:
            assert ENCODED in b"".join(talk.fetch(b"RETR 1")[1].split())
            leave(talk)
        box.use_signatures(newer)
        box.until(lambda: len(events(box, "message.late")) == 2, "the messages found late")
        return box, server

    return start


def test_what_is_found_late_is_replaced_and_who_has_it_is_told(late):
    box, server = late()
    with session(box) as talk:
        shown = uidls(talk)
        assert shown[:3] == ORIGIN == list(server.drop)  # a laptop outside knows them all
        assert len(shown) == 4 and shown[3].startswith(b"restante-late-")
        for n in (1, 3):
            line, body = talk.fetch(b"RETR %d" % n)
            assert ENCODED not in b"".join(body.split()) and b"quarantine entry" in body
            assert b"Planted.Late" in body and b"newer" in body
            assert line == b"+OK %d octets" % len(texts(body)) and sizes(talk)[n - 1] == len(
                texts(body)
            )
        assert talk.fetch(b"RETR 2")[1] == mails.wire(MAILS[1])
        line, notice = talk.fetch(b"RETR 4")
        for words in (b"Subject:   one", b"Planted.Late", b"Delete your copy", b"x.exe"):
            assert words in notice, words
        assert line == b"+OK %d octets" % len(texts(notice)) and b"three" not in notice
        assert talk.ask(b"DELE 4").startswith(b"+OK")
        leave(talk)
    held = quarantine(box)
    assert len(held) == 2 and all("fred @ isp" in row and "newer" in row for row in held)
    # A restart finds nothing more to do, and the notice that was deleted stays so.
    box.gate.stop()
    box.start_gate()
    box.use_signatures(box._signatures)
    with session(box) as talk:
        assert uidls(talk) == ORIGIN
        leave(talk)
    assert len(quarantine(box)) == 2 and not events(box, "message.late")
    assert not [line for line in server.said if line == b"DELE"]


def test_an_original_found_late_is_released_as_ever(late):
    box, _ = late()
    id = next(row.split()[0] for row in quarantine(box) if "one" in row)
    answer = box.console(f"quarantine release {id}")[0]
    uidl = re.search(r"as (restante-\S+)", answer)[1]
    box.gate.stop()
    box.start_gate()
    with session(box) as talk:
        at = uidls(talk).index(uidl.encode()) + 1
        assert talk.fetch(b"RETR %d" % at)[1] == mails.wire(MAILS[0])
        assert talk.ask(b"DELE %d" % at).startswith(b"+OK")
        leave(talk)
    page = "\n".join(box.console(f"quarantine show {id}")[1])
    assert f"by admin as {uidl}" in page and "delivered" in page
    assert uidl in "\n".join(box.console("quarantine history")[1])


def test_quarantine_policy_holds_for_what_is_found_late(late):
    box, server = late(["quarantine-origin delete", "interval 60"])
    with session(box) as talk:
        assert uidls(talk)[:3] == ORIGIN
        leave(talk)
    with session(box) as talk:
        talk.ask(b"DELE 2")
        leave(talk)
    box.until(lambda: not server.drop, "the deletions at the origin")
    with session(box) as talk:
        assert uidls(talk)[:2] == [b"uid-1", b"uid-3"]


def test_with_a_full_quarantine_the_bad_is_withheld_and_nothing_is_lost(accelerated, newer):
    big = mails.plain("big")
    big.add_attachment(b"x" * 6500000, maintype="application", subtype="x", filename="big.bin")
    big.add_attachment(PLANTED, maintype="application", subtype="octet-stream", filename="x.exe")
    box, server = accelerated(
        [crlf(bytes(big)), crlf(MAILS[0])],
        group=["listing-age 0"],
        settings=["set quarantine maximum 8"],
        screens=True,
    )
    learn(box)
    box.use_signatures(newer)
    box.until(lambda: events(box, "upkeep.failed"), "the quarantine to be full")
    with session(box) as talk:
        assert uidls(talk)[:2] == [b"uid-1", b"uid-2"]
        line, _ = talk.fetch(b"RETR 1")
        assert line.startswith(b"-ERR [SYS/TEMP]")
        assert b"quarantine entry" in talk.fetch(b"RETR 2")[1]
        leave(talk)
    assert "quarantine is full" in "\n".join(box.console("show alarms")[1])
    assert list(server.drop) == [b"uid-1", b"uid-2"]


def test_what_is_held_is_shown_as_clean_now_and_stays_held(scripted, newer, harmless):
    box, _ = scripted([crlf(carrying("one"))], screens=True)
    box.use_signatures(newer)
    with session(box) as talk:
        assert b"quarantine entry" in talk.fetch(b"RETR 1")[1]
        leave(talk)
    (row,) = quarantine(box)
    assert row.split()[2:4] == ["held", "infected"]
    box.use_signatures(harmless)
    box.until(lambda: "held, now clean" in quarantine(box)[0], "the new judgement")
    for _ in range(2):
        page = "\n".join(box.console("quarantine show 1")[1])
        assert "clean, says harmless" in page and "newer" in page
        box.gate.stop()
        box.start_gate()
    with session(box) as talk:
        assert len(uidls(talk)) == 1
        leave(talk)


def test_it_goes_on_after_a_restart_and_does_not_begin_again(accelerated, newer):
    count = 80
    box, _ = accelerated([crlf(mails.clean(str(n))) for n in range(count)], screens=True)
    learn(box)
    box.use_signatures(newer)
    started = []

    def workers():
        found = re.search(r"(\d+) workers", "\n".join(box.console("show status")[1]))
        started.append(int(found[1]))
        return started[-1]

    box.until(lambda: workers() >= SELF_TEST + 40, "half of the work")
    box.gate.stop()
    box.start_gate()
    tests = 2 * SELF_TEST  # one for the newer set, one for the start
    box.until(lambda: workers() >= tests + count, "the rest of the work")
    # 32 between two records, and one on its way when it stopped.
    steady = []
    box.until(lambda: steady.append(workers()) or steady[-3:] == [steady[-1]] * 3, "quiet")
    assert tests + count <= workers() <= tests + count + 33
