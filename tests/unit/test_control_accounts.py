"""What the console says of accounts and of mail that was deleted.  Also on MicroPython."""

from control_box import Box, Thing, group
from restante import log
from restante.accounts import seen, state
from restante.control import retained
from restante.errors import ScreenUnavailable, StoreError


def test_deleted_mail_is_listed_and_restored():
    box = Box()
    ok, text, lines = box.ask(b"account deleted anna @ acme")
    assert ok and text == "2 deleted messages" and lines[0].split() == list(retained.HEAD)
    assert lines[1].split()[:5] == ["12", "1970-01-01T00:00:02Z", "100", "uid-2", "a2@example.org"]
    assert lines[2].split()[0] == "11" and "\x1b" not in lines[1] and "offer" in lines[1]
    drop = box.maildrops.drop
    assert drop.files == -box.maildrops.open_files == 2 and box.maildrops.open_drops == 0
    ok, text, _ = box.ask(b"account restore anna @ acme 11")
    assert ok and text.endswith("as uid-3") and drop.restored == 1
    level, event, fields = box.records[-2]
    assert (event, fields["ok"], fields["who"]) == ("account.restore", True, "admin")
    assert "11 of anna @ acme" in fields["id"] and "uid-3" in fields["what"]
    for number in (b"1", b"011", b"13", b"x"):
        ok, text, hint = box.ask(b"account restore anna @ acme " + number)
        assert not ok and number.decode() in text and hint[0].startswith("type: account deleted")
    assert not box.ask(b"account restore carl 11")[0] and not box.ask(b"account deleted carl")[0]
    assert box.maildrops.open_drops == 0


def test_deleted_mail_that_cannot_be_looked_into():
    box = Box()
    box.screen.error = ScreenUnavailable("no answer in 2 s")
    lines = box.ask(b"account deleted anna @ acme")[2]
    assert len(lines) == 4 and lines[3].endswith("are not known: no answer in 2 s")
    box.screen.error = None
    box.maildrops.drop.error = StoreError("input/output error")
    assert "CANNOT BE READ: input" in box.ask(b"account deleted anna @ acme")[2][1]
    box.maildrops.drop.retained = lambda: []
    box.accounts.known[0].group = Thing(name="acme", retention=0)
    ok, text, lines = box.ask(b"account deleted anna @ acme")
    assert ok and text.startswith("nothing") and "'retention' is 0 days" in lines[0]


def test_accounts_and_who_is_none():
    box = Box()
    box.accounts.known[0].enter(state.READY)
    box.accounts.known[0].polled = 1
    box.seen.note(b"carl\xff", ("192.0.2.9", 110), seen.APOP, 2)
    box.seen.note("", ("192.0.2.9", 110), seen.TUNNEL, 3)
    ok, text, lines = box.ask(b"show accounts")
    page = "\n".join(lines)
    assert ok and text == "2 accounts"
    for part in (
        "anna @ acme  ready     1970-01-01T00:00:01Z",
        "bert @ gone  no group  never",
        "group 'gone' is not set any more",
        "mail: 3 MiB of 1024 MiB",
        "carl%FF",
        "(not said)",
        "192.0.2.9:110",
        "cannot be replayed",
        "not screened",
    ):
        assert part in page, (part, page)
    assert page.index("(not said)") < page.index("carl%FF")


def test_accounts_say_that_nothing_is_learned():
    box = Box()
    box.accounts.known = []
    box.accounts.unusable = "the box has no device key"
    box.accounts.problems = ["journal, octet 7: an unreadable line"]
    lines = box.ask(b"show accounts")[2]
    assert lines[0] == "NOTHING IS LEARNED: the box has no device key"
    assert lines[1] == "PROBLEM: journal, octet 7: an unreadable line"


def test_one_account():
    box = Box()
    anna = box.accounts.known[0]
    anna.next_poll = 90
    anna.last_error = "no answer in 60 s"
    anna.alert = "ALERT: mailbox is nearly full"
    page = "\n".join(box.ask(b"show account anna @ acme")[2])
    for part in (
        anna.id,
        "learning",
        "its first listing is not complete yet",
        "192.0.2.1:110, USER",
        "REFUSED by the origin since",
        "last poll       never",
        "next poll       1970-01-01T00:01:30Z",
        "no answer in 60 s",
        "nearly full",
        "2 messages, 75 octets cached",
    ):
        assert part in page, (part, page)
    assert "planted" not in page and "sealed" not in page
    assert box.maildrops.open_drops == 0
    assert box.ask(b"show account " + anna.id.encode())[1] == "account anna @ acme"
    missing = (False, "no account 'anna'", ["type: show accounts"])
    assert box.ask(b"show account anna") == missing
    box.maildrops.error = StoreError("input/output error")
    assert "CANNOT BE READ: input/output error" in "\n".join(
        box.ask(b"show account bert @ gone")[2]
    )


def test_an_account_that_the_rule_does_not_want_says_so():
    box = Box()
    anna = box.accounts.known[0]
    anna.enter(state.READY)
    for rule, why in (
        ("learn", seen.LEARN_ONLY),
        ("none", seen.BY_RULE),
        ("listed", seen.BY_RULE),
    ):
        anna.group = group(rule)
        assert why in "\n".join(box.ask(b"show accounts")[2])
        assert why in "\n".join(box.ask(b"show account anna @ acme")[2])


def test_erasing_an_account_asks_first_and_leaves_a_record():
    box = Box()
    anna = box.accounts.known[0]
    ok, text, lines = box.ask(b"erase account anna @ acme")
    assert not ok and "anna @ acme" in text
    assert lines == ["if it is really meant, type: erase account %s yes" % anna.id]
    assert box.accounts.erased == [] and box.maildrops.erased == [] and box.collector.turns == []
    assert box.ask(b"erase account anna @ acme yes")[0]
    assert box.accounts.erased == [("anna @ acme", "admin")]
    assert box.maildrops.erased == [anna.id]
    assert box.collector.turns == ["anna @ acme", "over"]
    records = [r for r in box.records if r[1] == "account.erase"]
    assert records == [
        (log.INFO, "account.erase", {"ok": True, "id": "anna @ acme", "who": "admin"})
    ]
    assert not box.ask(b"erase account anna @ acme yes")[0]
