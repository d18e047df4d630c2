"""Mail that clients deleted, kept for a while and delivered again from the console."""

import re

import mails
from served import leave, session, uidls


def crlf(message):
    return message.replace(b"\n", b"\r\n")


def learn(box):
    leave(session(box))
    box.until(lambda: "collect.poll" in box.log(), "the end of the first poll")


def deleted(box):
    return box.console("account deleted fred @ isp")


def test_deleted_mail_is_brought_back(accelerated):
    messages = [mails.clean("offer of the week"), mails.clean("invoice 7")]
    box, server = accelerated(
        [crlf(m) for m in messages], group=["listing-age 0", "retention 3"], screens=True
    )
    learn(box)
    with session(box) as talk:
        talk.ask(b"DELE 1")
        leave(talk)
    box.until(lambda: b"uid-1" not in server.drop, "the deletion at the origin")
    first, rows = deleted(box)
    assert first == "+OK 1 deleted messages"
    assert "uid-1" in rows[1] and "sender@example.net" in rows[1] and "offer of the" in rows[1]
    number = rows[1].split()[0]
    box.gate.stop()  # all of it outlives a restart
    box.start_gate()
    answer = box.console(f"account restore fred @ isp {number}")[0]
    uidl = re.search(r"as (restante-restored-\S+)", answer)[1].encode()
    box.gate.stop()
    box.start_gate()
    assert deleted(box)[0] == "+OK nothing that was deleted is kept"
    with session(box) as talk:
        assert uidls(talk) == [b"uid-2", uidl]
        assert talk.fetch(b"RETR 2")[1] == mails.wire(messages[0])
        talk.ask(b"DELE 2")
        leave(talk)
    with session(box) as talk:
        assert uidls(talk) == [b"uid-2"]
        leave(talk)
    assert len(deleted(box)[1]) == 2  # deleted once more, kept once more


def test_a_restore_is_audited(accelerated):
    box, _ = accelerated([crlf(mails.clean())], group=["listing-age 0", "retention 3"])
    learn(box)
    assert box.console("account restore fred @ isp 1")[0].startswith("-ERR")
    with session(box) as talk:
        talk.ask(b"DELE 1")
        leave(talk)
    assert "not known" in deleted(box)[1][2]  # nothing is parsed without the screen process
    number = deleted(box)[1][1].split()[0]
    assert box.console(f"account restore fred @ isp {number}")[0].startswith("+OK")
    audits = [row for row in box.log().split("\n") if "account.restore" in row]
    assert "ok=False" in audits[0] and "ok=True" in audits[1]
    assert "fred @ isp" in audits[1] and "restante-restored-" in audits[1]
    assert "who=admin" in audits[1]


def test_without_retention_nothing_is_kept(accelerated):
    box, _ = accelerated([crlf(mails.clean())], group=["listing-age 0"])
    learn(box)
    with session(box) as talk:
        talk.ask(b"DELE 1")
        leave(talk)
    first, rows = deleted(box)
    assert first == "+OK nothing that was deleted is kept" and "0 days" in rows[0]
    assert not list((box.data / "maildrops").rglob("*.eml"))
